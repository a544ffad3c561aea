"""The card says what release.json says, and leaves out what it does not."""

import numpy as np
import pytest

from tests.unit.trainer.people import histories_of
from trainer.histories import Histories
from trainer.measure import release_figures
from trainer.release.card import model_card

INTERVAL = {"value": 0.45, "low": 0.4, "high": 0.5}
INFO = {
    "version": 7,
    "created": "2026-11-22T00:00:00+00:00",
    "data": {
        "name": "tiny",
        "fingerprint": "abc",
        "license": "Free to use in tests.",
        "num_users": 1200,
        "num_movies": 40,
        "num_ratings": 50000,
    },
    "seed": 37,
    "versions": {"numpy": "2.0"},
    "config": {"held_back": 0.1, "chosen": {"item": {"weight": 0.5, "rank": 128}}},
    "rating_min": 0.5,
    "rating_max": 5.0,
    "like_star_share": 0.25,
    "budget_spent": [],
    "metrics": [
        {"system": "popularity", "served": False, "values": {"ndcg_at_10": 0.223}},
        {"system": "closed_form", "served": True, "values": {"ndcg_at_10": 0.45}},
    ],
}
FIGURES = {
    "intervals": {"ndcg_at_10": INTERVAL},
    "by_history_length": [
        {"shortest": 0, "longest": 9, "people": 1000, "values": {"ndcg_at_10": INTERVAL}},
        {"shortest": 200, "longest": None, "people": 5, "values": {}},
    ],
    "calibration": [{"low": 3.5, "high": 4.0, "count": 1234, "predicted": 3.75, "given": 3.5}],
    "popularity": {"lists": INTERVAL | {"value": 0.95}, "histories": INTERVAL | {"value": 0.84}, "coverage": 0.24},
}


@pytest.mark.parametrize(
    "line",
    [
        "# Release 7",
        "50,000 ratings of 40 movies by 1,200 people, 0.5 to 5 stars. Fingerprint `abc`.",
        "Terms: Free to use in tests.",
        "| popularity | 0.223 |  |  |  |",
        "| closed_form * | 0.450 [0.400, 0.500] |  |  |  |",
        "| 0 to 9 | 1,000 | 0.450 [0.400, 0.500] |  |  |  |",
        "| 200 or more | 5 |  |  |  |  |",
        "| 3.5 to 4 | 1,234 | 3.75 | 3.50 |",
    ],
)
def test_the_card_says(line):
    assert line in model_card(INFO | {"figures": FIGURES}).splitlines()


@pytest.mark.parametrize(
    ("weight", "said"),
    [
        (0.5, "An item-to-item part is joined (weight 0.5, 128 axes): it won on validation."),
        (0.0, "chosen on validation. No item-to-item part is joined."),
    ],
)
def test_whether_the_item_part_is_joined_is_told(weight, said):
    config = INFO["config"] | {"chosen": {"item": {"weight": weight, "rank": 128}}}
    assert said in model_card(INFO | {"figures": FIGURES, "config": config})


def test_where_nothing_could_be_held_back_nothing_is_called_chosen():
    card = model_card(INFO)
    assert "nothing was chosen, nothing measured" in card
    assert "item-to-item" not in card
    assert "on validation" not in card


def test_what_it_takes_to_make_it_again_is_told():
    card = model_card(INFO)
    assert "The same data in the same file order and seed 37, with numpy 2.0. All settings: release.json." in card
    assert "No budget of time ran out" in card


def test_what_ran_out_of_time_is_told():
    assert "Out of time was: a part, another." in model_card(INFO | {"budget_spent": ["a part", "another"]})


def test_popularity_bias_is_told():
    card = model_card(INFO | {"figures": FIGURES})
    assert "0.840 [0.400, 0.500] on average, the first ten of their lists at 0.950" in card
    assert "24% of the catalogue" in card


def test_without_figures_their_sections_are_left_out():
    card = model_card(INFO | {"figures": {}})
    headings = [line for line in card.splitlines() if line.startswith("## ")]
    assert headings == ["## Data and terms", "## Metrics", "## Intended use", "## Limits", "## To make it again"]
    assert card == model_card(INFO)


class Favourite:
    """Stands for fitted models that give everyone the movies in order, and 4 stars."""

    def __init__(self, num_movies, histories=None):
        self._num_movies, self.histories = num_movies, histories

    def retrieval_scores(self, people):
        return -np.arange(self._num_movies, dtype=float) * np.ones((len(people), 1))

    def predict_stars(self, people, rows):
        return np.full(len(rows), 4.0)


def test_figures_are_of_what_is_served(small_release):
    dataset = small_release.dataset
    seen, test = dataset.take(dataset.row > 0), dataset.take(dataset.row == 0)
    learned = histories_of(*[[(row, 4.0) for row in range(1, 1 + person)] for person in range(30)])
    figures = release_figures(Favourite(40, learned), Histories.of_people(seen), test, np.arange(30))
    assert figures["intervals"]["ndcg_at_10"] == {"value": 1.0, "low": 1.0, "high": 1.0}
    assert figures["calibration"][0]["count"] == len(test.rating)
    assert 10 / 40 <= figures["popularity"]["coverage"] <= 1
    assert 0 < figures["popularity"]["histories"]["value"] < 1
    groups = {group["shortest"]: group["people"] for group in figures["by_history_length"]}
    assert groups == {low: np.isin(test.user, range(low, high)).sum() for low, high in ((0, 10), (10, 20), (20, 50))}


def test_nothing_held_back_has_no_figures(small_release):
    nothing = small_release.dataset.take(np.zeros(0, int))
    assert release_figures(Favourite(40), small_release.histories, nothing, np.arange(30)) == {}


def test_the_card_says_what_was_forced():
    worse = "RMSE: 0.8700 before, 1.0000 now, 14.9% worse (more than 2.0% is allowed) (release 3)"
    assert f"## Published although it is worse\n\nThan the release that was served then:\n\n- {worse}\n" in model_card(
        INFO | {"forced": [worse]}
    )
    assert "although" not in model_card(INFO)
