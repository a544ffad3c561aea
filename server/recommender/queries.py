"""What can be asked of the recommender, in its own values; movies are rows of the release's catalogue."""

from dataclasses import field
from enum import Enum

import numpy as np

from server.frozen import frozen
from server.recommender.models import Floats, Rows

MILLION = 1_000_000


class Objective(Enum):
    """What a list should hold: what people will likely watch, or what they will likely like."""

    WATCH = "watch"
    LIKE = "like"


class Strategy(Enum):
    """How two members' lists become one; each is a function of `server.recommender.fusion`."""

    RANK_FUSION = "rank_fusion"
    WEIGHTED_AVERAGE = "weighted_average"
    LEAST_MISERY = "least_misery"
    MOST_PLEASURE = "most_pleasure"
    PROPORTIONAL = "proportional"


class PopularOrder(Enum):
    """In what order popular movies come; values are columns of the catalogue's popularity lists."""

    HIGHEST_RATED = "highest_rated"
    MOST_RATED = "most_rated"


@frozen
class History:
    """What a person watched, oldest first, each movie once.

    Attributes:
        rows: `[h] int32`.
        ratings: `[h] float32` stars; NaN where a movie was watched and not rated.
    """

    rows: Rows = field(default_factory=lambda: np.empty(0, np.int32))
    ratings: Floats = field(default_factory=lambda: np.empty(0, np.float32))


NO_HISTORY = History()


@frozen
class Member:
    """One person: someone known, a guest, or someone known with newer facts.

    Attributes:
        user_id: The person's id; empty for a guest.
        history: For a guest the whole of it; for someone known what is newer than the stored one, and goes over it.
        genre_ratings: `[g] float32` stars a genre in the order of the release, NaN for no opinion; None for none at
            all. They count only for someone without any history.
        include_watched: Whether lists may hold what this person has watched.
    """

    user_id: str = ""
    history: History = NO_HISTORY
    genre_ratings: Floats | None = None
    include_watched: bool = False


@frozen
class MovieFilter:
    """Which movies a list may hold: those that pass every condition.

    Attributes:
        genres: Of at least one of these; none: of any. As the release spells them.
        excluded_genres: Of none of these.
        min_year: Not before; a movie of unknown year passes no bound.
        max_year: Not after.
        min_rating_count: Rated by so many people at least.
    """

    genres: tuple[str, ...] = ()
    excluded_genres: tuple[str, ...] = ()
    min_year: int | None = None
    max_year: int | None = None
    min_rating_count: int = 0


@frozen
class ListQuery:
    """What a list should be like, for one person or two.

    Attributes:
        size: How many movies at most, 1 or more; the first n movies of a longer list are the list of n.
        excluded_rows: Movies to leave out beside those that were watched, `[e] int32`.
        filter: Which movies the list may hold, of the whole catalogue.
        diversity: How much movies unlike those before them are preferred, 0 to 1.
        with_reasons: Whether to say which movies of each person's history speak for a movie.
        use_stars: Whether to ask the ranking head; without it LIKE is ordered as WATCH.
    """

    objective: Objective = Objective.WATCH
    size: int = 10
    excluded_rows: Rows | None = None
    filter: MovieFilter = field(default_factory=MovieFilter)
    diversity: float = 0.0
    with_reasons: bool = False
    use_stars: bool = True


@frozen
class PairQuery:
    """Asks for one list for two different people.

    Attributes:
        first_weight_millionths: How much the first counts, 0 to 1,000,000; the second gets the rest. Whole
            numbers, so that swapping people is exact.
    """

    first: Member
    second: Member
    first_weight_millionths: int = MILLION // 2
    strategy: Strategy = Strategy.RANK_FUSION
    wanted: ListQuery = field(default_factory=ListQuery)


@frozen
class PersonQuery:
    """Asks for one person's own list."""

    member: Member
    wanted: ListQuery = field(default_factory=ListQuery)
