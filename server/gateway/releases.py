"""Chooses the release that answers: the newest whole one whose three models are available, or the pinned one."""

import asyncio
import logging
from dataclasses import dataclass, field
from pathlib import Path

from server.errors import ReleaseError, ReleaseUnavailableError
from server.gateway.model_server import ModelServer
from server.gateway.model_states import ModelStates
from server.gateway.release_folder import Identity, ReleaseFolder, read_release_folder
from server.gateway.trial import Trials
from server.recommender.catalog import Catalog
from server.recommender.embeddings import EmbeddingCache

_STATES_SECONDS = 2.0

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class ServedRelease:
    """A release that answers; a request keeps the one it began with."""

    catalog: Catalog
    identity: Identity | None
    embeddings: EmbeddingCache = field(default_factory=EmbeddingCache)

    @property
    def version(self) -> int:
        """The version of the release."""
        return self.catalog.info.version


class Releases:
    """The releases of one folder; `refresh` looks again, the rest tells what it last saw.

    While the model server is away the present release stays chosen: calls fail, and work again once it is back.
    """

    def __init__(self, root: Path, model_server: ModelServer) -> None:
        self._root = root
        self._model_server = model_server
        self._trials = Trials(root, model_server)
        self._served: ServedRelease | None = None
        self._available = False
        self._reasons: dict[int, str] = {}

    @property
    def served(self) -> ServedRelease:
        """The release that answers now.

        Raises:
            ReleaseUnavailableError: There is none yet; the message says what keeps the newest.
        """
        if self._served is None:
            version, reason = next(iter(self._reasons.items()), (None, ""))
            newest = f"release {version}: {reason}" if version else "there is none"
            raise ReleaseUnavailableError(f"no release is ready; {newest}; try again shortly")
        return self._served

    @property
    def skipped(self) -> dict[int, str]:
        """The releases newer than the one that answers, highest version first, and what keeps each from it."""
        oldest = self._served.version if self._served else 0
        return {version: reason for version, reason in self._reasons.items() if version > oldest}

    @property
    def ready(self) -> bool:
        """Whether a release is served and its three models were available when last seen."""
        return self._available

    async def refresh(self) -> None:
        """Looks at the folder and the model server, and switches in one step where something better is ready."""
        folder = await asyncio.to_thread(read_release_folder, self._root)
        states = await self._model_server.states(_STATES_SECONDS)
        reasons: dict[int, str] = {}
        for version in folder.versions:
            try:
                release = await self._prepare(version, folder, states)
            except ReleaseError as error:
                reasons[version] = str(error)
            else:
                self._serve(release)
                break
        if self._served and folder.replaces(self._served.version, self._served.identity):
            self._served = None  # its models may already be those of the release that took its number
        self._note(reasons)
        self._available = self._served is not None and not states.fault(self._served.version)

    async def _prepare(self, version: int, folder: ReleaseFolder, states: ModelStates) -> ServedRelease:
        """Returns a release that is fit to be served; one that already is comes back as it is."""
        objection = folder.objection(version) or states.fault(version)
        if objection:
            self._trials.forget(version)
            raise ReleaseError(objection)
        served, identity = self._served, folder.identities.get(version)
        if served and served.version == version and not folder.replaces(version, served.identity):
            return served
        return ServedRelease(await self._trials.passed(version, identity), identity)

    def _serve(self, release: ServedRelease) -> None:
        if release is not self._served or not self._available:
            logger.info("release %d is served", release.version)
        self._served = release
        self._trials.forget(release.version)

    def _note(self, reasons: dict[int, str]) -> None:
        for version, reason in reasons.items():
            if self._reasons.get(version) != reason:
                logger.warning("release %d is not ready: %s", version, reason)
        self._reasons = reasons
