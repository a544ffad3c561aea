"""A trial of a release before it is served: models of another release must never answer for its catalogue."""

import asyncio
import time
from pathlib import Path
from typing import NamedTuple

import numpy as np

from server.errors import PairrecError, ReleaseError
from server.gateway.deadline import Deadline
from server.gateway.model_server import ModelServer
from server.gateway.release_folder import Identity
from server.recommender.catalog import Catalog
from server.recommender.models import MOVIE_INDEX, QUERY_TOWER, Models
from server.recommender.predictions import embed_users, find_candidates, find_similar, predict_stars, rank_movies
from server.recommender.row_sets import pad_rows

# Models run for the first time may be slow.
_TRIAL_SECONDS = 10.0
# From start to start: one that hangs ends before.
_RETRY_SECONDS = 15.0
# Whoever asks waits this long for a trial to end; most take less.
_PATIENCE_SECONDS = 1.0


class _Trial(NamedTuple):
    identity: Identity | None
    retry_at: float  # in seconds of time.monotonic
    task: asyncio.Task[Catalog | ReleaseError]


class Trials:
    """Trials of the releases of one folder, in the background: one that hangs keeps nobody from another release."""

    def __init__(self, root: Path, model_server: ModelServer) -> None:
        self._root = root
        self._model_server = model_server
        self._trials: dict[int, _Trial] = {}

    async def passed(self, version: int, identity: Identity | None) -> Catalog:
        """Returns the catalogue of a release that is whole and whose models belong to it.

        Raises:
            ReleaseError: It is being tried, or it failed; then it is tried again after a while, or sooner where
                the identity has changed or the trial was forgotten.
        """
        trial = self._trials.get(version)
        if trial is None or trial.identity != identity or time.monotonic() >= trial.retry_at:
            self.forget(version)
            task = asyncio.create_task(self._attempt(version))
            trial = self._trials[version] = _Trial(identity, time.monotonic() + _RETRY_SECONDS, task)
            await asyncio.wait([task], timeout=_PATIENCE_SECONDS)
        if not trial.task.done():
            raise ReleaseError("its models are being tried")
        outcome = trial.task.result()
        if isinstance(outcome, ReleaseError):
            raise ReleaseError(str(outcome))
        return outcome

    def forget(self, version: int) -> None:
        """Ends the trial of a release, so that it is tried anew when next asked for."""
        if trial := self._trials.pop(version, None):
            trial.task.cancel()

    async def _attempt(self, version: int) -> Catalog | ReleaseError:
        """Returns the error, as a task nobody asks any more would have its exception logged."""
        try:
            catalog = await asyncio.to_thread(open_catalog, self._root, version)
            await try_models(self._model_server.models(catalog.info, Deadline.after(_TRIAL_SECONDS)), catalog)
        except ReleaseError as error:
            return error
        except PairrecError as error:
            return ReleaseError(f"its models fail a trial: {error}")
        return catalog


def open_catalog(root: Path, version: int) -> Catalog:
    """Maps the catalogue of a release.

    Raises:
        ReleaseError: It is not whole, or that of another release.
    """
    catalog = Catalog.open(root / "catalog" / str(version))
    if catalog.info.version != version:
        raise ReleaseError(f"release.json says it is version {catalog.info.version}")
    return catalog


async def try_models(models: Models, catalog: Catalog) -> None:
    """Asks every model what is ever asked, for one known user, and whether the last movie is the catalogue's last.

    Raises:
        ReleaseError: The models know other people or movies than the catalogue.
        PairrecError: They do not answer, or not as the signatures promise.
    """
    embedding, known = await embed_users(models, [catalog.user_id(0)], len(catalog.info.genres))
    if not known.all():
        raise ReleaseError(f"{QUERY_TOWER} does not know the first user of the catalogue")
    excluded = pad_rows([catalog.history(catalog.user_id(0)).rows])
    await find_candidates(models, embedding, excluded)
    # The last movie, and the place after it, which every model must take for padding.
    rows = np.array([[catalog.num_movies - 1, catalog.num_movies]], np.int32)
    order = await rank_movies(models, embedding, pad_rows([np.empty(0, np.int32)]), rows)
    if order.rank[0, 0] == 0:
        raise ReleaseError(f"{MOVIE_INDEX} has fewer movies than the catalogue's {catalog.num_movies}")
    await predict_stars(models, embedding, rows)
    await find_similar(models, catalog.num_movies - 1)
