import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from server.errors import ReleaseError
from server.recommender.release_info import ReleaseInfo, SystemMetrics, read_release_info
from tests.tiny_release import random_release, write_catalog


@pytest.fixture
def document(tmp_path: Path) -> dict[str, Any]:
    write_catalog(tmp_path / "7", 7, random_release())
    return json.loads((tmp_path / "7" / "release.json").read_text())


def read(tmp_path: Path, document: object) -> ReleaseInfo:
    path = tmp_path / "release.json"
    path.write_text(json.dumps(document))
    return read_release_info(path)


def test_every_field_is_read(tmp_path: Path, document: dict[str, Any]) -> None:
    info = read(tmp_path, document | {"rating_min": 1})
    assert (info.version, info.created) == (7, datetime(2026, 11, 21, 12, tzinfo=UTC))
    assert (info.data.name, info.data.num_movies, info.genres) == ("tiny", 40, ("Comedy", "Drama", "War"))
    assert (info.rating_min, info.rating_max, info.candidates, info.embedding_dim) == (1.0, 5.0, 6, 11)
    assert info.like_star_share == 0.3
    assert info.metrics == (SystemMetrics("popularity", False, {"ndcg_at_10": 0.25}),)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"format": 2}, "format is 2, this server reads 1"),
        ({"version": 0}, "version is 0, must be at least 1"),
        ({"version": "7"}, "version is '7', must be int"),
        ({"version": True}, "version is True, must be int"),
        ({"created": "yesterday"}, "created is 'yesterday', no ISO 8601 time"),
        ({"created": "2026-11-21T12:00:00"}, "has no time zone"),
        ({"data": {"name": "tiny"}}, "missing: data.fingerprint, data.license, data.num_users"),
        ({"genres": ["Comedy", 3]}, r"genres\[1\] is 3, must be str"),
        ({"rating_min": 5.0}, "rating_min is 5.0, must be below rating_max, 5.0"),
        ({"rating_max": float("nan")}, "must be below rating_max, nan"),
        ({"candidates": 41}, "candidates is 41, must be 1 to 40"),
        ({"embedding_dim": 0}, "embedding_dim is 0, must be at least 1"),
        ({"like_star_share": 1.5}, "like_star_share is 1.5, must be 0 to 1"),
        ({"metrics": {}}, "metrics is {}, must be list"),
        ({"metrics": [{"system": "a", "served": 1, "values": {}}]}, r"metrics\[0\].served is 1, must be bool"),
        ({"metrics": [{"system": "a", "served": True, "values": {"x": "y"}}]}, r"metrics\[0\].values.x is 'y'"),
    ],
)
def test_a_bad_field_is_named(tmp_path: Path, document: dict[str, Any], changes: dict[str, Any], message: str) -> None:
    with pytest.raises(ReleaseError, match=message):
        read(tmp_path, document | changes)


def test_missing_fields_are_named(tmp_path: Path, document: dict[str, Any]) -> None:
    del document["genres"], document["candidates"]
    with pytest.raises(ReleaseError, match="missing: genres, candidates"):
        read(tmp_path, document)


def test_a_document_that_is_no_object_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ReleaseError, match="all of it is 3, must be dict"):
        read(tmp_path, 3)
