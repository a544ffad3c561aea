"""How much stars count in LIKE is what helped people find what they liked."""

from functools import partial

import numpy as np
import pytest

from tests.unit.trainer.people import dataset_of, histories_of
from trainer.evaluate.like import choose_like_star_share, like_metrics
from trainer.fit import FittedModels
from trainer.release.query_tower import HistoryEncoder
from trainer.release.ranking_head import DotStars
from trainer.retrieval.encoder import RetrievalEncoder
from trainer.retrieval.item_to_item import ItemPart
from trainer.retrieval.ridge import RatingScale, Ridge, RidgeSettings
from trainer.towers.served import DeviationEncoder

NUM_MOVIES, NUM_PEOPLE = 20, 3
SCALE = RatingScale(1.0, 5.0)
held_back = partial(dataset_of, num_movies=NUM_MOVIES)


def fitted(quality):
    """Everyone will watch the lowest row first; a movie's stars are 3 and its `quality`, the same for everyone."""
    candidates = -np.arange(NUM_MOVIES, dtype=np.float32)[:, None]
    people = histories_of(*([(NUM_MOVIES - 1, 3.0)] for _ in range(NUM_PEOPLE)))
    stars = DotStars(3 + quality, np.zeros((NUM_MOVIES, 1)))
    retrieval = RetrievalEncoder(candidates, Ridge(RidgeSettings(dim=1), SCALE), ItemPart.none(NUM_MOVIES))
    encoder = HistoryEncoder(retrieval, DeviationEncoder(3 + quality), candidates)
    embeddings = np.tile(np.float32([1, 0, 0]), (NUM_PEOPLE, 1))
    return FittedModels(held_back([(0, 3.0)]), people, candidates, stars, encoder, embeddings, SCALE)


def test_stars_count_where_they_tell_what_is_liked():
    quality = np.zeros(NUM_MOVIES)
    quality[8] = 2
    liked = held_back(*([(8, 5.0)] for _ in range(NUM_PEOPLE)))
    assert choose_like_star_share(fitted(quality), liked, num_candidates=15) >= 0.3


@pytest.mark.parametrize(
    "quality", [np.zeros(NUM_MOVIES), np.linspace(-1, 1, NUM_MOVIES)], ids=["silent", "misleading"]
)
def test_stars_do_not_count_where_they_tell_nothing_or_wrong(quality):
    liked = held_back(*([(0, 5.0)] for _ in range(NUM_PEOPLE)))
    assert choose_like_star_share(fitted(quality), liked, num_candidates=15) == 0


@pytest.mark.parametrize("lists", [[[(4, 3.0)], [], []], [[], [], []]], ids=["nothing liked", "nothing held back"])
def test_stars_do_not_count_where_nothing_says_so(lists):
    assert choose_like_star_share(fitted(np.ones(NUM_MOVIES)), held_back(*lists), num_candidates=15) == 0


def test_more_candidates_than_movies_left_are_no_hindrance():
    liked = held_back([(8, 5.0)], [], [])
    assert choose_like_star_share(fitted(np.zeros(NUM_MOVIES)), liked, num_candidates=200) == 0


@pytest.mark.parametrize(
    ("share", "seen", "place"),
    [(0.0, [(19, 3.0)], 9), (1.0, [(19, 3.0)], 1), (0.0, [(row, 3.0) for row in range(5)], 4)],
    ids=["by score alone", "by stars alone", "without what was seen"],
)
def test_like_lists_are_judged_by_what_was_liked(share, seen, place):
    quality = np.zeros(NUM_MOVIES)
    quality[8] = 2
    liked = histories_of(*([(8, 5.0)] for _ in range(NUM_PEOPLE)))
    seen = histories_of(*(seen for _ in range(NUM_PEOPLE)))
    (metrics,) = like_metrics(fitted(quality), seen, liked, 15, [share])
    assert metrics["ndcg_at_10"] == pytest.approx(1 / np.log2(1 + place))
