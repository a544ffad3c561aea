"""Makes the parts of a job, in a worker's process that loads one release once."""

import asyncio
import threading
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from server.errors import DeadlineExceededError, ModelsUnavailableError, ReleaseError
from server.gateway.deadline import Deadline
from server.gateway.model_server import ModelServer, open_channel
from server.jobs.files import open_file
from server.jobs.job import Job
from server.jobs.parts import PartWriter, read_counts
from server.recommender.embeddings import EmbeddingCache
from server.recommender.models import Models, Tensors
from server.recommender.pair_table import PairBatch, PairTable, Wanted, recommend_table
from server.recommender.queries import Objective, Strategy
from server.recommender.release_check import open_catalog, try_models
from server.recommender.release_info import ReleaseInfo
from server.recommender.standings import Standings

# After so many seconds models that did not answer are asked again; after the last the part fails.
_RETRY_SECONDS = (1, 5, 20)
_CALL_SECONDS = 60.0
# What people make of movies may take so much of each worker's process.
_KEPT_BYTES = 2**28
# Movies of all people of one call to the models, and of all pairs worked on at once: they fit a core's cache.
_MAX_CELLS = 2**17


@dataclass(frozen=True)
class Workplace:
    """Where one run of a job works; another may work elsewhere.

    Attributes:
        output: The output folder, on any file system that Beam knows.
        pairs: The file of staged pairs, with a record batch a part.
        releases: The folder of releases, on every worker.
        target: A model server's `host:port`; None to run the models in the worker's process.
    """

    output: str
    pairs: str
    releases: str
    target: str | None


class PartMaker:
    """Makes parts one at a time, however many threads ask."""

    def __init__(self, job: Job, workplace: Workplace) -> None:
        """Loads the release, or finds it at the model server.

        Raises:
            ReleaseError: It is not whole, not the one the job began with, or the models are not its own.
        """
        self._job, self._workplace = job, workplace
        self._lock, self._runner = threading.Lock(), asyncio.Runner()
        self._wanted = Wanted(Objective(job.objective), Strategy(job.strategy), job.top)
        catalog = open_catalog(Path(workplace.releases), job.release_version)
        _check_created(catalog.info, job)
        self._models = self._runner.run(open_models(Path(workplace.releases), workplace.target, catalog.info))
        self._runner.run(try_models(self._models, catalog))
        # As many people in every call: what a part holds must not depend on which parts its process made before.
        self._standings = Standings(catalog, EmbeddingCache(), _KEPT_BYTES, _MAX_CELLS, even_calls=True)
        self._writer = PartWriter(workplace.output, job, catalog)

    def make(self, index: int) -> None:
        """Makes a part, unless it is there.

        Raises:
            ModelsUnavailableError: The models do not answer, for half a minute and longer.
            DeadlineExceededError: They take too long.
        """
        with self._lock:
            if read_counts(self._workplace.output, self._job, index):
                return
            with open_file(self._workplace.pairs) as file:
                pairs = pa.ipc.open_file(file).get_batch(index)
            self._writer.write(index, pairs, self._patiently(_batch(pairs)))

    def _patiently(self, batch: PairBatch) -> PairTable:
        for seconds in _RETRY_SECONDS:
            try:
                return self._recommend(batch)
            except (ModelsUnavailableError, DeadlineExceededError):
                time.sleep(seconds)
        return self._recommend(batch)

    def _recommend(self, batch: PairBatch) -> PairTable:
        return self._runner.run(recommend_table(self._models, self._standings, batch, self._wanted))


@dataclass(frozen=True)
class _RemoteModels:
    """The models of a release behind a model server; every call may take a minute."""

    server: ModelServer
    info: ReleaseInfo

    async def predict(self, model: str, signature: str, inputs: Tensors) -> dict[str, NDArray[Any]]:
        return await self.server.models(self.info, Deadline.after(_CALL_SECONDS)).predict(model, signature, inputs)


def _check_created(info: ReleaseInfo, job: Job) -> None:
    created = info.created.isoformat()
    if created != job.release_created:
        raise ReleaseError(
            f"release {info.version} was created {created} here, {job.release_created} where the job began; "
            "give every worker the same releases"
        )


async def open_models(releases: Path, target: str | None, info: ReleaseInfo) -> Models:
    """Returns the models of a release, loaded into this process or behind the model server `target`."""
    if target:
        return _RemoteModels(ModelServer.behind(open_channel(target)), info)
    # Imported here: it takes TensorFlow, which takes seconds and half a gigabyte.
    from server.recommender.in_process import InProcessModels

    return InProcessModels(releases, info.version)


def _batch(pairs: pa.RecordBatch) -> PairBatch:
    people = pa.chunked_array([pairs["first"], pairs["second"]]).dictionary_encode().combine_chunks()
    members = people.indices.to_numpy().reshape(2, -1).T
    return PairBatch(
        people.dictionary.to_pylist(), members, pairs["first_weight_millionths"].to_numpy().astype(np.int64)
    )
