"""People and movies nobody knows, on MovieLens-100K's split P1: found by tastes, by genres and by years."""

import numpy as np
import pytest
from scipy.stats import rankdata

from trainer import fit
from trainer.baselines import popularity
from trainer.evaluate.splits import split_p1
from trainer.histories import Histories
from trainer.metrics import best_lists, judge_lists, list_metrics, means
from trainer.rating.features import genre_flags, genres_and_years
from trainer.release.tastes import fit_tastes, mean_genre_ratings
from trainer.retrieval.unrated import embed_unrated

SETTINGS = fit.FitSettings()


@pytest.fixture(scope="module")
def split(movielens_100k):
    return split_p1(movielens_100k)


def fitted(train):
    """Histories, candidates and embeddings of the default model without what is chosen on validation."""
    histories = Histories.of_people(train)
    encoder = fit.encoder(fit.closed_form(histories, train, SETTINGS), train, SETTINGS)
    encoder = encoder.with_unrated(histories.counts(len(train.movies)), genres_and_years(train.movies, train.genres))
    return histories, encoder.candidates, histories.encoded(encoder.encode, 1 << 14)


@pytest.fixture(scope="module")
def tastes(split):
    histories, candidates, people = fitted(split.train)
    flags, scale = genre_flags(split.train), fit.scale_of(split.train)
    return histories, candidates, fit_tastes(histories, people, candidates, flags, scale)


def test_people_reduced_to_their_tastes_get_better_lists_than_popularity_gives(split, tastes):
    """Held-out rows, everyone: a hundred of them alone differ by more than what is to be told apart."""
    histories, candidates, by_taste = tastes
    query = by_taste.encode(mean_genre_ratings(histories, genre_flags(split.train))).numpy()
    relevant, everyone = Histories.of_people(split.test), np.arange(len(histories))
    systems = (lambda people: query[people] @ candidates.T, popularity(histories, len(candidates)))
    lists = [best_lists(score, histories, everyone) for score in systems]
    own, popular = (means(list_metrics(judge_lists(each, relevant, everyone))) for each in lists)
    for metric in ("ndcg_at_10", "recall_at_20", "top_100"):
        assert own[metric] > popular[metric] + 0.005


@pytest.mark.parametrize("liked", [("Adventure", "Fantasy"), ("Western",), ("Musical", "War"), ("Film-Noir",)])
def test_a_guest_by_tastes_alone_gets_the_genres_that_were_named(split, tastes, liked):
    """Rare genres too: half of the first ten, and of each genre something."""
    _, candidates, by_taste = tastes
    genres, flags = split.train.genres, genre_flags(split.train)
    stated = np.float32([[5.0 if genre in liked else np.nan for genre in genres]])
    listed = flags[np.argsort(-(by_taste.encode(stated).numpy() @ candidates.T)[0])[:10]]
    of_liked = listed[:, [genres.index(genre) for genre in liked]]
    assert of_liked.any(axis=1).sum() >= 5
    assert of_liked.any(axis=0).all()


def test_movies_whose_ratings_are_withheld_are_found_for_the_right_people(split):
    """Among a tenth of all movies, more often than by what is popular of their genres and years, or by chance."""
    train, counts = split.train, np.bincount(split.train.row, minlength=len(split.train.movies))
    withheld = np.random.default_rng(100).permutation(np.flatnonzero(counts))[: len(counts) // 10]
    histories, candidates, people = fitted(train.take(~np.isin(train.row, withheld)))
    known = np.where(np.isin(np.arange(len(counts)), withheld), 0, counts)
    features = genres_and_years(train.movies, train.genres)
    popular = embed_unrated(np.log1p(known)[:, None], known, features)[withheld].T
    relevant = np.zeros((len(histories), len(counts)), bool)
    relevant[split.test.user, split.test.row] = True
    own, by_popularity = (
        np.mean([chance_of_right_order(*of) for of in zip(scores, relevant[:, withheld], strict=True) if of[1].any()])
        for scores in (people @ candidates[withheld].T, np.repeat(popular, len(people), axis=0))
    )
    assert own > by_popularity + 0.05
    assert by_popularity > 0.5


def chance_of_right_order(scores, relevant):
    """How often something relevant has a higher score than something that is not; 0.5 by chance."""
    ranks, count = rankdata(scores), relevant.sum()
    return (ranks[relevant].sum() - count * (count + 1) / 2) / (count * (len(scores) - count))
