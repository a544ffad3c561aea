"""What can be asked of the recommender, in its own values."""

from dataclasses import dataclass
from enum import Enum

from server.recommender.models import Rows

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


@dataclass(frozen=True)
class PairQuery:
    """Asks for one list for two different people.

    Attributes:
        first_weight_millionths: How much the first counts, 0 to 1,000,000; the second gets the rest. Whole
            numbers, so that swapping people is exact.
        page_size: How many movies at most, 1 or more.
    """

    first_user_id: str
    second_user_id: str
    first_weight_millionths: int = MILLION // 2
    objective: Objective = Objective.WATCH
    page_size: int = 10
    strategy: Strategy = Strategy.RANK_FUSION


@dataclass(frozen=True)
class PersonQuery:
    """Asks for one person's own list.

    Attributes:
        excluded_rows: Movies to leave out beside those the person has watched.
        page_size: How many movies at most, 1 or more.
    """

    user_id: str
    objective: Objective = Objective.WATCH
    page_size: int = 10
    excluded_rows: Rows | None = None
