"""What the recommender asks of the three models of one release, wherever they run."""

from collections.abc import Mapping
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

QUERY_TOWER = "query_tower"
MOVIE_INDEX = "movie_index"
RANKING_HEAD = "ranking_head"
MODEL_NAMES = (QUERY_TOWER, MOVIE_INDEX, RANKING_HEAD)

SERVING_DEFAULT = "serving_default"
RANK_MOVIES = "rank_movies"
SIMILAR_MOVIES = "similar_movies"

PADDING_ROW = -1

Rows = NDArray[np.int32]
Floats = NDArray[np.floating[Any]]
Tensors = Mapping[str, NDArray[Any]]


class Models(Protocol):
    """The three models of one release."""

    async def predict(self, model: str, signature: str, inputs: Tensors) -> dict[str, NDArray[Any]]:
        """Runs one signature of one model.

        Args:
            model: One of MODEL_NAMES.
            signature: SERVING_DEFAULT, or another signature of the model.
            inputs: Every input of the signature by name, a batch dimension first; strings as bytes objects.

        Returns:
            Every output of the signature by name.

        Raises:
            ModelsUnavailableError: The model does not answer, or not as the signature promises.
            DeadlineExceededError: The time for the request is over.
        """
        ...
