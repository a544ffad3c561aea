"""The notebooks' models by name, and how each becomes what a release serves."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from trainer.fit import FittedModels, scale_of
from trainer.histories import PADDING_ROW
from trainer.rating.blend import damped_means
from trainer.rating.features import genres_and_years
from trainer.release.query_tower import HistoryEncoder
from trainer.release.ranking_head import DotStars
from trainer.retrieval.unrated import embed_unrated
from trainer.towers.content import ContentSettings, fit_content_towers
from trainer.towers.id_towers import IdTowerSettings, fit_id_towers
from trainer.towers.layers import Layers
from trainer.towers.served import DeviationEncoder, HeadStars, LearnedEncoder

if TYPE_CHECKING:
    from collections.abc import Mapping

    from trainer.data.dataset import Dataset
    from trainer.histories import Histories
    from trainer.release.query_tower import Encoder
    from trainer.release.ranking_head import Stars
    from trainer.towers.id_towers import IdTowers

STAND_IN = (
    "A tower of ids knows no histories: guests, and people with newer ratings than the release has, are placed by a "
    "linear map from the movies of their history, learned from known people."
)


@dataclass(frozen=True)
class NamedModel:
    """One of the notebooks' models.

    Attributes:
        name: As people ask for it.
        about: What it is, for the model card.
        towers: Of ids, for retrieval; for stars too where they have a rating task and `for_stars` is None.
        for_stars: Towers of ids of their own for stars.
        content: Towers of content, in place of all others.
    """

    name: str
    about: str
    towers: IdTowerSettings | None = None
    for_stars: IdTowerSettings | None = None
    content: ContentSettings | None = None

    def fit(self, dataset: Dataset, histories: Histories, seed: int) -> FittedModels:
        """Returns the model fitted to `dataset`, whose people have `histories`."""
        if self.towers is None:
            return _fit_content(dataset, histories, self.content or ContentSettings(), seed)
        towers = fit_id_towers(dataset, self.towers, seed)
        of_stars = towers if self.towers.rating_weight else None
        if self.for_stars:
            of_stars = fit_id_towers(dataset, self.for_stars, seed)
        return _of_ids(dataset, histories, towers, of_stars)


def multitask(rating_weight: float = 1.0, retrieval_weight: float = 1.0) -> NamedModel:
    """Returns notebooks A's and B's model with the given weights in the loss."""
    about = "Two towers of ids with a rating head, trained for both tasks at once (TensorFlow Recommenders)."
    return NamedModel("multitask", f"{about} {STAND_IN}", IdTowerSettings(rating_weight, retrieval_weight))


_RETRIEVAL = (
    "Two towers of ids, trained for retrieval alone (TensorFlow Recommenders). Stars are the movie's mean and how far "
    f"above the means a person rates. {STAND_IN}"
)
_MF = (
    "Matrix factorisation twice (TensorFlow Recommenders): towers of ids trained for retrieval, and others with a "
    f"rating head trained for stars. {STAND_IN}"
)
_CONTENT = (
    "Towers of content: a person as mean stars a genre, a movie as its year, mean stars and genres. The score is the "
    "cosine of both, and so are the stars: WATCH lists hold what is liked, not what is watched."
)
NAMED: Mapping[str, NamedModel] = {
    model.name: model
    for model in (
        multitask(),
        NamedModel("retrieval", _RETRIEVAL, IdTowerSettings(0.0, 1.0)),
        NamedModel(
            "mf",
            _MF,
            towers=IdTowerSettings(0.0, 1.0, dim=64, learning_rate=0.01, batch_size=4096, epochs=15),
            for_stars=IdTowerSettings(
                1.0, 0.0, dim=64, hidden=(256, 64), learning_rate=0.05, batch_size=4096, epochs=40
            ),
        ),
        NamedModel("content", _CONTENT, content=ContentSettings()),
    )
}


def _of_ids(dataset: Dataset, histories: Histories, towers: IdTowers, of_stars: IdTowers | None) -> FittedModels:
    """Joins towers of ids, and others for stars, into what is served; without those, stars are movies' means."""
    features = genres_and_years(dataset.movies, dataset.genres)

    def weights(of: IdTowers) -> tuple[np.ndarray, np.ndarray]:
        movies = of.movies.get_weights()[0]
        return of.people.get_weights()[0], embed_unrated(movies, histories.counts(len(movies)), features)

    people, candidates = weights(towers)
    retrieval = LearnedEncoder(candidates, people, histories)
    rating: Encoder
    stars: Stars
    if of_stars is None:
        means = damped_means(histories, len(candidates))
        rating, stars = DeviationEncoder(means), DotStars(means, np.ones((len(means), 1)))
        for_stars = histories.encoded(rating.encode, 1 << 16)
    else:
        for_stars, movies = weights(of_stars)
        rating = LearnedEncoder(movies, for_stars, histories)
        stars = HeadStars(Layers(of_stars.head), movies, scale_of(dataset))
    encoder = HistoryEncoder(retrieval, rating, candidates)
    learned = np.column_stack((people, np.zeros(len(people), np.float32), for_stars))
    # Nothing was learned of people without a rating: to the model they are strangers.
    stranger = encoder.encode(np.full((1, 1), PADDING_ROW, np.int32), np.full((1, 1), np.nan, np.float32))
    embeddings = np.where(histories.lengths[:, None] > 0, learned, stranger.numpy())
    return FittedModels(dataset, histories, candidates, stars, encoder, embeddings, scale_of(dataset))


def _fit_content(dataset: Dataset, histories: Histories, settings: ContentSettings, seed: int) -> FittedModels:
    person, movies = fit_content_towers(dataset, histories, settings, seed)
    encoder = HistoryEncoder(person, person, movies)
    lowest, highest = dataset.rating_min, dataset.rating_max
    stars = DotStars(np.full(len(movies), (lowest + highest) / 2), movies * (highest - lowest) / 2)
    embeddings = encoder.encode_all(histories)
    return FittedModels(dataset, histories, movies, stars, encoder, embeddings, scale_of(dataset))
