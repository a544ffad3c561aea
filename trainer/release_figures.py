"""What a release says about itself beyond its metrics: how sure they are, for whom they are lower, what it favours."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import numpy as np

from trainer.bootstrap import estimate
from trainer.breakdown import by_history_length, calibrate, coverage, describe_histories, describe_lists
from trainer.histories import Histories
from trainer.metrics import best_rows, people_in_batches
from trainer.person_metrics import judge_lists, list_metrics, star_metrics

if TYPE_CHECKING:
    from trainer.data.dataset import Dataset
    from trainer.fit import FittedModels

SHOWN = ("ndcg_at_10", "recall_at_20", "top_100", "rmse")


def release_figures(fitted: FittedModels, seen: Histories, held_back: Dataset) -> dict[str, Any]:
    """Measures what is to be served on interactions that nothing was chosen on.

    Returns:
        JSON values: "intervals" of the metrics, by name {value, low, high}; "by_history_length" and "calibration", a
        list of rows; "popularity", mean percentiles of lists and of histories, and the share of the catalogue that is
        in anyone's first 10. Empty when nothing was held back.
    """
    if not len(held_back.rating):
        return {}
    asked, num_movies = Histories.of_people(held_back), len(held_back.movies)
    batches = people_in_batches(np.arange(len(seen)))
    lists = np.concatenate([best_rows(fitted.retrieval_scores(people), seen, people) for people in batches])
    stars = fitted.predict_stars(asked.owners, asked.rows)
    metrics = list_metrics(judge_lists(lists, asked)) | star_metrics(stars, asked)
    shown = {name: metrics[name] for name in SHOWN}
    of_lists, of_histories = describe_lists(lists, seen, num_movies), describe_histories(seen, num_movies)
    key = "popularity_percentile_at_10"
    return {
        "intervals": {name: asdict(value) for name, value in estimate(shown).items()},
        "by_history_length": [asdict(group) for group in by_history_length(seen.lengths, shown)],
        "calibration": [asdict(star_bin) for star_bin in calibrate(stars, asked.ratings)],
        "popularity": {
            "lists": asdict(estimate(of_lists)[key]),
            "histories": asdict(estimate(of_histories)[key]),
            "coverage": coverage(lists, num_movies),
        },
    }
