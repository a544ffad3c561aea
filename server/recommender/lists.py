"""What the recommender answers, in its own values; movies are rows of the release's catalogue."""

from enum import Enum
from typing import NamedTuple

from server.frozen import frozen


class Source(Enum):
    """Where a list comes from: all three models, all but the ranking head, or the popularity list."""

    MODEL = "model"
    MODEL_WITHOUT_STARS = "model_without_stars"
    FALLBACK_POPULAR = "fallback_popular"


class Preference(NamedTuple):
    """What a movie means to one person.

    Attributes:
        score: What orders the person's own list; higher is better, comparable within one person's list only.
        rank: Place in the person's own list over the whole catalogue less what is excluded; 1 is best.
        rating: Predicted stars, on the scale of the data; NaN unless the source is MODEL.
        reasons: Rows of up to three movies of the person's own history that speak most for it, strongest first.
    """

    score: float
    rank: int
    rating: float
    reasons: tuple[int, ...] = ()


class PairEntry(NamedTuple):
    """One movie of a pair's list; `pair_score` is what the strategy adds up for both."""

    row: int
    pair_score: float
    first: Preference
    second: Preference


class PersonEntry(NamedTuple):
    """One movie of a person's own list."""

    row: int
    preference: Preference


@frozen
class PairList:
    """One list for two people, best first.

    Attributes:
        unknown_members: The user ids that the catalogue does not know, the first member's before the second's.
        source: Where the list comes from.
        fault: Why the source is not MODEL, in one sentence; empty when it is.
    """

    entries: tuple[PairEntry, ...]
    unknown_members: tuple[str, ...] = ()
    source: Source = Source.MODEL
    fault: str = ""


@frozen
class PersonList:
    """One person's own list, best first; see PairList."""

    entries: tuple[PersonEntry, ...]
    unknown_members: tuple[str, ...] = ()
    source: Source = Source.MODEL
    fault: str = ""
