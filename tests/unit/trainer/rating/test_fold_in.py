"""A person folded in from a history is the exact conditional mean under each draw."""

from functools import cache

import numpy as np
import pytest
from hypothesis import given

from tests.unit.trainer.people import histories_of, lists_of_entries, random_lists
from trainer.histories import Histories
from trainer.rating import fold_in
from trainer.rating.fold_in import NOISE_ROUNDS, RatingEncoder
from trainer.rating.gibbs import Draw, GibbsSettings

NUM_MOVIES, DIM, MEAN = 8, 3, 3.4
SETTINGS = GibbsSettings(history_damping=4.0, noise_shape=5.0)
ALIKE = GibbsSettings(history_damping=4.0, noise_shape=1e9)  # everyone's noise is the ordinary one
KNOWN = histories_of(*random_lists(20, NUM_MOVIES, length=5))
NOBODY = histories_of([])


def draw(seed):
    random = np.random.default_rng(seed)
    root = random.normal(size=(DIM, DIM))
    return Draw(
        movies=random.normal(0, 0.5, (NUM_MOVIES, DIM)),
        mean=random.normal(0, 0.3, DIM),
        precision=root @ root.T + np.eye(DIM),
        per_watched=random.normal(0, 0.5, (NUM_MOVIES, DIM)),
        noise_precision=1.7,
    )


DRAWS = [draw(0), draw(1)]
FULL_RANK = len(DRAWS) * DIM


@cache
def encoder(settings=SETTINGS, size=FULL_RANK):
    compressed = RatingEncoder(DRAWS, MEAN, settings)
    compressed.compress(KNOWN, size)
    return compressed


def predicted(model: RatingEncoder, rows, ratings):
    """Stars of every movie, [n, m], as the ranking head computes them."""
    return model.movie_offset + model.encode(rows, ratings).numpy() @ model.movie_factors.T


def expected_person(draw, owned, settings):
    watched = [row for row, _ in owned]
    return draw.mean + draw.per_watched[watched].sum(axis=0) / np.sqrt(len(watched) + settings.history_damping)


def person(draw, owned, settings):
    """Mean of a person's bias and factors given rated movies, their noise estimated along with it."""
    design = np.array([[1.0, *draw.movies[row, 1:]] for row, _ in owned]).reshape(-1, DIM)
    residual = np.array([stars - MEAN - draw.movies[row, 0] for row, stars in owned])
    prior = draw.precision @ expected_person(draw, owned, settings)
    noise = 1.0
    for _ in range(NOISE_ROUNDS):
        weight = draw.noise_precision * noise
        mean = np.linalg.solve(weight * design.T @ design + draw.precision, weight * design.T @ residual + prior)
        unexplained = ((residual - design @ mean) ** 2).sum()
        noise = (settings.noise_shape + len(owned)) / (settings.noise_shape + draw.noise_precision * unexplained)
    return mean


def stars_of(draw, person):
    return MEAN + draw.movies[:, 0] + person[0] + draw.movies[:, 1:] @ person[1:]


@pytest.mark.parametrize("settings", [SETTINGS, ALIKE], ids=["noise of one's own", "noise alike"])
@given(lists_of_entries(NUM_MOVIES))
def test_predictions_are_the_mean_over_draws_of_the_conditional_means(settings, lists):
    """At full rank, so compression must change nothing, also for people it has not seen."""
    by_hand = [np.mean([stars_of(draw, person(draw, owned, settings)) for draw in DRAWS], axis=0) for owned in lists]
    rows, ratings = histories_of(*lists).padded(np.arange(len(lists)))
    assert predicted(encoder(settings=settings), rows, ratings) == pytest.approx(np.stack(by_hand), abs=1e-4)


def test_an_empty_history_is_the_prior_mean():
    by_hand = np.mean([stars_of(draw, draw.mean) for draw in DRAWS], axis=0)
    assert predicted(encoder(), *NOBODY.padded(np.array([0])))[0] == pytest.approx(by_hand, abs=1e-5)


def test_watched_without_a_rating_shifts_what_is_expected_and_no_more():
    owned = [(2, np.nan), (5, np.nan)]
    by_hand = np.mean([stars_of(draw, expected_person(draw, owned, SETTINGS)) for draw in DRAWS], axis=0)
    unrated = np.full((1, 2), np.nan, np.float32)
    assert predicted(encoder(), np.array([[2, 5]]), unrated)[0] == pytest.approx(by_hand, abs=1e-5)


@pytest.mark.parametrize("strange", [-1, -9, NUM_MOVIES, 2**31 - 1])
def test_rows_out_of_range_are_padding(strange):
    rows, ratings = np.array([[1, strange, 6]], np.int32), np.array([[5, 2, 1]], np.float32)
    model = encoder()
    assert predicted(model, rows, ratings) == pytest.approx(predicted(model, rows[:, ::2], ratings[:, ::2]), abs=1e-5)


def test_others_in_the_batch_change_nothing():
    model, everyone = encoder(), np.arange(len(KNOWN))
    singles = [predicted(model, *KNOWN.padded(everyone[i : i + 1])) for i in everyone]
    assert predicted(model, *KNOWN.padded(everyone)) == pytest.approx(np.concatenate(singles), abs=1e-5)


def test_fewer_axes_lose_least_for_known_people():
    """The error of rank 2 is what the third and later singular values hold: Eckart and Young."""
    rows, ratings = KNOWN.padded(np.arange(len(KNOWN)))
    full = predicted(encoder(), rows, ratings) - encoder().movie_offset
    lost = predicted(encoder(size=2), rows, ratings) - encoder().movie_offset - full
    singular = np.linalg.svd(full, compute_uv=False)
    assert np.linalg.norm(lost) == pytest.approx(np.linalg.norm(singular[2:]), rel=1e-3)


def test_more_axes_than_there_are_do_no_harm():
    few = Histories(KNOWN.offsets[:3], KNOWN.rows, KNOWN.ratings)
    model = RatingEncoder(DRAWS, MEAN, SETTINGS)
    model.compress(few, size=48)
    assert model.movie_factors.shape == (NUM_MOVIES, 2)


def test_rating_parts_are_of_the_size_of_stars():
    """Else float32 does not hold them to 1e-5: the factors of a movie are of size 1, however many movies there are."""
    assert (encoder().movie_factors ** 2).mean(axis=0) == pytest.approx(1)


def test_axes_are_chosen_by_some_of_very_many_people(monkeypatch):
    monkeypatch.setattr(fold_in, "MAX_PEOPLE", 3)
    assert encoder.__wrapped__().movie_factors.shape == (NUM_MOVIES, 3)
