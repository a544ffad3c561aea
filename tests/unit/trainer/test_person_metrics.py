"""Metrics person by person; ties count as the mean over all orders."""

from itertools import permutations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.trainer.people import histories_of
from trainer import person_metrics
from trainer.metrics import LIST_LENGTH
from trainer.person_metrics import PersonWise, judge_lists, judge_scores, list_metrics, star_metrics

NUM_MOVIES = 6


def relevant_to(*rows):
    return histories_of(*([(row, 5.0) for row in line] for line in rows))


def lists_of(*rows):
    return np.array([[*line, *[-1] * (LIST_LENGTH - len(line))] for line in rows])


def value(metric):
    ratio = metric.total.sum() / metric.weight.sum()
    return np.sqrt(ratio) if metric.root else ratio


def test_every_list_metric_by_hand():
    """Person 0 has hits in first and third place of two relevant; person 1 misses; person 2 is not judged."""
    lists, relevant = lists_of([4, 1, 2], [0], [0]), relevant_to([4, 2], [3], [])
    metrics = {name: value(metric) for name, metric in list_metrics(judge_lists(lists, relevant)).items()}
    ndcg = (1 + 1 / 2) / (1 + 1 / np.log2(3)) / 2
    assert metrics == pytest.approx(
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
    st.lists(st.integers(0, 2), min_size=NUM_MOVIES, max_size=NUM_MOVIES),
    st.sets(st.integers(0, NUM_MOVIES - 2), min_size=1),
)
def test_ties_count_as_the_mean_over_all_orders(scores, relevant):
    """The last movie is seen; lists of 2 and 3 are short enough to cut through ties."""
    scores = np.array([scores], float)
    orders = [order for order in permutations(range(NUM_MOVIES - 1)) if (np.diff(scores[0, list(order)]) <= 0).all()]
    depths, person_metrics.MISS_DEPTHS = person_metrics.MISS_DEPTHS, (2, 3)
    try:
        seen = relevant_to([NUM_MOVIES - 1])
        judged = judge_scores(lambda people: scores[people], seen, relevant_to(relevant))
        each = judge_lists(lists_of(*orders), relevant_to(*[relevant] * len(orders)))
    finally:
        person_metrics.MISS_DEPTHS = depths
    assert judged.hits[0] == pytest.approx(each.hits.mean(axis=0))
    assert judged.misses[0] == pytest.approx(each.misses.mean(axis=0))


def test_scores_without_ties_are_judged_as_their_list():
    scores = np.random.default_rng(0).permutation(4 * NUM_MOVIES).reshape(4, NUM_MOVIES).astype(float)
    relevant, seen = relevant_to([0, 3], [5], [], [1, 2]), relevant_to([1], [], [2, 3], [0])
    judged = judge_scores(lambda people: scores[people], seen, relevant)
    masked = np.where([[row in own for row in range(NUM_MOVIES)] for own in ([1], [], [2, 3], [0])], -1, scores)
    lists = [[row for row in np.argsort(-line) if line[row] >= 0] for line in masked]
    assert judged.hits.tolist() == judge_lists(lists_of(*lists), relevant).hits.tolist()


def test_star_errors_by_hand():
    """Errors of 1 and 3 for the first person, none for the second."""
    metrics = star_metrics(np.array([2.0, 5.0, 3.0]), histories_of([(0, 1.0), (1, 2.0)], [(0, 3.0)], []))
    assert value(metrics["rmse"]) == pytest.approx(np.sqrt(10 / 3))
    assert value(metrics["mae"]) == pytest.approx(4 / 3)
    assert metrics["mae"].weight.tolist() == [2, 1, 0]


def test_runs_over_the_same_people_join_and_groups_are_cut_out():
    metric = PersonWise(np.array([1.0, 4.0]), np.array([1.0, 1.0]), root=True)
    assert value(metric + metric) == value(metric)
    assert value(metric.of(np.array([False, True]))) == 2.0
