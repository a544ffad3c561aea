"""The sampler finds structure that is there, and the seed decides its draws."""

from dataclasses import replace

import numpy as np
import pytest

from tests.unit.trainer.people import GENRES, dataset_of, histories_of
from trainer.baselines import BiasModel
from trainer.rating import gibbs
from trainer.rating.fold_in import RatingEncoder
from trainer.rating.gibbs import GibbsSampler, GibbsSettings

NUM_PEOPLE, NUM_MOVIES = 60, 40
SETTINGS = GibbsSettings(dim=3, sweeps=40, burn_in=20, samples=10, history_rank=5)
MOVIES = dataset_of([(0, 3.0)], num_movies=NUM_MOVIES).movies


def planted():
    """Stars of rank 2 with a little noise: [people, movies], and which of them are known."""
    random = np.random.default_rng(0)
    tastes, traits = random.normal(size=(NUM_PEOPLE, 2)), random.normal(size=(NUM_MOVIES, 2))
    stars = 3 + tastes @ traits.T + random.normal(0, 0.1, (NUM_PEOPLE, NUM_MOVIES))
    return stars, random.random(stars.shape) < 0.5


STARS, KNOWN = planted()
HISTORIES = histories_of(
    *([(int(row), stars[row]) for row in np.flatnonzero(known)] for stars, known in zip(STARS, KNOWN, strict=True))
)


def draws(seed=0, histories=HISTORIES, settings=SETTINGS):
    return list(GibbsSampler(histories, MOVIES, GENRES, settings, seed).draws(lambda sweep: None))


def test_a_planted_structure_is_found_that_biases_cannot_hold():
    encoder = RatingEncoder(draws(), float(HISTORIES.ratings.mean()), SETTINGS)
    encoder.compress(HISTORIES, size=48)
    people = encoder.encode(*HISTORIES.padded(np.arange(NUM_PEOPLE))).numpy()
    by_factors = encoder.movie_offset + people @ encoder.movie_factors.T
    by_bias = BiasModel(HISTORIES, NUM_MOVIES).predict(*np.nonzero(~KNOWN))
    of_factors, of_bias = (np.square(by - STARS[~KNOWN]).mean() for by in (by_factors[~KNOWN], by_bias))
    assert of_factors < 0.3**2 * of_bias


def test_the_seed_decides():
    """Also where features are so regular that many of their singular values are equal, as the years are here."""
    first, again, other = draws(1), draws(1), draws(2)
    for field in ("movies", "mean", "precision", "per_watched", "noise_precision"):
        values = [np.array([getattr(draw, field) for draw in some]) for some in (first, again, other)]
        assert np.array_equal(values[0], values[1])
        assert not np.array_equal(values[0], values[2])


def test_as_many_draws_as_set_after_the_burn_in_and_every_sweep_is_reported():
    sweeps = []
    settings = GibbsSettings(dim=2, sweeps=12, burn_in=6, samples=3)
    sampler = GibbsSampler(HISTORIES, MOVIES, GENRES, settings, seed=0)
    kept_after = [sweeps[-1] for _ in sampler.draws(sweeps.append)]
    assert sweeps == list(range(1, 13))
    assert len(kept_after) == 3
    assert min(kept_after) > settings.burn_in


def test_someone_without_ratings_and_a_movie_nobody_rated_are_no_hindrance():
    histories = histories_of([(0, 5.0), (1, 1.0)], [], [(0, 4.0)])
    last = draws(histories=histories)[-1]
    assert np.isfinite(last.movies).all()
    assert last.per_watched[2:] == pytest.approx(0)


def test_the_noise_that_was_planted_is_found():
    """A standard deviation of 0.1."""
    assert np.mean([draw.noise_precision for draw in draws()]) == pytest.approx(100, rel=0.3)


def test_what_erratic_people_say_weighs_less():
    """All movies are alike to all people; half of the people say so, the others say anything."""
    random = np.random.default_rng(0)
    stars = np.where(np.arange(NUM_PEOPLE)[:, None] % 2, random.choice([1.0, 5.0], STARS.shape), 3.0)
    histories = histories_of(*(list(enumerate(line)) for line in stars))
    biases = np.mean([draw.movies[:, 0] for draw in draws(histories=histories)], axis=0)
    assert biases.std() < 0.2 * stars.mean(axis=0).std()


def test_what_someone_watched_tells_what_stars_to_expect():
    """Half of the people watch the first half of the movies and like all, the others the second and like none."""
    half = NUM_MOVIES // 2
    generous = [[(row, 5.0) for row in range(half)]] * 20
    histories = histories_of(*generous, *([(half + row, 1.0) for row in range(half)] for _ in range(20)))
    watched = np.mean([draw.per_watched[:, 0] for draw in draws(histories=histories)], axis=0)
    assert watched[:half].mean() > 0 > watched[half:].mean()


def test_precisions_are_positive_definite():
    for draw in draws():
        assert np.allclose(draw.precision, draw.precision.T)
        assert np.linalg.eigvalsh(draw.precision).min() > 0
        assert draw.noise_precision > 0


@pytest.mark.parametrize(("budget_seconds", "most"), [(1e-9, 2), (1e9, SETTINGS.sweeps)])
def test_a_small_budget_makes_fewer_sweeps_and_still_gives_draws(budget_seconds, most):
    sweeps = []
    settings = replace(SETTINGS, budget_seconds=budget_seconds)
    kept = list(GibbsSampler(HISTORIES, MOVIES, GENRES, settings, seed=0).draws(sweeps.append))
    assert sweeps == list(range(1, most + 1))
    assert 1 <= len(kept) <= settings.samples


def test_a_few_ratings_at_a_time_give_the_same_draws(monkeypatch):
    whole = draws()[-1]
    monkeypatch.setattr(gibbs, "RATINGS_A_BATCH", 7)
    assert draws()[-1].movies.tolist() == whole.movies.tolist()
