"""Metrics whose value can be worked out by hand."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.trainer.people import dataset_of, histories_of, lists_of_entries
from trainer import metrics
from trainer.metrics import (
    LIST_LENGTH,
    best_rows,
    liked,
    list_quality,
    measure_scores,
    ndcg,
    ranking_metrics,
    rmse,
)

NUM_MOVIES = 8


def lists_of(*rows):
    """Lists padded to the length that metrics look at."""
    return np.array([[*line, *[-1] * (LIST_LENGTH - len(line))] for line in rows])


def relevant_to(*rows):
    return histories_of(*([(row, 5.0) for row in line] for line in rows))


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


def test_every_metric_by_hand():
    """Person 0 has a hit in first place, person 1 misses; together 1 of 3 relevant movies is found."""
    values = ranking_metrics(lists_of([4, 1], [0]), relevant_to([4, 2], [3]), np.array([0, 1]))
    ideal = 1 + 1 / np.log2(3)
    assert values == pytest.approx({"ndcg_at_10": 1 / ideal / 2, "recall_at_20": 0.25, "top_100": 1 / 3})


def test_people_without_anything_relevant_do_not_count():
    values = ranking_metrics(lists_of([4], [0]), relevant_to([4], []), np.array([0, 1]))
    assert values == {"ndcg_at_10": 1.0, "recall_at_20": 1.0, "top_100": 1.0}


def test_nobody_to_judge_by_is_zero():
    values = ranking_metrics(lists_of([4]), relevant_to([]), np.array([0]))
    assert values == {"ndcg_at_10": 0.0, "recall_at_20": 0.0, "top_100": 0.0}


def test_more_people_than_a_batch_are_each_judged_by_their_own(monkeypatch):
    """The relevant movie of person i is i; everyone's scores put their own movie first."""
    monkeypatch.setattr(metrics, "PEOPLE_A_BATCH", 3)
    everyone = relevant_to(*([row] for row in range(NUM_MOVIES)))
    seen = histories_of(*([] for _ in range(NUM_MOVIES)))
    values = measure_scores(lambda people: np.eye(NUM_MOVIES)[people], seen, everyone)
    assert values == {"ndcg_at_10": 1.0, "recall_at_20": 1.0, "top_100": 1.0}


def test_four_stars_of_five_say_liked():
    dataset = dataset_of([(0, 3.0), (1, 4.0), (2, 5.0)], num_movies=3)
    assert liked(dataset).row.tolist() == [1, 2]


def test_rmse_by_hand():
    assert rmse(np.array([1.0, 3.0]), np.array([4.0, 3.0])) == pytest.approx(np.sqrt(4.5))


def test_list_quality_gains_a_hundredth_when_every_metric_gains_a_percent():
    metrics = {"ndcg_at_10": 0.4, "recall_at_20": 0.3, "top_100": 0.6}
    better = {name: 1.01 * value for name, value in metrics.items()}
    assert list_quality(better) - list_quality(metrics) == pytest.approx(np.log(1.01))
