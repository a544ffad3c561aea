import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from server.recommender.row_sets import join_rows, pad_rows

SETS = st.lists(st.lists(st.integers(-1, 200), max_size=150), min_size=1, max_size=4)


def is_common_width(width: int) -> bool:
    return width >= 64 and width.bit_count() == 1


@given(sets=SETS)
def test_padding_keeps_every_set(sets: list[list[int]]) -> None:
    padded = pad_rows([np.array(rows, np.int32) for rows in sets])
    assert padded.dtype == np.int32
    assert is_common_width(padded.shape[1])
    for line, rows in zip(padded.tolist(), sets, strict=True):
        assert line == rows + [-1] * (len(line) - len(rows))


@given(sets=SETS)
def test_joining_sorts_and_drops_repeats(sets: list[list[int]]) -> None:
    joined = join_rows(pad_rows([np.array(rows, np.int32) for rows in sets]))
    assert joined.dtype == np.int32
    assert is_common_width(joined.shape[1])
    for line, rows in zip(joined.tolist(), sets, strict=True):
        expected = sorted(set(rows) - {-1})
        assert line == expected + [-1] * (len(line) - len(expected))
