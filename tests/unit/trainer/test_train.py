"""What training chooses, and what it says of it."""

from dataclasses import replace

import numpy as np
import pytest

from server.recommender.catalog import Catalog
from tests.unit.trainer.exported import QUICK
from tests.unit.trainer.people import dataset_of, random_lists
from trainer.progress import Steps
from trainer.retrieval.model import FineTuning
from trainer.train import Training

DATASET = dataset_of(*random_lists(num_people=40, num_movies=30, length=12), num_movies=30)
SYSTEMS = ["popularity", "ease", "closed_form", "fine_tuned", "with_item_part", "bias", "ranking_head"]


NO_ITEM_PART = replace(QUICK.choice, weights=(0.0,))


def trained(root, dataset=DATASET, choice=NO_ITEM_PART, **fit_settings):
    settings = replace(QUICK, fit=replace(QUICK.fit, **fit_settings), choice=choice)
    return Training(dataset, settings, Steps()).run(root)


def served(finished):
    return [system.system for system in finished.metrics if system.served]


def test_fine_tuning_that_changes_nothing_is_not_served(tmp_path):
    finished = trained(tmp_path, tuning=FineTuning(max_epochs=2, learning_rate=0.0))
    assert finished.choices.epochs == 0
    assert served(finished) == ["closed_form", "ranking_head"]
    values = {system.system: system.values for system in finished.metrics}
    assert values["closed_form"] == values["fine_tuned"]


def test_fine_tuning_is_served_where_the_start_is_random(release, tmp_path):
    finished = trained(tmp_path, release.dataset, sweeps=0, tuning=FineTuning(max_epochs=2, learning_rate=0.05))
    assert finished.choices.epochs > 0
    assert served(finished) == ["fine_tuned", "ranking_head"]


def test_the_item_part_is_served_where_it_wins(release):
    """On the generated set, whose movies say all there is of their taste group."""
    assert release.trained.choices.item.weight > 0
    assert served(release.trained) == ["with_item_part", "ranking_head"]


def test_every_system_is_measured_once(release):
    assert [system.system for system in release.trained.metrics] == SYSTEMS


def test_the_release_beats_popularity_and_the_bias_model(release):
    values = {system.system: system.values for system in release.trained.metrics}
    for metric in ("ndcg_at_10", "recall_at_20", "top_100"):
        assert values["with_item_part"][metric] > 1.2 * values["popularity"][metric]
    assert values["ranking_head"]["rmse"] < values["bias"]["rmse"]


@pytest.mark.parametrize("lists", [[[(0, 5.0)]], [[(0, 5.0), (1, 1.0)], [(1, 4.0)]]], ids=["one rating", "three"])
def test_too_few_ratings_to_hold_any_back_give_a_release_without_an_error(tmp_path, lists):
    finished = trained(tmp_path, dataset_of(*lists, num_movies=2))
    assert [system.system for system in finished.metrics] == SYSTEMS
    assert finished.metrics[-1].values == {}
    assert Catalog.open(tmp_path / "catalog" / "1").num_movies == 2


def test_someone_whose_every_rating_is_held_back_is_no_hindrance(tmp_path):
    """People with one rating each: a fifth of them have no history left while choosing."""
    lists = [[(row, float(stars))] for row, stars in np.random.default_rng(0).integers(1, 5, (40, 2))]
    assert trained(tmp_path, dataset_of(*lists, num_movies=5)).version == 1
