"""Real households: their files are read whole or not at all, and ties count as the mean over all orders."""

import numpy as np
import pytest

from trainer.data import DataError
from trainer.evaluate.household_choices import choice_metrics, judge_choices
from trainer.evaluate.household_settings import combine, pad_members
from trainer.evaluate.households import load_households

OTHERS = range(10, 110)
FILES = {
    "groupMember.txt": "7 21,20\n9 22\n",
    "userRatingTrain.txt": "20 1 100\n21 1 0\n22 2 50\n20 5 75\n",
    "groupRatingTrain.txt": "7 1 50\n9 2 50\n",
    "groupRatingTest.txt": "9 5 60\n7 3 80\n",
    "groupRatingNegative.txt": "".join(f"({line}) {' '.join(map(str, OTHERS))}\n" for line in ("9,5", "7,3")),
}


@pytest.fixture
def folder(tmp_path):
    for name, text in FILES.items():
        (tmp_path / name).write_text(text)
    return tmp_path


def test_everything_is_read(folder):
    households = load_households(folder)
    assert households.people.user_ids.tolist() == ["20", "21", "22"]
    assert [members.tolist() for members in households.members] == [[1, 0], [2]]
    assert households.people.rating.tolist() == [5, 0, 2.5, 3.75]
    assert (households.household.tolist(), households.row.tolist()) == ([0, 1], [1, 2])
    assert households.test.household.tolist() == [1, 0]
    assert households.test.rows.tolist() == [[5, *OTHERS], [3, *OTHERS]]
    assert len(households.people.movies) == 110


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("groupMember.txt", "7 21,20\n7 22\n", "line 2: household is '7'"),
        ("groupMember.txt", "7 21,23\n9 22\n", "line 1: members is '21,23'"),
        ("userRatingTrain.txt", "20 1 101\n", "rating is '101', allowed is a whole number from 0 to 100"),
        ("groupRatingTest.txt", "8 5 60\n", "id is '8', allowed is a household"),
        ("groupRatingNegative.txt", FILES["groupRatingNegative.txt"].replace("(7,3)", "(7,4)"), "line 2"),
        ("groupRatingNegative.txt", FILES["groupRatingNegative.txt"].split("\n")[0], "the number of lines is '1'"),
        ("groupRatingNegative.txt", FILES["groupRatingNegative.txt"].replace(" 109", ""), "allowed is 101 fields"),
    ],
)
def test_a_malformed_line_is_named(folder, name, text, said):
    (folder / name).write_text(text)
    with pytest.raises(DataError) as error:
        load_households(folder)
    assert name in str(error.value)
    assert said in str(error.value)


def test_a_choice_above_all_others_is_a_hit_and_one_among_equals_as_likely_as_they():
    """101 equal scores: 5 of 101 orders put the choice among the first five."""
    best, equal = np.zeros(101), np.zeros(101)
    best[0] = 1
    metrics = choice_metrics(np.stack((best, equal)))
    assert metrics["hit_rate_at_5"] == pytest.approx([1, 5 / 101])
    assert metrics["hit_rate_at_10"] == pytest.approx([1, 10 / 101])
    assert metrics["ndcg_at_5"] == pytest.approx([1, sum(1 / np.log2(2 + place) for place in range(5)) / 101])


def test_movies_nobody_rated_come_last(folder):
    """Household 9 chose movie 5, which someone rated; household 7 movie 3, which nobody did."""
    households = load_households(folder)
    judged = judge_choices(households, np.where(np.arange(101) == 0, -5.0, 5.0) * np.ones((2, 1)))
    assert judged["hit_rate_at_5"].total == pytest.approx([5 / 101, 1])


def test_members_count_alike_however_many_they_are():
    members, is_member = pad_members((np.array([4, 2]), np.array([3])), np.array([1, 0]))
    assert (members.tolist(), is_member.tolist()) == ([[3, 3], [4, 2]], [[True, False], [True, True]])
    scores, ranks = np.array([[[1.0], [9.0]], [[1.0], [9.0]]]), np.array([[[10], [40]], [[10], [40]]])
    ways = combine(scores, ranks, is_member)
    assert {name: values.ravel().tolist() for name, values in ways.items()} == {
        "average": [1, 5],
        "rank_fusion": [1 / 20, pytest.approx(1 / 20 + 1 / 50)],
        "least_misery": [1, 1],
        "most_pleasure": [1, 9],
    }
