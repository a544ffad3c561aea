"""What is measured before the export is what is served after it."""

import numpy as np
import pytest

from tests.unit.trainer.exported import QUICK
from trainer import fit


@pytest.fixture(scope="module")
def fitted(small_release):
    """The models behind the small release, fitted again."""
    dataset, histories, settings = small_release.dataset, small_release.histories, QUICK.fit
    choices = small_release.trained.choices
    factors = fit.factors(histories, dataset, settings, choices.epochs)
    retrieval = fit.with_item_part(fit.encoder(factors, dataset, settings), histories, choices.item)
    rating = fit.fit_rating(histories, dataset, settings, lambda sweep: None)
    return fit.assemble(dataset, histories, retrieval, rating)


@pytest.fixture
def stored(small_release):
    """The embeddings of all people, as served."""
    return small_release.embed(small_release.dataset.user_ids)


def test_the_same_data_and_seed_give_the_same_embeddings(fitted, stored):
    assert fitted.embeddings == pytest.approx(stored, abs=1e-4)


def test_retrieval_scores_are_those_of_the_index(fitted, small_release, stored):
    assert fitted.retrieval_scores(np.arange(30)) == pytest.approx(small_release.scores(stored), abs=1e-4)


def test_stars_are_those_of_the_ranking_head(fitted, small_release, stored):
    people, rows = np.repeat(np.arange(30), 40), np.tile(np.arange(40), 30)
    served = small_release.stars(stored, rows.reshape(30, 40)).ravel()
    assert fitted.predict_stars(people, rows) == pytest.approx(served, abs=1e-4)
