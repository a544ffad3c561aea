"""The release that answers, as it looks in the terminal."""

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime

from pairrec.v1 import pair_recommendation_service_pb2 as service_pb2
from pairrec.v1 import release_pb2
from rich import box
from rich.console import Group
from rich.table import Table

_AGE_UNITS = (("day", 86_400), ("hour", 3_600), ("minute", 60))


def release_view(response: service_pb2.GetReleaseResponse) -> Group:
    """Lays out a release: what it is, why newer ones are not served, and how good it is."""
    facts = Table(box=None, show_header=False, pad_edge=False)
    for name, value in _facts(response):
        facts.add_row(name, value)
    return Group(facts, _metrics(response.release.metrics))


def _facts(response: service_pb2.GetReleaseResponse) -> Iterator[tuple[str, str]]:
    release, data = response.release, response.release.data
    created = release.create_time.ToDatetime(tzinfo=UTC)
    yield "release", str(release.release_version)
    yield "created", f"{created:%Y-%m-%d %H:%M} UTC ({age(created, datetime.now(UTC))})"
    sizes = f"{data.rating_count:,} ratings, {data.user_count:,} people, {data.movie_count:,} movies"
    yield "data", f"{data.name}: {sizes}"
    yield "fingerprint", data.fingerprint
    yield "terms", data.license
    for model in release.models:
        yield model.model, f"version {model.version}: {model.state}"
    for skipped in response.skipped_releases:
        yield "not served", f"release {skipped.release_version}: {skipped.reason}"


def age(created: datetime, now: datetime) -> str:
    """Says how long ago something was made, in the largest unit that fits: "3 hours ago"."""
    elapsed = int((now - created).total_seconds())
    for unit, seconds in _AGE_UNITS:
        if number := max(elapsed, 0) // seconds:
            return f"{number} {unit}{'s' if number > 1 else ''} ago"
    return "just now"


def _metrics(systems: Iterable[release_pb2.SystemMetrics]) -> Table:
    names = sorted({name for system in systems for name in system.values})
    table = Table(box=box.SIMPLE_HEAD, show_edge=False, pad_edge=False, padding=(0, 1, 0, 0))
    table.add_column("system")
    for name in names:
        table.add_column(name.replace("_", " "), justify="right")
    for system in systems:
        values = (f"{system.values[name]:.4f}" if name in system.values else "" for name in names)
        table.add_row(f"{system.system} (served)" if system.served else system.system, *values)
    return table
