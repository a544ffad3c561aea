"""Writes what was fitted as one release."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import tensorflow as tf

from trainer.forgotten import Forgotten
from trainer.rating.features import genre_flags
from trainer.release.card import model_card
from trainer.release.catalog import write_catalog
from trainer.release.check import check_whole
from trainer.release.index_choice import SCANN
from trainer.release.movie_index import MovieIndex
from trainer.release.publish import PublishError, publish
from trainer.release.query_tower import QueryTower
from trainer.release.ranking_head import RankingHead
from trainer.release.scann_index import ScannIndex
from trainer.release.tastes import fit_tastes
from trainer.release.warmup import write_warmup

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from trainer.fit import FittedModels
    from trainer.release.gate import Gate

# The operations of ScaNN, which are not TensorFlow's own; no other model has any.
_SAVE_OPTIONS = tf.saved_model.SaveOptions(namespace_whitelist=["Scann"])
# People and exclusions of a warm-up request: a pair, and the narrowest width the gateway sends.
WARMUP_PEOPLE, WARMUP_WIDTH = 2, 64


@dataclass(frozen=True)
class Model:
    """One SavedModel to be: its module, its signatures, and a request for each of them."""

    module: tf.Module
    signatures: Mapping[str, Callable[..., Any]]
    warmup: Mapping[str, Mapping[str, np.ndarray]]


def export(root: Path, fitted: FittedModels, info: dict[str, Any], gate: Gate | None = None) -> int:
    """Publishes the fitted models under `root` and returns the version.

    Args:
        root: The folder of all releases.
        fitted: Models fitted on every row there is.
        info: What release.json says beside what follows from the models.
        gate: What may refuse the release; None: nothing does.

    Raises:
        OSError: The release cannot be written, or what was written is not whole; see `publish`.
        ReleaseRefusedError: The gate refused it.
    """
    models, dim = _models(fitted, info["candidates"], ScannIndex if info["index"] == SCANN else MovieIndex)

    def write(version: int, folders: dict[str, Path]) -> None:
        # Looked at while nobody else may write: who was forgotten since training began must not come back by it.
        if Forgotten.read(root).among(fitted.dataset.user_ids.tolist()).any():
            raise PublishError("someone in its data was forgotten while it was trained; train again")
        # With what is served now, not when training began: another run may have published since.
        whole = {"format": 1, "version": version} | info | {"embedding_dim": dim} | (gate.check(info) if gate else {})
        for name, model in models.items():
            _save(folders[name], name, model)
        catalog = folders["catalog"]
        write_catalog(catalog, fitted.dataset, fitted.histories, fitted.candidates, whole)
        (catalog / "model_card.md").write_text(model_card(whole), encoding="utf-8")
        check_whole(folders)

    return publish(root, write)


def _models(fitted: FittedModels, num_results: int, index_type: type[MovieIndex]) -> tuple[dict[str, Model], int]:
    embeddings = fitted.embeddings
    dim = embeddings.shape[1]
    tastes = fit_tastes(fitted.histories, embeddings, fitted.candidates, genre_flags(fitted.dataset), fitted.scale)
    tower = QueryTower(fitted.encoder, fitted.dataset.user_ids.tolist(), embeddings, tastes)
    index = index_type(fitted.indexed_candidates(), num_results, dim)
    head = RankingHead(fitted.stars, dim, fitted.scale)
    rows = np.full((WARMUP_PEOPLE, WARMUP_WIDTH), -1, np.int32)
    query = {"query_embedding": embeddings[:1].repeat(WARMUP_PEOPLE, axis=0)}
    people = {
        "user_id": np.full(WARMUP_PEOPLE, b"", object),
        "history_row": rows,
        "history_rating": np.full(rows.shape, np.nan, np.float32),
        "genre_rating": np.full((WARMUP_PEOPLE, len(fitted.dataset.genres)), np.nan, np.float32),
    }
    return {
        "query_tower": Model(tower, {"serving_default": tower.serve}, {"serving_default": people}),
        "movie_index": Model(
            index,
            {
                "serving_default": index.search,
                "rank_movies": index.rank_movies,
                "similar_movies": index.similar_movies,
            },
            {
                "serving_default": query | {"excluded_row": rows},
                "rank_movies": query | {"excluded_row": rows, "movie_row": rows},
                "similar_movies": {"movie_row": rows[:, 0]},
            },
        ),
        "ranking_head": Model(head, {"serving_default": head.serve}, {"serving_default": query | {"movie_row": rows}}),
    }, dim


def _save(folder: Path, name: str, model: Model) -> None:
    try:
        tf.saved_model.save(model.module, str(folder), dict(model.signatures), _SAVE_OPTIONS)
        write_warmup(folder, name, model.warmup)
    except tf.errors.OpError as error:  # TensorFlow's own for a full disk and the like
        raise OSError(error.message) from error
