"""Who shares a list, what it leaves out and what it may hold: queries as the catalogue completes them."""

from collections.abc import Sequence

import numpy as np

from server.frozen import frozen
from server.recommender.catalog import Catalog, Flags
from server.recommender.members import Person, complete
from server.recommender.models import Rows
from server.recommender.queries import ListQuery, Member, MovieFilter

# Up to so many movies that a filter allows are ranked one by one; where it allows more, those it refuses are fewer or
# the catalogue is large, and the index leaves them out.
MOST_RANKED = 4_096
_ANY_MOVIE = MovieFilter()


@frozen
class Group:
    """The two of a pair, or one person alone.

    Attributes:
        people: One or two.
        wanted: What their list should be like.
        excluded_rows: What the index has to leave out, `[e] int32`; repeats are possible.
        allowed_rows: All that the list may hold, `[a] int32`, ascending; None where the index may find anything.
    """

    people: tuple[Person, ...]
    wanted: ListQuery
    excluded_rows: Rows
    allowed_rows: Rows | None = None

    @property
    def width(self) -> int:
        """How many rows the models are told of each member."""
        return len(self.excluded_rows if self.allowed_rows is None else self.allowed_rows)

    @property
    def is_stored(self) -> bool:
        """Whether all are who they are by their ids alone."""
        return all(person.is_stored for person in self.people)

    def mark_kept(self, kept: Flags) -> None:
        """Sets which movies the list may hold, `[movies] bool`."""
        if self.allowed_rows is None:
            kept.fill(True)
            kept[self.excluded_rows] = False
        else:
            kept.fill(False)
            kept[self.allowed_rows] = True


def complete_group(catalog: Catalog, members: Sequence[Member], wanted: ListQuery) -> Group:
    """Looks up who asks, and turns a filter into rows."""
    people = tuple(complete(catalog, member) for member in members)
    excluded = excluded_rows(people, wanted)
    if wanted.filter == _ANY_MOVIE:
        return Group(people, wanted, excluded)
    passes = catalog.allowed(wanted.filter)
    if passes.sum() > MOST_RANKED:
        refused = np.flatnonzero(~passes).astype(np.int32)
        return Group(people, wanted, np.concatenate((excluded, refused)))
    passes[excluded] = False
    return Group(people, wanted, excluded[:0], np.flatnonzero(passes).astype(np.int32))


def excluded_rows(people: Sequence[Person], wanted: ListQuery) -> Rows:
    """Returns what the list of some people leaves out whatever its filter, `[e] int32`."""
    others = [] if wanted.excluded_rows is None else [wanted.excluded_rows]
    return np.concatenate([person.excluded_rows for person in people] + others)
