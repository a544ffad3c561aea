"""Decides which versions of a model to serve, from what lies in its folder and its version policy."""

import re
from collections.abc import Collection
from pathlib import Path
from typing import TypeAlias

from tensorflow_serving.config.file_system_storage_path_source_pb2 import FileSystemStoragePathSourceConfig

VersionPolicy: TypeAlias = FileSystemStoragePathSourceConfig.ServableVersionPolicy

_INTEGER = re.compile(r"[+-]?[0-9]+")


def find_versions(base_path: Path) -> dict[int, Path]:
    """Returns the folder of each version: those whose name reads as a 64-bit integer ("00000123" is 123).

    Where two names read as one number, the last in the order of the alphabet counts.

    Raises:
        OSError: The base path is missing or cannot be read, which says nothing about its versions.
    """
    folders = sorted(path for path in base_path.iterdir() if _INTEGER.fullmatch(path.name) and path.is_dir())
    return {int(path.name): path for path in folders if -(2**63) <= int(path.name) < 2**63}


def wanted_versions(found: Collection[int], policy: VersionPolicy) -> set[int]:
    """Returns the found versions that the policy serves: the latest where it says nothing."""
    choice = policy.WhichOneof("policy_choice")
    if choice == "all":
        return set(found)
    if choice == "specific":
        return set(found) & set(policy.specific.versions)
    return set(sorted(found)[-max(policy.latest.num_versions, 1) :])


def versions_to_unload(available: Collection[int], wanted: Collection[int]) -> set[int]:
    """Returns the available versions that are not wanted.

    The highest is spared while none that is wanted is available, unless nothing is wanted at all.
    """
    stale = set(available) - set(wanted)
    needed = {max(stale)} if wanted and stale and stale == set(available) else set()
    return stale - needed
