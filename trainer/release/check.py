"""Opens what was written for a release before it is put in place, as the gateway will."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import tensorflow as tf
import tensorflow_recommenders  # noqa: F401 - an index of ScaNN does not load without the operations this brings

from server.errors import ReleaseError
from server.gateway.answers import check_outputs
from server.recommender.catalog import Catalog
from server.recommender.models import MODEL_NAMES, SERVING_DEFAULT
from server.recommender.release_check import TAKE_EMBEDDINGS, check_width, open_catalog, try_models
from trainer.release.publish import ARTEFACTS, PublishError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    import numpy as np

    from server.recommender.models import Tensors


# What TensorFlow raises where a SavedModel is damaged, or has other signatures or inputs than it is asked for.
_BROKEN = (tf.errors.OpError, OSError, ValueError, KeyError, TypeError)


def check_whole(folders: Mapping[str, Path]) -> None:
    """Loads models and catalogue of one release from the folder of each artefact, and tries them together.

    Raises:
        PublishError: Something cannot be opened, does not keep its signature, or is not of the same release.
    """
    try:
        _try(folders, Catalog.open(folders["catalog"]))
    except ReleaseError as error:
        raise PublishError(f"what was written is not whole: {error}") from error


def check_published(root: Path, version: int) -> None:
    """Does the same with a release that is in place.

    Raises:
        ReleaseError: It does not work; the message says what is wrong with it.
    """
    _try({artefact: root / artefact / str(version) for artefact in ARTEFACTS}, open_catalog(root, version))


def _try(folders: Mapping[str, Path], catalog: Catalog) -> None:
    models = _StagedModels(folders, catalog)
    asyncio.run(try_models(models, catalog))
    for name in TAKE_EMBEDDINGS:
        check_width(name, models.embedding_shape(name), catalog.info.embedding_dim)


class _StagedModels:
    """The models as the recommender asks them; every answer is held against its signature."""

    def __init__(self, folders: Mapping[str, Path], catalog: Catalog) -> None:
        self._info = catalog.info
        self._models = {name: _load(name, folders[name]) for name in MODEL_NAMES}

    async def predict(self, model: str, signature: str, inputs: Tensors) -> dict[str, np.ndarray[Any, Any]]:
        try:
            run = self._models[model].signatures[signature]
            answer = run(**{name: tf.constant(value) for name, value in inputs.items()})
            outputs = {name: value.numpy() for name, value in answer.items()}
            check_outputs((model, signature), self._info, inputs, outputs)
        except _BROKEN as error:  # AnswerError is a ValueError
            raise ReleaseError(f"{model}, {signature}: {error}") from error
        return outputs

    def embedding_shape(self, model: str) -> list[int | None]:
        _, inputs = self._models[model].signatures[SERVING_DEFAULT].structured_input_signature
        return inputs["query_embedding"].shape.as_list()


def _load(name: str, folder: Path) -> Any:  # noqa: ANN401 - TensorFlow has no types
    try:
        return tf.saved_model.load(str(folder))
    except _BROKEN as error:
        raise ReleaseError(f"{name} does not load: {error}") from error
