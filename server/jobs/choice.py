"""Which release a job answers from: the one a gateway would choose, pinned or the newest whole one."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from multiprocessing import get_context
from pathlib import Path

from server.errors import ReleaseError
from server.gateway.model_server import ModelServer, open_channel
from server.gateway.release_folder import read_release_folder
from server.jobs.maker import open_models
from server.recommender.release_check import open_catalog, try_models

_STATES_SECONDS = 10.0
# Neither Beam's workers nor gRPC's threads may come from a process that has run the models.
_SPAWN = get_context("spawn")


def choose_release(releases: Path, target: str | None, say: Callable[[str], None]) -> int:
    """Returns the pinned release, else the newest that is whole with its models.

    Args:
        releases: The folder of releases.
        target: The model server to ask; None to load the models.
        say: Is told of each newer release that is passed over, and why.

    Returns:
        The version; of the last that is left without a trial, as nothing could be taken in its place.

    Raises:
        ReleaseError: There is none, or PINNED names none.
    """
    folder = read_release_folder(releases)
    if folder.pin_fault or not folder.versions:
        raise ReleaseError(f"{releases}: {folder.pin_fault or 'has no release; train one with `make train`'}")
    if folder.pinned:
        return folder.pinned
    *newer, last = folder.versions
    for version in newer:
        if not (fault := _fault(releases, target, version)):
            return version
        say(f"release {version} is passed over: {fault}")
    return last


def _fault(releases: Path, target: str | None, version: int) -> str:
    """Returns what is wrong with a release, in one line; empty where nothing is."""
    with ProcessPoolExecutor(1, _SPAWN) as trial:
        try:
            return trial.submit(_try, releases, target, version).result()
        except BrokenProcessPool:
            return "its models end the process that loads them"


def _try(releases: Path, target: str | None, version: int) -> str:
    try:
        return asyncio.run(_attempt(releases, target, version))
    except Exception as error:  # noqa: BLE001 - TensorFlow raises what it likes for a broken model
        return last_line(error)


async def _attempt(releases: Path, target: str | None, version: int) -> str:
    catalog = open_catalog(releases, version)
    if target:
        async with open_channel(target) as channel:
            states = await ModelServer.behind(channel).states(_STATES_SECONDS)
        # One that is away says nothing of a release: the job fails, and goes on once it is back.
        if states.unreachable or (fault := states.fault(version)):
            return "" if states.unreachable else fault
    await try_models(await open_models(releases, target, catalog.info), catalog)
    return ""


def last_line(error: Exception) -> str:
    """Returns what an error says in the end, which of engines and TensorFlow is what matters."""
    return (str(error).strip() or repr(error)).splitlines()[-1]
