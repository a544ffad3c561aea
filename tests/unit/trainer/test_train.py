"""What training chooses, and what it says of it."""

import json
from dataclasses import replace

import numpy as np
import pytest

from server.recommender.catalog import Catalog
from tests.unit.trainer.exported import QUICK
from tests.unit.trainer.people import dataset_of, random_lists
from trainer.choose_item import ItemSearch
from trainer.progress import Steps
from trainer.retrieval.model import FineTuning
from trainer.train import Training

DATASET = dataset_of(*random_lists(num_people=40, num_movies=30, length=12), num_movies=30)
SYSTEMS = ["popularity", "ease", "closed_form", "fine_tuned", "with_item_part", "bias", "ranking_head"]


NO_ITEM_PART = replace(QUICK.choice, item=ItemSearch(budget_seconds=0))
WITHOUT_ITEM_PART = [system for system in SYSTEMS if system not in ("ease", "with_item_part")]


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


def test_fine_tuning_must_gain_more_than_noise(release, tmp_path):
    tuning = FineTuning(max_epochs=2, learning_rate=0.05)
    demanding = replace(NO_ITEM_PART, search=replace(NO_ITEM_PART.search, min_gain=100.0))
    assert trained(tmp_path, release.dataset, demanding, sweeps=0, tuning=tuning).choices.epochs == 0


def test_the_item_part_is_served_where_it_wins(release):
    """On the generated set, whose movies say all there is of their taste group."""
    assert release.trained.choices.item.weight > 0
    assert served(release.trained) == ["with_item_part", "ranking_head"]


def test_every_system_is_measured_once(release):
    assert [system.system for system in release.trained.metrics] == SYSTEMS


def test_like_lists_are_measured_with_the_ranking_head(release):
    (head,) = [system for system in release.trained.metrics if system.system == "ranking_head"]
    assert set(head.values) >= {"rmse", "like_ndcg_at_10"}
    assert 0 < head.values["like_ndcg_at_10"] < 1


def test_the_release_beats_popularity_and_the_bias_model(release):
    values = {system.system: system.values for system in release.trained.metrics}
    for metric in ("ndcg_at_10", "recall_at_20", "top_100"):
        assert values["with_item_part"][metric] > 1.2 * values["popularity"][metric]
    assert values["ranking_head"]["rmse"] < values["bias"]["rmse"]


@pytest.mark.parametrize("lists", [[[(0, 5.0)]], [[(0, 5.0), (1, 1.0)], [(1, 4.0)]]], ids=["one rating", "three"])
def test_too_few_ratings_to_hold_any_back_give_a_release_without_an_error(tmp_path, lists):
    finished = trained(tmp_path, dataset_of(*lists, num_movies=2))
    assert [system.system for system in finished.metrics] == WITHOUT_ITEM_PART
    assert all(system.values == {} for system in finished.metrics)
    assert "nothing was chosen" in (tmp_path / "catalog" / "1" / "model_card.md").read_text()
    assert Catalog.open(tmp_path / "catalog" / "1").num_movies == 2


def test_someone_whose_every_rating_is_held_back_is_no_hindrance(tmp_path):
    """People with one rating each: a fifth of them have no history left while choosing."""
    lists = [[(row, float(stars))] for row, stars in np.random.default_rng(0).integers(1, 5, (40, 2))]
    assert trained(tmp_path, dataset_of(*lists, num_movies=5)).version == 1


def test_what_ran_out_of_time_is_recorded(tmp_path):
    gibbs = replace(QUICK.fit.gibbs, budget_seconds=1e-9)
    search = replace(QUICK.choice.search, budget_seconds=1e-9)
    finished = trained(tmp_path, choice=replace(NO_ITEM_PART, search=search), gibbs=gibbs)
    assert finished.budget_spent == ("ranking head: sampling", "retrieval: searching settings")
    folder = tmp_path / "catalog" / "1"
    assert json.loads((folder / "release.json").read_text())["budget_spent"] == list(finished.budget_spent)
    assert "Out of time was: ranking head: sampling, retrieval" in (folder / "model_card.md").read_text()


def test_fine_tuning_ends_with_the_pass_in_which_its_time_runs_out(tmp_path):
    finished = trained(tmp_path, tuning=FineTuning(max_epochs=3, budget_seconds=0))
    assert finished.budget_spent == ("retrieval: fine-tuning",)
    assert finished.choices.epochs <= 1


def test_where_time_suffices_nothing_is_recorded(tmp_path):
    assert trained(tmp_path).budget_spent == ()
