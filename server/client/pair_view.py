"""A list for two people as it looks in the terminal."""

from collections.abc import Iterator
from dataclasses import dataclass

from pairrec.v1 import pair_recommendation_service_pb2 as service_pb2
from pairrec.v1 import recommendation_pb2
from rich import box
from rich.console import Console, ConsoleOptions, RenderableType
from rich.table import Table
from rich.text import Text

_LONGEST_ID = 6  # characters of a user id that fit above a column of stars
_NARROW = 100  # columns; below that genres are cut, so that titles can be read
_NARROW_GENRES = 15


@dataclass(frozen=True)
class PairView:
    """The answer to a request: a line saying whose list it is, then one row a movie, best first."""

    request: service_pb2.RecommendPairRequest
    response: service_pb2.RecommendPairResponse

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> Iterator[RenderableType]:
        """Lays the answer out in the width there is; a title that does not fit ends in an ellipsis."""
        yield Text(self._headline(), style="bold")
        for user_id in self.response.unknown_members:
            yield Text(f"The release knows nobody called {user_id}: their half is what most people watch.")
        if self.response.recommendations:
            yield self._table(_NARROW_GENRES if options.max_width < _NARROW else None)
        else:
            yield Text("No movie is left that neither has watched.")

    def _headline(self) -> str:
        request = self.request
        return (
            f"For {request.first.user_id} (weight {request.first_weight:g}) and {request.second.user_id} "
            f"({round(1 - request.first_weight, 6):g}): what both will likely "
            f"{_word(recommendation_pb2.Objective.Name(request.objective))}, "
            f"by {_word(recommendation_pb2.Strategy.Name(request.strategy))}, "
            f"release {self.response.release_version}"
        )

    def _table(self, genres_width: int | None) -> Table:
        table = Table(box=box.SIMPLE_HEAD, show_edge=False, pad_edge=False, padding=(0, 1, 0, 0))
        table.add_column("#", justify="right", no_wrap=True)
        table.add_column("title", overflow="ellipsis")
        table.add_column("year", no_wrap=True)
        table.add_column("genres", overflow="ellipsis", max_width=genres_width)
        people = (_short(self.request.first.user_id), _short(self.request.second.user_id))
        of_each = (f"{person}\n{value}" for person in people for value in ("stars", "rank"))
        for heading in ("pair\nscore", *of_each):
            table.add_column(heading, justify="right", no_wrap=True)
        for place, entry in enumerate(self.response.recommendations, start=1):
            table.add_row(*_row(place, entry))
        return table


def _row(place: int, entry: recommendation_pb2.PairRecommendation) -> Iterator[RenderableType]:
    movie = entry.movie
    yield str(place)
    # Text that must not wrap in a column that may: rich narrows no other columns.
    yield Text(movie.title, no_wrap=True)
    yield str(movie.year or "")
    yield Text(", ".join(movie.genres), no_wrap=True)
    yield f"{entry.pair_score:.4f}"
    for member in (entry.first, entry.second):
        yield f"{member.predicted_rating:.1f}"
        yield str(member.rank)


def _word(enum_name: str) -> str:
    return enum_name.partition("_")[2].lower().replace("_", " ")


def _short(user_id: str) -> str:
    return user_id if len(user_id) <= _LONGEST_ID else f"{user_id[: _LONGEST_ID - 1]}…"
