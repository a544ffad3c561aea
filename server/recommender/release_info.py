"""Reads and checks `release.json`: what a release says of itself."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, is_dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, TypeVar, get_args, get_origin, get_type_hints

from server.errors import ReleaseError

FORMAT = 1
T = TypeVar("T")


@dataclass(frozen=True)
class TrainingData:
    """The data a release was trained on."""

    name: str
    fingerprint: str
    license: str
    num_users: int
    num_movies: int
    num_ratings: int


@dataclass(frozen=True)
class SystemMetrics:
    """How well one recommender did on the slice held back; `served` marks what the release answers with."""

    system: str
    served: bool
    values: Mapping[str, float]


@dataclass(frozen=True)
class ReleaseInfo:
    """What a release says of itself, as far as the server relies on it.

    Attributes:
        created: When it was exported, ISO 8601 with a time zone.
        candidates: k, how many candidates the movie index finds for a person.
        embedding_dim: d, the size of a query embedding.
        like_star_share: The share of predicted stars in the order of LIKE, 0 to 1.
    """

    format: int
    version: int
    created: datetime
    data: TrainingData
    genres: tuple[str, ...]
    rating_min: float
    rating_max: float
    candidates: int
    embedding_dim: int
    like_star_share: float
    metrics: tuple[SystemMetrics, ...]


def read_release_info(path: Path) -> ReleaseInfo:
    """Reads `release.json` and checks every field of ReleaseInfo; other fields are left alone.

    Raises:
        ReleaseError: The file is missing or no JSON, or a field is missing, ill-typed or out of bounds.
    """
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise ReleaseError(f"release.json cannot be read: {error}") from error
    info: ReleaseInfo = _read(ReleaseInfo, document, "")
    _check(info)
    return info


def _check(info: ReleaseInfo) -> None:
    most = info.data.num_movies
    _require(info.format == FORMAT, f"format is {info.format}, this server reads {FORMAT}")
    _require(info.version >= 1, f"version is {info.version}, must be at least 1")
    _require(info.created.tzinfo is not None, f"created is {info.created.isoformat()}, has no time zone")
    _require(info.data.num_users >= 1, f"data.num_users is {info.data.num_users}, must be at least 1")
    _require(1 <= info.candidates <= most, f"candidates is {info.candidates}, must be 1 to {most}")
    _require(info.embedding_dim >= 1, f"embedding_dim is {info.embedding_dim}, must be at least 1")
    _require(0 <= info.like_star_share <= 1, f"like_star_share is {info.like_star_share}, must be 0 to 1")
    ascending = info.rating_min < info.rating_max
    _require(ascending, f"rating_min is {info.rating_min}, must be below rating_max, {info.rating_max}")


def _require(holds: bool, otherwise: str) -> None:
    if not holds:
        raise ReleaseError(f"release.json: {otherwise}")


def _read(kind: Any, value: object, path: str) -> Any:  # noqa: ANN401 - what comes out is what `kind` says
    """Reads a JSON value as a dataclass, tuple, mapping, time or plain type; errors name the path."""
    if is_dataclass(kind):
        return _read_fields(kind, _typed(value, dict, path), path)
    if get_origin(kind) is tuple:
        items = enumerate(_typed(value, list, path))
        return tuple(_read(get_args(kind)[0], item, f"{path}[{i}]") for i, item in items)
    if get_origin(kind) is Mapping:
        entries = _typed(value, dict, path).items()
        return {name: _read(get_args(kind)[1], item, f"{path}.{name}") for name, item in entries}
    return _instant(value, path) if kind is datetime else _typed(value, kind, path)


def _read_fields(kind: Any, document: dict[str, object], path: str) -> Any:  # noqa: ANN401 - as above
    hints = get_type_hints(kind)
    missing = [f"{path}.{name}".lstrip(".") for name in hints if name not in document]
    _require(not missing, f"missing: {', '.join(missing)}")
    return kind(**{name: _read(hint, document[name], f"{path}.{name}") for name, hint in hints.items()})


def _typed(value: Any, kind: type[T], path: str) -> T:  # noqa: ANN401 - any JSON value
    # `type` and not `isinstance`: in Python, true and false are whole numbers.
    if kind is float and type(value) is int:
        value = float(value)
    if type(value) is not kind:
        raise ReleaseError(f"release.json: {path.lstrip('.') or 'all of it'} is {value!r}, must be {kind.__name__}")
    return value


def _instant(value: object, path: str) -> datetime:
    try:
        return datetime.fromisoformat(_typed(value, str, path))
    except ValueError as error:
        raise ReleaseError(f"release.json: {path.lstrip('.')} is {value!r}, no ISO 8601 time") from error
