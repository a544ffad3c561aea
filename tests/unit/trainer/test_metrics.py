"""Metrics whose value can be worked out by hand; ties count as the mean over all orders."""

from itertools import permutations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.trainer.people import dataset_of, histories_of, lists_of_entries
from trainer import metrics
from trainer.metrics import (
    LIST_LENGTH,
    PersonWise,
    best_rows,
    judge_lists,
    judge_scores,
    liked,
    list_metrics,
    list_quality,
    means,
    measure_scores,
    ndcg,
    star_metrics,
)

NUM_MOVIES = 8
# Few enough to go through all orders.
NUM_TIED = 6


def lists_of(*rows):
    """Lists padded to the length that metrics look at."""
    return np.array([[*line, *[-1] * (LIST_LENGTH - len(line))] for line in rows])


def relevant_to(*rows):
    return histories_of(*([(row, 5.0) for row in line] for line in rows))


def judged(lists, relevant):
    return judge_lists(lists, relevant, np.arange(len(lists)))


@given(lists_of_entries(NUM_MOVIES), st.integers(0, 2**32 - 1))
def test_nothing_seen_is_listed_and_everything_else_is_best_first(lists, seed):
    scores = np.random.default_rng(seed).integers(0, 4, (len(lists), NUM_MOVIES)).astype(np.float32)
    listed = best_rows(scores, histories_of(*lists), np.arange(len(lists)))
    assert listed.shape == (len(lists), LIST_LENGTH)
    for owned, line, of_movie in zip(lists, listed, scores, strict=True):
        unseen = set(range(NUM_MOVIES)) - {row for row, _ in owned}
        best_first = sorted(unseen, key=lambda row, of_movie=of_movie: (-of_movie[row], row))
        assert line[: len(unseen)].tolist() == best_first
        assert (line[len(unseen) :] == -1).all()


def test_a_short_list_holds_only_the_best():
    scores = np.array([[1.0, 3.0, 2.0]])
    assert best_rows(scores, histories_of([]), np.array([0]), length=2).tolist() == [[1, 2]]


def test_ndcg_of_the_ideal_list_is_one_and_of_a_list_without_hits_zero():
    hits = np.zeros((2, 10), bool)
    hits[0, :3] = True
    assert ndcg(hits, np.array([3, 3]), 10) == pytest.approx([1.0, 0.0])


def test_ndcg_of_one_hit_in_third_place_is_one_half():
    hits = np.arange(10)[None] == 2
    assert ndcg(hits, np.array([1]), 10) == pytest.approx([0.5])  # 1 / log2(3 + 1)


def test_ndcg_expects_no_more_hits_than_the_list_is_long():
    assert ndcg(np.ones((1, 2), bool), np.array([50]), 2) == pytest.approx([1.0])


def test_more_people_than_a_batch_are_each_judged_by_their_own(monkeypatch):
    """The relevant movie of person i is i; everyone's scores put their own movie first."""
    monkeypatch.setattr(metrics, "PEOPLE_A_BATCH", 3)
    everyone = relevant_to(*([row] for row in range(NUM_MOVIES)))
    seen = histories_of(*([] for _ in range(NUM_MOVIES)))
    values = measure_scores(lambda people: np.eye(NUM_MOVIES)[people], seen, everyone)
    assert {values[name] for name in ("ndcg_at_10", "recall_at_20", "top_100")} == {1.0}


def test_nobody_to_judge_by_has_no_values_and_the_least_quality():
    values = measure_scores(lambda people: np.eye(NUM_MOVIES)[people], histories_of([]), histories_of([]))
    assert values == {}
    assert list_quality(values, 10) < list_quality({"ndcg_at_10": 0.2, "recall_at_20": 0.2, "top_100": 0.2}, 10)


def test_a_first_hit_of_ten_is_not_worth_more_than_one_hit():
    """Nothing counts as one hit of ten."""
    one_hit = {"ndcg_at_10": 0.1, "recall_at_20": 0.1, "top_100": 0.1}
    assert list_quality(dict.fromkeys(one_hit, 0.0), 10) == list_quality(one_hit, 10)
    assert list_quality({}, 0) == 0


def test_four_stars_of_five_say_liked():
    dataset = dataset_of([(0, 3.0), (1, 4.0), (2, 5.0)], num_movies=3)
    assert liked(dataset).row.tolist() == [1, 2]


def test_list_quality_gains_a_hundredth_when_every_metric_gains_a_percent():
    values = {"ndcg_at_10": 0.4, "recall_at_20": 0.3, "top_100": 0.6}
    better = {name: 1.01 * value for name, value in values.items()}
    assert list_quality(better, 100) - list_quality(values, 100) == pytest.approx(np.log(1.01))


def test_every_list_metric_by_hand():
    """Person 0 has hits in first and third place of two relevant; person 1 misses; person 2 is not judged."""
    lists, relevant = lists_of([4, 1, 2], [0], [0]), relevant_to([4, 2], [3], [])
    values = means(list_metrics(judged(lists, relevant)))
    ndcg = (1 + 1 / 2) / (1 + 1 / np.log2(3)) / 2
    assert values == pytest.approx(
        {
            "ndcg_at_10": ndcg,
            "ndcg_at_20": ndcg,
            "recall_at_10": 1 / 2,
            "recall_at_20": 1 / 2,
            "precision_at_10": 2 / 10 / 2,
            "hit_rate_at_10": 1 / 2,
            "zero_recall_at_20": 1 / 2,
            "top_100": 2 / 3,
        }
    )


@given(
    st.lists(st.integers(0, 2), min_size=NUM_TIED, max_size=NUM_TIED),
    st.sets(st.integers(0, NUM_TIED - 2), min_size=1),
)
def test_ties_count_as_the_mean_over_all_orders(scores, relevant):
    """The last movie is seen; lists of 2 and 3 are short enough to cut through ties."""
    scores = np.array([scores], float)
    orders = [order for order in permutations(range(NUM_TIED - 1)) if (np.diff(scores[0, list(order)]) <= 0).all()]
    depths, metrics.MISS_DEPTHS = metrics.MISS_DEPTHS, (2, 3)
    try:
        seen = relevant_to([NUM_TIED - 1])
        expected = judge_scores(lambda people: scores[people], seen, relevant_to(relevant))
        each = judged(lists_of(*orders), relevant_to(*[relevant] * len(orders)))
    finally:
        metrics.MISS_DEPTHS = depths
    assert expected.hits[0] == pytest.approx(each.hits.mean(axis=0))
    assert expected.misses[0] == pytest.approx(each.misses.mean(axis=0))


def test_scores_without_ties_are_judged_as_their_list():
    scores = np.random.default_rng(0).permutation(4 * NUM_TIED).reshape(4, NUM_TIED).astype(float)
    relevant, seen = relevant_to([0, 3], [5], [], [1, 2]), relevant_to([1], [], [2, 3], [0])
    found = judge_scores(lambda people: scores[people], seen, relevant)
    masked = np.where([[row in own for row in range(NUM_TIED)] for own in ([1], [], [2, 3], [0])], -1, scores)
    lists = [[row for row in np.argsort(-line) if line[row] >= 0] for line in masked]
    assert found.hits.tolist() == judged(lists_of(*lists), relevant).hits.tolist()


def test_only_the_best_hundred_of_a_longer_list_count():
    """The only relevant movie is in place 101."""
    lists = np.arange(150)[None]
    assert means(list_metrics(judged(lists, relevant_to([100]))))["top_100"] == 0


def test_star_errors_by_hand():
    """Errors of 1 and 3 for the first person, none for the second."""
    errors = star_metrics(np.array([2.0, 5.0, 3.0]), histories_of([(0, 1.0), (1, 2.0)], [(0, 3.0)], []))
    assert means(errors) == pytest.approx({"rmse": np.sqrt(10 / 3), "mae": 4 / 3})
    assert errors["mae"].weight.tolist() == [2, 1, 0]


def test_runs_over_the_same_people_join_and_groups_are_cut_out():
    metric = PersonWise(np.array([1.0, 4.0]), np.array([1.0, 1.0]), root=True)
    assert means({"m": metric + metric}) == means({"m": metric})
    assert means({"m": metric.of(np.array([False, True]))}) == {"m": 2.0}
