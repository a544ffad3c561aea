"""The baseline for stars learns what biases cannot say."""

import numpy as np

from tests.unit.trainer.people import histories_of
from trainer.evaluate.svd_plus_plus import SvdPlusPlus, SvdPlusPlusSettings

NUM_MOVIES = 40


def test_two_tastes_are_told_apart():
    """Half of the people love even movies and hate odd ones, the others the reverse; one movie of each is asked."""
    random = np.random.default_rng(3)
    lists, asked = [], []
    for person in range(80):
        rows = random.permutation(NUM_MOVIES)[:22].tolist()
        entries = [(row, 5.0 if row % 2 == person % 2 else 1.0) for row in rows]
        lists.append(entries[:20])
        asked.append(entries[20:])
    asked = histories_of(*asked)
    model = SvdPlusPlus(histories_of(*lists), NUM_MOVIES, SvdPlusPlusSettings(dim=4, learning_rate=0.02), seed=1)
    assert np.abs(model.predict(asked) - asked.ratings).mean() < 1
