"""A release as a model server runs it: SavedModels asked by signature."""

from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

import numpy as np

from server.recommender.catalog import Catalog
from server.saved_model import SavedModel
from trainer.choose import ChoiceSettings
from trainer.data import Dataset, load
from trainer.data.synthetic import generate
from trainer.fit import FitSettings
from trainer.histories import Histories
from trainer.progress import Steps
from trainer.rating.gibbs import GibbsSettings
from trainer.release.publish import ARTEFACTS
from trainer.retrieval.model import FineTuning
from trainer.retrieval.search import SearchSettings
from trainer.train import Trained, Training, TrainSettings

QUICK = TrainSettings(
    fit=FitSettings(
        sweeps=4,
        tuning=FineTuning(max_epochs=2),
        gibbs=GibbsSettings(dim=4, sweeps=24, burn_in=8, samples=4),
        rating_dim=16,
    ),
    choice=ChoiceSettings(search=SearchSettings(budget_seconds=0)),
)


@dataclass(frozen=True)
class Exported:
    """One release of a generated data set."""

    root: Path
    dataset: Dataset
    trained: Trained

    @cached_property
    def models(self):
        return {name: SavedModel.load(self.folder(name)) for name in ARTEFACTS if name != "catalog"}

    @cached_property
    def catalog(self):
        return Catalog.open(self.folder("catalog"))

    @cached_property
    def histories(self):
        return Histories.of_people(self.dataset)

    @property
    def num_movies(self):
        return len(self.dataset.movies)

    def folder(self, artefact):
        return self.root / artefact / str(self.trained.version)

    def ask_tower(self, user_ids, rows=None, ratings=None, tastes=None):
        """Embeds people; what is not given is padding."""
        count = len(user_ids)
        rows = np.full((count, 1), -1, np.int32) if rows is None else np.asarray(rows, np.int32)
        inputs = {
            "user_id": np.array([user_id.encode() for user_id in user_ids], object),
            "history_row": rows,
            "history_rating": _floats(ratings, rows.shape),
            "genre_rating": _floats(tastes, (count, len(self.dataset.genres))),
        }
        return self.models["query_tower"].predict("serving_default", inputs)

    def embed(self, user_ids, **inputs):
        return self.ask_tower(user_ids, **inputs)["query_embedding"]

    def search(self, query, excluded):
        return self._ask_index("serving_default", query_embedding=query, excluded_row=excluded)

    def rank(self, query, excluded, rows):
        return self._ask_index("rank_movies", query_embedding=query, excluded_row=excluded, movie_row=rows)

    def similar(self, rows):
        return self._ask_index("similar_movies", movie_row=rows)

    def stars(self, query, rows):
        inputs = {"query_embedding": query, "movie_row": np.asarray(rows, np.int32)}
        return self.models["ranking_head"].predict("serving_default", inputs)["rating"]

    def scores(self, query):
        """The score of every movie, [n, m]."""
        rows = np.tile(np.arange(self.num_movies), (len(query), 1))
        return self.rank(query, np.zeros((len(query), 0)), rows)["score"]

    def _ask_index(self, signature, **inputs):
        typed = {name: np.asarray(value, np.int32 if "row" in name else np.float32) for name, value in inputs.items()}
        return self.models["movie_index"].predict(signature, typed)


def train(folder: Path, num_users: int, num_movies: int, index: str = "bruteforce") -> Exported:
    """Generates a data set in `folder` and trains on it, quickly and not well."""
    generate(folder / "data", num_users=num_users, num_movies=num_movies)
    dataset = load(folder / "data", "synthetic")
    return Exported(
        folder / "releases", dataset, Training(dataset, replace(QUICK, index=index), Steps()).run(folder / "releases")
    )


def _floats(values, shape):
    return np.full(shape, np.nan, np.float32) if values is None else np.asarray(values, np.float32)
