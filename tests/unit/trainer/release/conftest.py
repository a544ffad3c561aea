"""The catalogue's own files."""

import numpy as np
import pyarrow as pa
import pytest


def read(release, name):
    """The one record batch of an Arrow file, mapped as servers map it."""
    reader = pa.ipc.open_file(pa.memory_map(str(release.folder("catalog") / f"{name}.arrow")))
    assert reader.num_record_batches == 1
    return reader.get_batch(0)


@pytest.fixture
def read_arrow():
    return read


@pytest.fixture
def candidates(small_release):
    """[m, d] of the small release."""
    return np.stack(read(small_release, "candidates")["embedding"].to_numpy(zero_copy_only=False))
