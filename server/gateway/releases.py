"""Chooses the release that answers: the newest whole one whose three models are available, or the pinned one."""

import asyncio
import logging
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from functools import cached_property
from itertools import islice
from pathlib import Path

from server.errors import ReleaseError, ReleaseGoneError, ReleaseUnavailableError
from server.gateway.metrics import MODEL_AVAILABLE, RELEASE_CREATED, RELEASE_VERSION
from server.gateway.model_server import ModelServer
from server.gateway.model_states import ModelStates
from server.gateway.release_folder import Identity, ReleaseFolder, read_release_folder
from server.gateway.trial import Trials
from server.recommender.catalog import Catalog
from server.recommender.embeddings import EmbeddingCache
from server.recommender.models import MODEL_NAMES
from server.recommender.release_check import open_catalog
from server.recommender.release_info import read_release_info
from server.recommender.standings import Standings
from server.recommender.titles import TitleSearch

_STATES_SECONDS = 2.0
# Rather than not answer at all, a gateway that never saw a model server answers from the catalogue alone.
_ALONE_SECONDS = 10.0
# Of those whose models are loaded, the newest so many go on with the lists begun with them.
_MOST_KEPT = 3
# Of so many movies a list of all that people make of them is no slower than a search.
_MOST_STANDING = 8_192
# Movies of all people of one call to the models, or of all pairs of one turn of the event loop: a millisecond's work.
_STANDING_CELLS = 2**14
_UNTRIED = dict.fromkeys(MODEL_NAMES, "not tried yet")

logger = logging.getLogger(__name__)


@dataclass(eq=False)
class ServedRelease:
    """A release that answers; a request keeps the one it began with.

    Attributes:
        outage: Which models could not be asked when last seen, by name, and why not; empty when all could.
        tried: Whether its models have passed a trial; before that none of them may be asked.
        embeddings: Of its known users.
        standings: Of its known users, while it is the one that answers and there is room for all of them.
    """

    catalog: Catalog
    identity: Identity | None
    tried: bool = True
    outage: Mapping[str, str] = field(default_factory=dict)
    embeddings: EmbeddingCache = field(default_factory=EmbeddingCache)
    standings: Standings | None = None

    @property
    def version(self) -> int:
        """The version of the release."""
        return self.catalog.info.version

    @cached_property
    def titles(self) -> TitleSearch:
        """The search over the titles of its movies, made when first used."""
        return TitleSearch(self.catalog)

    def note(self, states: ModelStates) -> None:
        """Takes over what was last seen of its models."""
        self.outage = ({} if self.tried else _UNTRIED) | states.outage(self.version)


class Releases:
    """The releases of one folder; `refresh` looks again, the rest tells what it last saw.

    While models are away the present release stays chosen, with an outage, unless another one is whole. Others whose
    models are loaded answer for the lists begun with them, here or at another gateway.
    """

    def __init__(self, root: Path, model_server: ModelServer, standings_bytes: int = 0) -> None:
        """Knows no release yet; `standings_bytes` is what known users' standings may take."""
        self._root = root
        self._standings_bytes = standings_bytes
        self._model_server = model_server
        self._trials = Trials(root, model_server)
        self._served: ServedRelease | None = None
        self._kept: dict[int, ServedRelease] = {}
        # Apart from the others, which a look may end, and one by one.
        self._kept_trials, self._keeping = Trials(root, model_server), asyncio.Lock()
        self._folder, self._states = ReleaseFolder(()), ModelStates(())
        self._loaded: list[int] = []
        self._reasons: dict[int, str] = {}
        self._seen_at = time.monotonic()

    @property
    def served(self) -> ServedRelease:
        """The release that answers now.

        Raises:
            ReleaseUnavailableError: There is none yet; the message says what keeps the pinned one, else the newest.
        """
        if self._served is None:
            pinned = self._folder.pinned
            version = pinned if pinned in self._reasons else next(iter(self._reasons), None)
            fault = f"release {version}: {self._reasons[version]}" if version else "there is none"
            raise ReleaseUnavailableError(f"no release is ready; {fault}; try again shortly")
        return self._served

    async def release(self, version: int) -> ServedRelease:
        """Returns the release that a list began with: the one that answers now, or another that could.

        Raises:
            ReleaseGoneError: It or its models are not there, or it is not among the newest whose models are loaded.
            ReleaseUnavailableError: It may come, or come back: it is newer than the one that answers, its models load
                or cannot be reached, or they have yet to pass a trial.
        """
        if version in self._kept:
            return self._kept[version]
        async with self._keeping:
            opened = self._kept.get(version) or await self._open(version)
            return self._kept.setdefault(version, opened)

    async def _open(self, version: int) -> ServedRelease:
        name = f"release {version}, which the list began with,"
        older = version < min(self._loaded[_MOST_KEPT - 1 :], default=0)
        if version not in self._folder.identities:  # it may have come since the last look
            self._folder = await asyncio.to_thread(read_release_folder, self._root)
        there = version in self._folder.identities
        if older or not there or (version < self.served.version and self._states.lost(version)):
            raise ReleaseGoneError(f"{name} is gone; ask for page one")
        if version not in self._loaded:
            raise ReleaseUnavailableError(f"{name} cannot answer now: its models are not loaded; try again shortly")
        identity = self._folder.identities.get(version)
        try:
            catalog = await self._kept_trials.passed(version, identity)
        except ReleaseError as error:
            raise ReleaseUnavailableError(f"{name} cannot answer now: {error}; try again shortly") from error
        self._kept_trials.forget(version)
        return ServedRelease(catalog, identity)

    @property
    def skipped(self) -> dict[int, str]:
        """The pinned release and those newer than the one that answers, highest first, and what keeps each from it."""
        served, pinned = self._served.version if self._served else 0, self._folder.pinned
        return {version: why for version, why in self._reasons.items() if version > served or version == pinned}

    @property
    def ready(self) -> bool:
        """Whether there is a release that answers, be it without its models."""
        return self._served is not None

    async def refresh(self) -> None:
        """Looks at the folder and the model server, and switches in one step where something better is ready."""
        folder = await asyncio.to_thread(read_release_folder, self._root)
        states = await self._model_server.states(_STATES_SECONDS)
        self._folder, self._states = folder, states
        newest = sorted({*folder.identities, *self._kept}, reverse=True)
        self._loaded = list(islice((version for version in newest if not states.fault(version)), _MOST_KEPT))
        for release in list(self._kept.values()):
            release.note(states)
            if await self._is_gone(release, folder, states):
                self._drop(release)
        reasons: dict[int, str] = {}
        for version in folder.listed:
            if prepared := await self._prepare(version, folder, states, reasons):
                self._serve(prepared)
                break
        if not states.unreachable:
            self._seen_at = time.monotonic()
        elif not self._served and time.monotonic() - self._seen_at >= _ALONE_SECONDS:
            await self._serve_alone(folder, states)
        self._note(reasons)

    async def _is_gone(self, release: ServedRelease, folder: ReleaseFolder, states: ModelStates) -> bool:
        """Returns whether a catalogue no longer goes with its models, or a release that is only kept lost them."""
        replaced = folder.replaces(release.version, release.identity)
        if release is not self._served:
            return replaced or (release.version not in self._loaded and not states.unreachable)
        return replaced and not (release.tried and await asyncio.to_thread(self._only_forgot, release.catalog))

    def _only_forgot(self, catalog: Catalog) -> bool:
        """Returns whether a catalogue was rewritten for the same models: without someone who wants to be forgotten."""
        try:
            info = read_release_info(self._root / "catalog" / str(catalog.info.version) / "release.json")
        except ReleaseError:
            return False
        return (info.created, info.data.num_movies) == (catalog.info.created, catalog.num_movies)

    async def _prepare(
        self, version: int, folder: ReleaseFolder, states: ModelStates, reasons: dict[int, str]
    ) -> ServedRelease | None:
        """Returns a release that is fit to be served, as it is if it already is; else None, and notes the reason."""
        if objection := folder.objection(version) or states.fault(version):
            self._trials.forget(version)
            reasons[version] = objection
            return None
        served = self._served if self._served and self._served.version == version and self._served.tried else None
        identity = folder.identities.get(version)
        if served and not folder.replaces(version, served.identity):
            return served
        try:
            release = ServedRelease(await self._trials.passed(version, identity), identity)
        except ReleaseError as error:
            reasons[version] = str(error)
            return served  # the catalogue as it was answers until the new one has passed
        await asyncio.to_thread(lambda: release.titles)  # before anybody waits for it
        return release

    async def _serve_alone(self, folder: ReleaseFolder, states: ModelStates) -> None:
        """Serves the newest whole catalogue without its models, if there is one."""
        for version in folder.versions:
            if not folder.objection(version):
                with suppress(ReleaseError):
                    catalog = await asyncio.to_thread(open_catalog, self._root, version)
                    release = ServedRelease(catalog, folder.identities.get(version), tried=False)
                    release.note(states)
                    self._serve(release)
                    return

    def _serve(self, release: ServedRelease) -> None:
        if release is not self._served:
            logger.info("release %d is served%s", release.version, "" if release.tried else ", without its models")
            self._trials.forget(release.version)
            if self._served:
                self._served.standings = None
            release.standings = self._standings(release)
        self._served = release
        self._kept[release.version] = release

    def _standings(self, release: ServedRelease) -> Standings | None:
        """Returns room for everybody's, or none: to ask about all movies and not keep it costs more than a search."""
        standings = Standings(release.catalog, release.embeddings, self._standings_bytes, _STANDING_CELLS)
        fit = release.catalog.num_movies <= _MOST_STANDING and release.catalog.info.data.num_users < standings.capacity
        return standings if fit else None

    def _drop(self, release: ServedRelease) -> None:
        del self._kept[release.version]
        if release is self._served:
            self._served = None

    def _note(self, reasons: dict[int, str]) -> None:
        for version, reason in reasons.items():
            if self._reasons.get(version) != reason:
                logger.warning("release %d is not ready: %s", version, reason)
        served = self._served
        if served and served.version in self._reasons.keys() - reasons.keys():
            logger.info("release %d has all its models", served.version)
        self._reasons = reasons
        RELEASE_VERSION.set(served.version if served else 0)
        RELEASE_CREATED.set(served.catalog.info.created.timestamp() if served else 0)
        for model in MODEL_NAMES:
            MODEL_AVAILABLE.labels(model).set(served is not None and model not in served.outage)
