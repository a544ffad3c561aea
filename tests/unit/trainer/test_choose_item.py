"""The item-to-item part is joined where it helps, and chosen on slices of what is learned from."""

import math
import time
from types import SimpleNamespace

import numpy as np
import pytest

from tests.unit.trainer.people import histories_of
from trainer.choose_item import ItemSearch, Slices, best_penalty, choose_item
from trainer.fit import ItemSettings
from trainer.retrieval.encoder import RetrievalEncoder
from trainer.retrieval.item_to_item import Ease, ItemPart
from trainer.retrieval.ridge import RatingScale, Ridge, RidgeSettings

NUM_MOVIES = 40
START = ItemSettings(weight=0.5, penalty=20.0, rank=8)


def twins(num_people=60, seed=0):
    """Movies 2k and 2k + 1 are always watched together; everyone has watched four such pairs."""
    random = np.random.default_rng(seed)
    firsts = [2 * random.choice(NUM_MOVIES // 2, 4, replace=False) for _ in range(num_people)]
    return histories_of(*[[(int(row) + side, 4.0) for row in rows for side in (0, 1)] for rows in firsts])


SLICES = Slices(*twins().split(0.1, seed=1))


def knowing_nothing(histories):
    """A base whose factors are noise."""
    factors = np.random.default_rng(3).normal(size=(NUM_MOVIES, 2)).astype(np.float32)
    return RetrievalEncoder(factors, Ridge(RidgeSettings(dim=2), RatingScale(1, 5)), ItemPart.none(NUM_MOVIES))


def knowing_twins(histories):
    """A base with an axis for each pair of twins: nothing can make its lists better."""
    factors = np.repeat(np.eye(NUM_MOVIES // 2, dtype=np.float32), 2, axis=0)
    return RetrievalEncoder(factors, Ridge(RidgeSettings(dim=20), RatingScale(1, 5)), ItemPart.none(NUM_MOVIES))


def chosen(base=knowing_nothing, refit=knowing_nothing, start=START, **search):
    return choose_item(SLICES, base(SLICES.histories), refit, start, ItemSearch(**search))


def test_redrawn_slices_hold_the_same_entries():
    redrawn = SLICES.redrawn(seed=5)
    assert list(map(len, (redrawn[0].rows, redrawn[1].rows))) == [len(part.rows) for part in SLICES]
    assert redrawn.validation.rows.tolist() != SLICES.validation.rows.tolist()
    whole = redrawn.histories.joined(redrawn.validation)
    assert sorted(zip(whole.owners, whole.rows, strict=True)) == sorted(zip(twins().owners, twins().rows, strict=True))


def test_no_neighbour_of_the_best_penalty_is_better():
    def quality(penalty):
        return SLICES.quality(Ease(SLICES.histories, NUM_MOVIES, penalty).scores)

    best = best_penalty(SLICES, NUM_MOVIES, 100.0, math.inf)
    assert not best.budget_spent
    assert quality(best.settings) > quality(100.0)
    assert quality(best.settings) >= max(quality(factor * best.settings) for factor in (0.5, 2**-0.5, 2**0.5, 2))


def test_what_helps_is_joined_and_counts_for_more():
    found = chosen()
    assert found.settings.weight > START.weight
    scores = found.joined.encode(*SLICES.histories.padded(np.arange(60))).numpy() @ found.joined.candidates.T
    assert SLICES.quality(lambda people: scores[people]) > math.log(0.9)


def test_with_the_part_lists_must_be_better_by_a_margin():
    assert chosen(min_gain_joined=100.0).settings.weight == 0


def test_in_doubt_the_part_is_not_joined():
    """Lists are as good as can be without it: with a small weight they stay so, with a large one they get worse."""
    assert chosen(knowing_twins, knowing_twins).settings.weight == 0


@pytest.mark.parametrize(("num_slices", "joined"), [(1, True), (3, False)])
def test_the_gain_is_the_mean_over_all_slices(num_slices, joined):
    """The first slice alone gains .9; on the two drawn after it there is nothing to gain."""
    found = chosen(refit=knowing_twins, num_slices=num_slices, min_gain_joined=0.5)
    assert (found.settings.weight > 0) == joined


def test_a_part_that_counts_too_much_is_halved_until_it_does_not():
    """One axis holds what is popular and no more."""
    much = ItemSettings(weight=64.0, penalty=20.0, rank=1)
    found = chosen(knowing_twins, knowing_twins, much, max_rank=1, min_gain_joined=-100.0)
    assert 0 < found.settings.weight < much.weight


def test_no_other_slice_is_begun_once_the_first_has_taken_the_time(monkeypatch):
    """A clock that only what a slice keeps moves, by more than there is."""
    now, begun, reduced = [0.0], [], Ease.reduced
    monkeypatch.setattr("trainer.choose_item.time", SimpleNamespace(monotonic=lambda: now[0]))
    monkeypatch.setattr(Ease, "reduced", lambda ease, rank: now.append(now.pop() + 31.0) or reduced(ease, rank))
    chosen(refit=lambda histories: begun.append(histories) or knowing_nothing(histories))
    assert begun == []


@pytest.mark.parametrize(("gain", "rank"), [(-100.0, 32), (100.0, 8)])
def test_more_axes_must_gain_more(gain, rank):
    assert chosen(min_rank_gain=gain, max_rank=32).settings.rank == rank


def test_when_time_is_over_the_start_is_kept_and_that_is_said():
    found = chosen(budget_seconds=1e-9)
    assert (found.settings, found.budget_spent) == (START, True)


def test_no_further_penalty_is_tried_after_the_deadline():
    assert best_penalty(SLICES, NUM_MOVIES, 7.0, time.monotonic() - 1) == (7.0, True)
