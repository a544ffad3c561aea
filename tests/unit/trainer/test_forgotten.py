"""The list of those who were forgotten, and data without them."""

import pytest

from tests.unit.trainer.people import dataset_of
from trainer.data import DataError
from trainer.forgotten import FORGOTTEN, Forgotten

DATASET = dataset_of([(0, 1.0), (1, 2.0)], [(1, 3.0)], [(2, 4.0), (0, 5.0)], num_movies=3)


def test_the_data_hold_everyone_else_and_every_movie():
    left = Forgotten().adding("2").leave_out(DATASET)
    assert left.user_ids.tolist() == ["1", "3"]
    assert left.user.tolist() == [0, 0, 1, 1]
    assert left.rating.tolist() == [1, 2, 4, 5]
    assert left.movies == DATASET.movies
    assert left.fingerprint() != DATASET.fingerprint()


def test_data_without_anyone_of_the_list_stay_as_they_are():
    left = Forgotten().adding("4").leave_out(DATASET)
    assert left.fingerprint() == DATASET.fingerprint()


def test_data_of_nobody_else_are_refused():
    with pytest.raises(DataError, match="tiny: everyone in it was forgotten"):
        Forgotten().adding("1").adding("2").adding("3").leave_out(DATASET)


def test_the_list_comes_back_as_it_was_written(tmp_path):
    written = Forgotten.read(tmp_path).adding("2").adding("zoë").adding("2")
    written.write(tmp_path)
    assert Forgotten.read(tmp_path) == written
    assert written.among(["1", "2", "zoë"]).tolist() == [False, True, True]
    assert [path.name for path in tmp_path.iterdir()] == [FORGOTTEN]


def test_the_file_holds_no_id_and_two_lists_have_nothing_in_common(tmp_path):
    one, other = (Forgotten().adding("distinctive") for _ in range(2))
    one.write(tmp_path)
    assert "distinctive" not in (tmp_path / FORGOTTEN).read_text()
    assert not one.people & other.people


@pytest.mark.parametrize(
    "content",
    ["", "[]", '{"people": []}', '{"key": "ab"}', '{"key": "no hex", "people": []}', '{"key": "ab", "people": 1}'],
)
def test_a_list_that_cannot_be_read_stops_everything(tmp_path, content):
    """Going on would bring everyone back."""
    (tmp_path / FORGOTTEN).write_text(content)
    with pytest.raises(DataError, match=f"{FORGOTTEN}: cannot be read .*; restore it from a backup"):
        Forgotten.read(tmp_path)
