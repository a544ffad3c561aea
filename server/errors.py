"""What can go wrong; errors for callers carry the name of a gRPC status and a reason for programs."""

from collections.abc import Sequence
from typing import ClassVar, NamedTuple


class FieldFault(NamedTuple):
    """One bad field of a request: its path, such as `first.user_id`, and what is wrong with it."""

    field: str
    description: str


# How many faults an error's message tells, of which there can be thousands; its details name more.
_MOST_TOLD = 20


class PairrecError(Exception):
    """Base of all errors whose message is meant for the caller.

    Attributes:
        status: Name of the gRPC status code the caller gets.
        reason: UPPER_SNAKE word for programs, sent as `google.rpc.ErrorInfo.reason`.
    """

    status: ClassVar[str]
    reason: ClassVar[str]


class InvalidRequestError(PairrecError):
    """The request can never be answered as it stands; `faults` names every bad field of it."""

    status = "INVALID_ARGUMENT"
    reason = "INVALID_REQUEST"

    def __init__(self, faults: Sequence[FieldFault]) -> None:
        super().__init__("; ".join(f"{fault.field}: {fault.description}" for fault in faults[:_MOST_TOLD]))
        self.faults = tuple(faults)


class ModelsUnavailableError(PairrecError):
    """The models cannot be reached, or what they answer cannot be used."""

    status = "UNAVAILABLE"
    reason = "MODELS_UNAVAILABLE"


class ReleaseUnavailableError(PairrecError):
    """No release is ready to answer."""

    status = "UNAVAILABLE"
    reason = "RELEASE_UNAVAILABLE"


class DeadlineExceededError(PairrecError):
    """The time the caller allows is over."""

    status = "DEADLINE_EXCEEDED"
    reason = "DEADLINE_EXCEEDED"


class NotFoundError(PairrecError):
    """What the request names by its id does not exist."""

    status = "NOT_FOUND"
    reason = "NOT_FOUND"


class ReleaseGoneError(PairrecError):
    """The release a list began with is no longer loaded."""

    status = "FAILED_PRECONDITION"
    reason = "RELEASE_GONE"


class GatewayFullError(PairrecError):
    """More calls are under way or wait than the gateway lets in."""

    status = "RESOURCE_EXHAUSTED"
    reason = "GATEWAY_FULL"


class InternalError(PairrecError):
    """Something that should not happen did; the log has the rest."""

    status = "INTERNAL"
    reason = "INTERNAL"


class ReleaseError(Exception):
    """A release on disk must not be served; the message says why in one sentence. Never sent as a status."""
