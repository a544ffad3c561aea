from pathlib import Path

import pytest

from server.errors import ReleaseError
from server.jobs.job import Job
from server.jobs.maker import PartMaker, Workplace
from tests.tiny_release import random_release, write_catalog


def test_release_of_another_time_under_the_number_is_refused(tmp_path: Path) -> None:
    write_catalog(tmp_path / "catalog" / "1", 1, random_release())
    job = Job("watch", "rank_fusion", 0.5, 20, False, 1, "1999-01-01T00:00:00+00:00", 1000, 300, "ab" * 32)
    with pytest.raises(ReleaseError, match=r"release 1 was created .* here, 1999-01-01.* where the job began"):
        PartMaker(job, Workplace(str(tmp_path), "", str(tmp_path), "localhost:1"))
