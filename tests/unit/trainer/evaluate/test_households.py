"""Real households: their files are read whole or not at all, and ties count as the mean over all orders."""

from dataclasses import replace

import numpy as np
import pytest

from tests.unit.trainer.people import dataset_of
from trainer.data import DataError
from trainer.evaluate.household_lists import judge_choices, measure_households
from trainer.evaluate.households import Households, load_households
from trainer.evaluate.served import ServedRelease
from trainer.evaluate.tuning import Tuning
from trainer.metrics import means
from trainer.progress import Steps
from trainer.retrieval.item_to_item import Ease

OTHERS = range(10, 110)
FILES = {
    "groupMember.txt": "7 21,20\n9 22\n",
    "userRatingTrain.txt": "20 1 100\n21 1 0\n22 2 50\n20 5 75\n",
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
    assert households.household.tolist() == [1, 0]
    assert households.rows.tolist() == [[5, *OTHERS], [3, *OTHERS]]
    assert len(households.people.movies) == 110


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("groupMember.txt", "7 21,20\n7 22\n", "line 2: household is '7'"),
        ("groupMember.txt", "7 21,23\n9 22\n", "line 1: members is '21,23'"),
        ("userRatingTrain.txt", "20 1 101\n", "rating is '101', allowed is a whole number from 0 to 100"),
        ("groupMember.txt", "7 21,20\n9 21\n", "line 1: members is '21,20', allowed is people listed once"),
        (
            "groupRatingNegative.txt",
            FILES["groupRatingNegative.txt"].replace("(7,3)", "(8,3)"),
            "line 2: household",
        ),
        ("groupRatingNegative.txt", FILES["groupRatingNegative.txt"].replace("(7,3)", "(7)"), "line 2: household"),
        ("groupRatingNegative.txt", FILES["groupRatingNegative.txt"].replace("(7,3)", "(7,x)"), "line 2: movie is 'x'"),
        ("groupRatingNegative.txt", FILES["groupRatingNegative.txt"].replace(" 109", ""), "allowed is 101 fields"),
    ],
)
def test_a_malformed_line_is_named(folder, name, text, said):
    (folder / name).write_text(text)
    with pytest.raises(DataError) as error:
        load_households(folder)
    assert name in str(error.value)
    assert said in str(error.value)


def judged(folder, scores):
    """The mean of both households' metrics, each with one choice in test."""
    return means(judge_choices(load_households(folder), np.array(scores, float)))


def test_a_choice_above_all_others_is_a_hit_and_one_among_equals_as_likely_as_they(folder):
    """All movies are rated. 101 equal scores: 5 of 101 orders put the choice among the first five."""
    rated = "".join(f"20 {row} 50\n" for row in (3, 5, *OTHERS))
    (folder / "userRatingTrain.txt").write_text(FILES["userRatingTrain.txt"] + rated)
    best, equal = [1, *[0] * 100], [0] * 101
    metrics = judged(folder, [best, equal])
    by_place = np.cumsum(1 / np.log2(2 + np.arange(10)))
    expected = {"hit_rate_at_5": 5, "hit_rate_at_10": 10, "ndcg_at_5": by_place[4], "ndcg_at_10": by_place[9]}
    assert metrics == pytest.approx({name: (1 + gain / 101) / 2 for name, gain in expected.items()}, rel=1e-5)


def test_movies_nobody_rated_come_last(folder):
    """Household 9 chose movie 5, which someone rated; household 7 movie 3, which nobody did: it is one of 101."""
    scores = np.where(np.arange(101) == 0, -5.0, 5.0) * np.ones((2, 1))
    assert judged(folder, scores)["hit_rate_at_5"] == pytest.approx((1 + 5 / 101) / 2)


class Bench:
    """Trains nothing: answers with a release for everyone who is there."""

    seeds, steps = (1,), Steps()

    def __init__(self, release):
        self._release, self.trained_on = release, []

    def train(self, dataset, settings):
        self.trained_on.append(dataset)
        return self._release


@pytest.fixture
def home_of_two(small_release):
    """The first two people of a release, who chose the last movie."""
    rows = np.array([[39, *([0] * 100)]])
    return Households(small_release.dataset, (np.array([0, 1]),), np.array([0]), rows)


@pytest.fixture
def bench(small_release):
    return Bench(ServedRelease(small_release.root, 1, small_release.dataset.user_ids.tolist()))


def test_a_household_is_scored_by_the_mean_of_its_members(home_of_two, bench, small_release):
    both = small_release.scores(small_release.embed(small_release.dataset.user_ids[:2])).mean(axis=0)
    hit = measure_households(bench, home_of_two).parts["choices"]["served"]["hit_rate_at_5"]
    assert hit.total[0] == (both[39] > both[0])


def test_ease_is_measured_by_the_mean_of_its_members_scores_too(home_of_two, bench, small_release):
    """One movie against one other, a hundred times over: it is a hit where both together score it higher."""
    histories = small_release.histories
    both = Ease(histories, 40, Tuning(small_release.dataset, 1).ease_penalty).scores(np.array([0, 1])).mean(axis=0)
    hit = measure_households(bench, home_of_two).parts["choices"]["ease"]["hit_rate_at_5"]
    assert hit.total[0] == (both[39] > both[0])


def test_what_two_people_gave_the_same_movies_is_held_back_for_both(home_of_two, bench, small_release):
    """All of 30 movies that both have rated: six are held back for each."""
    people = dataset_of(*([(row, 1.0 + row % 5) for row in range(30)] for _ in range(30)), num_movies=40)
    people = replace(people, user_ids=small_release.dataset.user_ids)
    parts = measure_households(bench, replace(home_of_two, people=people)).parts
    _, rest = bench.trained_on
    assert [sum(rest.user == person) for person in (0, 1, 2)] == [24, 24, 30]
    assert rest.row[rest.user == 0].tolist() == rest.row[rest.user == 1].tolist()
    smaller, mean = (parts[f"homes_of_two_{name}"]["bias"]["rmse_points"] for name in ("smaller", "mean"))
    assert smaller.weight.tolist() == mean.weight.tolist() == [6]
    assert smaller.total == pytest.approx(mean.total)


def test_without_a_home_of_two_its_part_is_left_out_and_said(home_of_two, bench, capfd):
    three = replace(home_of_two, members=(np.array([0, 1, 2]),))
    measured = measure_households(bench, three)
    assert list(measured.parts) == ["choices"]
    assert measured.details["note"].startswith("no home of two has 10 movies")
    assert len(bench.trained_on) == 1
