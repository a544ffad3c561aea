"""What the recommender answers, in its own values; movies are rows of the release's catalogue."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Preference:
    """What a movie means to one person.

    Attributes:
        score: What orders the person's own list; higher is better, comparable within one person's list only.
        rank: Place in the person's own list over the whole catalogue less what is excluded; 1 is best.
        rating: Predicted stars, on the scale of the data.
    """

    score: float
    rank: int
    rating: float


@dataclass(frozen=True)
class PairEntry:
    """One movie of a pair's list; `pair_score` is what the strategy adds up for both."""

    row: int
    pair_score: float
    first: Preference
    second: Preference


@dataclass(frozen=True)
class PairList:
    """One list for two people, best first, and which of them the release does not know."""

    entries: tuple[PairEntry, ...]
    unknown_members: tuple[str, ...]


@dataclass(frozen=True)
class PersonEntry:
    """One movie of a person's own list."""

    row: int
    preference: Preference


@dataclass(frozen=True)
class PersonList:
    """One person's own list, best first, and whether the release knows the person."""

    entries: tuple[PersonEntry, ...]
    known: bool
