"""Answers laid out for a person at the terminal."""

from collections.abc import Iterable
from typing import Any

from google.protobuf.message import Message
from pairrec.v1 import pair_recommendation_service_pb2 as service_pb2
from pairrec.v1 import release_pb2
from rich import box
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from server.client.faults import explain_status
from server.client.movie_list import COLUMNS, headline, reasons, remarks


def show(title: str, request: Message, response: Any) -> Group:  # noqa: ANN401 - any of the service
    """Lays an answer out under a title; what is in it is text, never markup."""
    match response:
        case service_pb2.GetReleaseResponse():
            return Group(_facts(response), _metrics(response.release.metrics))
        case service_pb2.BatchRecommendPairsResponse():
            return _pairs(request, response)
    field = response.DESCRIPTOR.fields_by_number[1]  # what a list is of
    entries = getattr(response, field.name)
    lines: list[RenderableType] = [
        Text(f"{headline(request, title)}, release {response.release_version}", style="bold")
    ]
    lines += map(Text, remarks(response))
    if entries:
        lines.append(_table(entries, field.message_type.name))
    else:
        is_checked = getattr(request, "validate_only", False)
        lines.append(Text("Nothing is wrong with the request." if is_checked else "There is no movie."))
    lines += (Text(line) for entry in entries for line in reasons(entry))
    if token := getattr(response, "next_page_token", ""):
        lines.append(Text(f"More: --page-token {token}"))
    return Group(*lines)


def _table(entries: Iterable[Any], kind: str) -> Table:
    headings, cells = COLUMNS[kind]
    table = _bare_table()
    table.add_column("#", justify="right", no_wrap=True)
    table.add_column("title", overflow="ellipsis")
    table.add_column("year", no_wrap=True)
    table.add_column("genres", overflow="ellipsis")
    for heading in headings:
        table.add_column(heading, justify="right", no_wrap=True)
    for place, entry in enumerate(entries, start=1):
        movie = getattr(entry, "movie", entry)
        # Text that must not wrap in a column that may: rich narrows no other columns.
        title, genres = (Text(words, no_wrap=True) for words in (movie.title, ", ".join(movie.genres)))
        table.add_row(str(place), title, str(movie.year or ""), genres, *cells(entry))
    return table


def _pairs(request: Any, response: service_pb2.BatchRecommendPairsResponse) -> Group:  # noqa: ANN401 - see show
    """One row a pair: its movies in order, or what was wrong with it; then what there is to remark on each."""
    lines = []
    table = _bare_table()
    for heading in ("first", "second", "movies, best first"):
        table.add_column(heading, overflow="ellipsis", no_wrap=True)
    for pair, result in zip(request.requests, response.results, strict=True):
        movies = [entry.movie.title for entry in result.response.recommendations]
        said = explain_status(result.error, ()) if result.HasField("error") else movies
        first, second = pair.first.user_id, pair.second.user_id
        table.add_row(*map(Text, (first, second, "; ".join(said))))
        lines += [Text(f"{first} and {second}: {remark}") for remark in remarks(result.response)]
    return Group(table, *lines)


def _facts(response: service_pb2.GetReleaseResponse) -> Table:
    release, data = response.release, response.release.data
    sizes = f"{data.rating_count:,} ratings, {data.user_count:,} people, {data.movie_count:,} movies"
    facts = [
        ("release", f"{release.release_version}, created {release.create_time.ToJsonString()}"),
        ("data", f"{data.name}: {sizes}"),
        ("scale", f"{release.rating_min:g} to {release.rating_max:g} stars"),
        ("genres", ", ".join(release.genres)),
        ("fingerprint", data.fingerprint),
        ("terms", data.license),
        *((model.model, f"version {model.version}: {model.state}") for model in release.models),
        *(("not served", f"release {each.release_version}: {each.reason}") for each in response.skipped_releases),
    ]
    table = Table(box=None, show_header=False, pad_edge=False)
    for fact in facts:
        table.add_row(*map(Text, fact))
    return table


def _metrics(systems: Iterable[release_pb2.SystemMetrics]) -> Table:
    names = sorted({name for system in systems for name in system.values})
    table = _bare_table()
    table.add_column("system")
    for name in names:
        table.add_column(name.replace("_", " "), justify="right")
    for system in systems:
        values = (f"{system.values[name]:.4f}" if name in system.values else "" for name in names)
        table.add_row(f"{system.system} (served)" if system.served else system.system, *values)
    return table


def _bare_table() -> Table:
    return Table(box=box.SIMPLE_HEAD, show_edge=False, pad_edge=False, padding=(0, 1, 0, 0))
