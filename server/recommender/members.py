"""People as the catalogue completes them: what they watched, and what the query tower is told of them."""

from collections.abc import Iterable

import numpy as np

from server.frozen import frozen
from server.recommender.catalog import Catalog
from server.recommender.models import Rows
from server.recommender.queries import History, Member


@frozen
class Person:
    """A member and all that is known of them.

    Attributes:
        member: Who asks, as asked.
        history: Everything they watched, the stored and the newer.
        told: What the query tower is told: a user id alone stands for the stored history.
    """

    member: Member
    history: History
    told: Member

    @property
    def is_stored(self) -> bool:
        """Whether their id alone says who they are: a known user as stored, or, where it is empty, a stranger."""
        return not len(self.told.history.rows) and self.told.genre_ratings is None

    @property
    def excluded_rows(self) -> Rows:
        """What this person's lists leave out as watched."""
        return self.history.rows[:0] if self.member.include_watched else self.history.rows


def complete(catalog: Catalog, member: Member) -> Person:
    """Lays newer facts over the stored history.

    Whom the catalogue does not know is no user for the query tower either: someone forgotten is a stranger, though
    the tower still has their embedding.
    """
    stored = catalog.history(member.user_id)
    if len(member.history.rows):
        history = overlay(stored, member.history)
        return Person(member, history, Member(history=history))
    if len(stored.rows):
        return Person(member, stored, member if member.genre_ratings is None else Member(member.user_id))
    return Person(member, stored, Member(genre_ratings=member.genre_ratings))


def overlay(stored: History, newer: History) -> History:
    """Puts newer facts over a history: a movie in both counts once, as the newer.

    A movie that is newly watched and was rated before keeps its stars.
    """
    _, again, before = np.intersect1d(newer.rows, stored.rows, assume_unique=True, return_indices=True)
    ratings = newer.ratings.copy()
    ratings[again] = np.where(np.isnan(ratings[again]), stored.ratings[before], ratings[again])
    rows = np.concatenate((np.delete(stored.rows, before), newer.rows))
    return History(rows, np.concatenate((np.delete(stored.ratings, before), ratings)))


def unknown_ids(catalog: Catalog, members: Iterable[Member]) -> tuple[str, ...]:
    """Returns the user ids that the catalogue does not know, in order."""
    return tuple(m.user_id for m in members if m.user_id and not catalog.knows(m.user_id))
