"""Pairs are drawn by what people have in common, and one list is judged by what it holds for each of two."""

import numpy as np
import pytest

from server.recommender.queries import Strategy
from tests.unit.trainer.people import dataset_of, random_lists
from trainer.evaluate import pairs
from trainer.evaluate.served import Objective, ServedRelease
from trainer.metrics import means

UP, DOWN = ([1.0, 2, 3, 4, 5] * 2), ([5.0, 4, 3, 2, 1] * 2)
KINDS = ("random", "similar_taste", "divergent_taste", "divergent_history")


def rated(first_row, stars):
    return list(enumerate(stars, start=first_row))


def drawn(train, test, num_movies=100):
    of_kinds = pairs.draw_pairs(dataset_of(*train, num_movies=num_movies), dataset_of(*test, num_movies=num_movies))
    assert tuple(of_kinds) == KINDS
    return {kind: sorted(map(tuple, some.tolist())) for kind, some in of_kinds.items()}


def test_pairs_are_sorted_by_what_they_have_in_common():
    """Two of one mind, one of the opposite about the same movies, and one who has seen only others."""
    train = [rated(0, UP), rated(0, UP), rated(0, DOWN), rated(50, UP)]
    of_kinds = drawn(train, [[(90, 5.0)]] * 4)
    assert of_kinds["random"] == [(0, 1), (0, 2), (0, 3), (1, 2), (1, 3), (2, 3)]
    assert of_kinds["similar_taste"] == [(0, 1)]
    assert of_kinds["divergent_taste"] == [(0, 2), (1, 2)]
    assert of_kinds["divergent_history"] == [(0, 3), (1, 3), (2, 3)]


def test_taste_needs_ten_movies_and_stars_that_differ():
    train = [rated(0, UP[:9]), rated(0, UP[:9]), rated(0, [3.0] * 10), rated(0, UP)]
    of_kinds = drawn(train, [[(90, 5.0)]] * 4)
    assert (of_kinds["similar_taste"], of_kinds["divergent_taste"]) == ([], [])


def test_who_rated_little_or_liked_nothing_is_not_drawn():
    train = [rated(0, UP), rated(0, UP[:4]), rated(0, UP), rated(0, UP[:5])]
    assert drawn(train, [[(90, 4.0)], [(90, 5.0)], [(90, 3.0)], [(91, 5.0)]])["random"] == [(0, 3)]
    assert drawn(train, [[], [], [], []]) == {kind: [] for kind in KINDS}


def test_what_the_other_has_in_train_is_not_relevant():
    """The first liked movie 50, which the second has seen: nothing is left to look for; the third leaves it."""
    train = [rated(0, UP), rated(50, UP), rated(20, UP)]
    test = [[(50, 5.0)], [(90, 5.0), (0, 4.0), (91, 3.0)], [(90, 5.0)]]
    assert drawn(train, test)["random"] == [(0, 2), (1, 2)]
    both = (dataset_of(*people, num_movies=100) for people in (train, test))
    assert pairs.truth_of(*both, np.array([[0, 1], [1, 2]])).counts.tolist() == [[0, 1], [2, 1]]


def test_the_same_seed_draws_the_same_pairs():
    lists = random_lists(num_people=60, num_movies=30, length=12)
    train = dataset_of(*lists, num_movies=30)
    first, again, other = (pairs.draw_pairs(train, train, seed)["divergent_history"] for seed in (5, 5, 6))
    assert first.tolist() == again.tolist() != other.tolist()


def test_correlations_are_those_of_the_common_stars_and_of_whole_rows():
    lists = random_lists(num_people=8, num_movies=16, length=13)
    dataset = dataset_of(*lists, num_movies=16)
    some = np.array([[0, 1], [2, 5], [6, 7]])
    taste, history = pairs._correlations(pairs.Histories.of_people(dataset), 16, some)
    stars = np.zeros((8, 16))
    stars[dataset.user, dataset.row] = dataset.rating
    for place, (x, y) in enumerate(stars[some]):
        common = (x > 0) & (y > 0)
        assert common.sum() >= 10
        assert taste[place] == pytest.approx(np.corrcoef(x[common], y[common])[0, 1])
        assert history[place] == pytest.approx(np.corrcoef(x, y)[0, 1])


def test_a_list_is_judged_for_each_member():
    """The first's movies come first and second, the second's third; then a list that has nothing for the second."""
    test = dataset_of([(7, 5.0), (8, 4.0)], [(9, 5.0)], num_movies=100)
    truth = pairs.truth_of(dataset_of([], [], num_movies=100), test, np.array([[0, 1], [0, 1], [1, 0]]))
    lists = np.full((3, 20), -1)
    lists[0, :3] = [7, 8, 9]
    lists[1:, 0] = 7
    judged = {name: metric.total for name, metric in pairs.judge(lists, truth).items()}
    one_of_two = 1 / (1 + 1 / np.log2(3))
    assert judged["ndcg_at_20_first"] == pytest.approx([1, one_of_two, 0])
    assert judged["ndcg_at_20_second"] == pytest.approx([0.5, 0, one_of_two])
    assert judged["ndcg_at_20_mean"] == pytest.approx([0.75, one_of_two / 2, one_of_two / 2])
    assert judged["ndcg_at_20_min"] == pytest.approx([0.5, 0, 0])
    assert judged["min_to_max"] == pytest.approx([0.5, 0, 0])
    assert judged["zero_recall_at_20"].tolist() == [0, 0.5, 0.5]


def test_a_list_with_nothing_for_anyone_is_no_ratio():
    test = dataset_of([(7, 5.0)], [(9, 5.0)], num_movies=10)
    truth = pairs.truth_of(dataset_of([], [], num_movies=10), test, np.array([[0, 1]]))
    judged = means(pairs.judge(np.full((1, 20), -1), truth))
    assert (judged["min_to_max"], judged["zero_recall_at_20"]) == (0, 1)


@pytest.fixture(scope="module")
def served(release):
    return ServedRelease(release.root, 1, release.dataset.user_ids.tolist())


SOME = np.array([[0, 1], [7, 3], [299, 12]])


@pytest.mark.parametrize("strategy", Strategy)
def test_weight_one_is_the_firsts_list_less_what_the_second_has_seen(served, release, strategy):
    own = served.lists(SOME[:, 0], Objective.WATCH)
    shared = pairs.pair_lists(served, SOME, Objective.WATCH, strategy, 1_000_000)
    for line, mine, second in zip(shared, own, SOME[:, 1], strict=True):
        seen_rows, _ = release.histories.padded(np.array([second]))
        assert line.tolist() == mine[~np.isin(mine, seen_rows)][:20].tolist()


def test_the_raw_average_is_the_order_of_summed_scores(served, release):
    scores = release.scores(release.embed(release.dataset.user_ids[SOME].ravel())).reshape(3, 2, -1).sum(axis=1)
    for people, summed, line in zip(SOME, scores, pairs.raw_average_lists(served, SOME, Objective.WATCH), strict=True):
        seen_rows, _ = release.histories.padded(people)
        summed[seen_rows[seen_rows >= 0]] = -np.inf
        assert summed[line] == pytest.approx(np.sort(summed)[::-1][:20], abs=1e-4)


def test_every_strategy_and_the_raw_average_are_measured(served, release):
    truth = pairs.truth_of(release.dataset, release.dataset, SOME)
    measured = pairs.measure(served, truth, Objective.LIKE)
    assert set(measured) == {"raw_average", *(strategy.value for strategy in Strategy)}
    assert all(metric.weight.tolist() == [1, 1, 1] for metrics in measured.values() for metric in metrics.values())


def test_every_strategy_is_measured_from_one_end_of_the_weight_to_the_other(served, release):
    truth = pairs.truth_of(release.dataset, release.dataset, SOME)
    for points in pairs.by_weight(served, truth).values():
        assert [point["first_weight"] for point in points] == pytest.approx(np.linspace(0, 1, 11))
        assert set(points[0]) == {"first_weight", *pairs.judge(np.full((3, 20), -1), truth)}
