"""What is noted of the call under way, for its line in the log and its place in the metrics."""

from contextvars import ContextVar
from dataclasses import dataclass, field
from time import perf_counter


@dataclass
class Observation:
    """Facts about one call; whoever learns one sets it. Objective, strategy and people of a batch stay unset.

    Attributes:
        request_id: What the caller named the call, else made up.
        code: Name of the status the caller gets.
        objective: Of the list asked for, a value of `Objective`; empty where there is none.
        strategy: The same, a value of `Strategy`.
        source: Of the list answered, a value of `Source`; of a batch's lists the one with the fewest models.
        release_version: The release that answered; 0 for none.
        recommendation_id: The answer's.
        user_ids: Who was asked about; never logged as they are.
        stages: Parts of it, with the seconds each took.
    """

    request_id: str = ""
    code: str = "OK"
    objective: str = ""
    strategy: str = ""
    source: str = ""
    release_version: int = 0
    recommendation_id: str = ""
    user_ids: list[str] = field(default_factory=list)
    stages: list[tuple[str, float]] = field(default_factory=list)


_under_way: ContextVar[Observation] = ContextVar("_under_way")


def begin(observation: Observation) -> None:
    """Makes an observation the one of this call, that is of the task that runs it and of those it starts."""
    _under_way.set(observation)


def observed() -> Observation:
    """Returns the observation of the call under way; outside a call one that nobody reads."""
    return _under_way.get(None) or Observation()


class Stage:
    """Times the part of a call that runs within it; its name is one of a few, never a caller's word.

    Outside a call, as in a trial of a release, nobody reads it.
    """

    def __init__(self, name: str) -> None:
        self._name = name

    def __enter__(self) -> None:
        self._start = perf_counter()

    def __exit__(self, *_: object) -> None:
        observed().stages.append((self._name, perf_counter() - self._start))
