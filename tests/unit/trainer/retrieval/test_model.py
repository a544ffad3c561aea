"""Fine-tuning moves the candidates towards what people watched."""

from itertools import islice

import numpy as np
import pytest
import tensorflow_recommenders as tfrs

from tests.unit.trainer.people import histories_of, random_lists
from trainer.retrieval.alternating import fit_candidates
from trainer.retrieval.model import FineTuning, RetrievalModel, fine_tune
from trainer.retrieval.ridge import RatingScale, Ridge, RidgeSettings

NUM_PEOPLE, NUM_MOVIES = 30, 12
LISTS = [owned[: 1 + i % 5] for i, owned in enumerate(random_lists(NUM_PEOPLE, NUM_MOVIES, length=5))]
RIDGE = Ridge(RidgeSettings(dim=4), RatingScale(1.0, 5.0))
HISTORIES = histories_of(*LISTS, [])
START = fit_candidates(HISTORIES, NUM_MOVIES, RIDGE, sweeps=2, seed=0)
TUNING = FineTuning(max_epochs=3, learning_rate=1e-2, batch_size=8)


def everyone():
    rows, ratings = HISTORIES.padded(np.arange(NUM_PEOPLE))
    return {"rows": rows, "ratings": ratings}


def model(tuning=TUNING):
    return RetrievalModel(START, RIDGE, tuning)


def tuned(seed=0):
    return list(fine_tune(model(), HISTORIES, TUNING, seed))


def test_it_is_a_tfrs_model_whose_only_large_weight_is_the_candidates():
    assert isinstance(model(), tfrs.Model)
    assert sorted(weight.shape.as_list() for weight in model().trainable_weights) == [[], [NUM_MOVIES, 4]]


def test_an_epoch_lowers_the_loss():
    """Without dropout, so that the loss measured is the one trained on."""
    trained = model(FineTuning(history_dropout=0.0))
    before = float(trained.compute_loss(everyone()))
    next(fine_tune(trained, HISTORIES, TUNING, seed=0))
    assert float(trained.compute_loss(everyone())) < before


def test_the_loss_is_the_cross_entropy_of_the_catalogue():
    start = model()
    logits = TUNING.temperature * start(everyone()).numpy() @ START.T
    log_shares = logits - np.log(np.exp(logits).sum(axis=1, keepdims=True))
    targets = RIDGE.targets(HISTORIES.ratings).numpy()
    expected = -(targets * log_shares[HISTORIES.owners, HISTORIES.rows]).sum() / NUM_PEOPLE
    assert float(start.compute_loss(everyone())) == pytest.approx(expected, rel=1e-5)


def test_history_dropout_hides_from_the_query_tower_in_training_only():
    blind = model(FineTuning(history_dropout=1.0))
    assert not blind(everyone(), training=True).numpy().any()
    assert blind(everyone()).numpy().any()


def test_every_epoch_gives_other_candidates_and_the_start_stays():
    start = START.copy()
    epochs = tuned()
    assert len(epochs) == TUNING.max_epochs
    assert len({candidates.tobytes() for candidates in [START, *epochs]}) == TUNING.max_epochs + 1
    assert np.array_equal(START, start)


def test_fewer_epochs_are_the_first_of_more():
    """What is chosen on a part of the data is repeated on the whole of it by stopping early."""
    fewer = list(islice(fine_tune(model(), HISTORIES, TUNING, seed=0), 2))
    assert np.stack(fewer) == pytest.approx(np.stack(tuned()[:2]), abs=1e-5)


def test_the_seed_decides():
    first, again, other = (np.stack(tuned(seed)) for seed in (1, 1, 2))
    assert first == pytest.approx(again, abs=1e-5)
    assert first != pytest.approx(other, abs=1e-5)
