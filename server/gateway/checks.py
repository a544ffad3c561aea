"""Checks requests and turns them into queries; every fault of a request is named at once."""

from collections.abc import Iterator

from google.protobuf.internal.enum_type_wrapper import EnumTypeWrapper
from pairrec.v1 import pair_recommendation_service_pb2 as service_pb2
from pairrec.v1 import recommendation_pb2

from server.errors import FieldFault, InvalidRequestError
from server.recommender.queries import MILLION, Objective, PairQuery, Strategy

_MAX_USER_ID_LENGTH = 128
_DEFAULT_PAGE_SIZE = 10
_MAX_PAGE_SIZE = 100
_DEFAULT_WEIGHT = 0.5

_OBJECTIVES = {
    recommendation_pb2.OBJECTIVE_UNSPECIFIED: Objective.WATCH,
    recommendation_pb2.OBJECTIVE_WATCH: Objective.WATCH,
    recommendation_pb2.OBJECTIVE_LIKE: Objective.LIKE,
}

_STRATEGIES = {
    recommendation_pb2.STRATEGY_UNSPECIFIED: Strategy.RANK_FUSION,
    recommendation_pb2.STRATEGY_RANK_FUSION: Strategy.RANK_FUSION,
    recommendation_pb2.STRATEGY_WEIGHTED_AVERAGE: Strategy.WEIGHTED_AVERAGE,
    recommendation_pb2.STRATEGY_LEAST_MISERY: Strategy.LEAST_MISERY,
    recommendation_pb2.STRATEGY_MOST_PLEASURE: Strategy.MOST_PLEASURE,
    recommendation_pb2.STRATEGY_PROPORTIONAL: Strategy.PROPORTIONAL,
}


def pair_query(request: service_pb2.RecommendPairRequest) -> PairQuery:
    """Turns a request into a query, with defaults in place of what it leaves open.

    Raises:
        InvalidRequestError: Names every bad field.
    """
    faults = list(_faults(request))
    if faults:
        raise InvalidRequestError(faults)
    return PairQuery(
        first_user_id=request.first.user_id,
        second_user_id=request.second.user_id,
        first_weight_millionths=round(_first_weight(request) * MILLION),
        objective=_OBJECTIVES[request.objective],
        page_size=min(request.page_size or _DEFAULT_PAGE_SIZE, _MAX_PAGE_SIZE),
        strategy=_STRATEGIES[request.strategy],
    )


def _faults(request: service_pb2.RecommendPairRequest) -> Iterator[FieldFault]:
    for field in ("first", "second"):
        yield from _member_faults(request, field)
    if request.first.user_id and request.first.user_id == request.second.user_id:
        yield FieldFault("second.user_id", "is the same person as first.user_id; name someone else")
    weight = _first_weight(request)
    if not 0 <= weight <= 1:
        yield FieldFault("first_weight", f"is {weight}; must be 0 to 1")
    yield from _enum_faults("objective", request.objective, recommendation_pb2.Objective)
    yield from _enum_faults("strategy", request.strategy, recommendation_pb2.Strategy)
    if request.page_size < 0:
        yield FieldFault("page_size", f"is {request.page_size}; must be 0 (for {_DEFAULT_PAGE_SIZE}) or more")


def _member_faults(request: service_pb2.RecommendPairRequest, field: str) -> Iterator[FieldFault]:
    length = len(getattr(request, field).user_id)
    if not request.HasField(field):
        yield FieldFault(field, "is missing; name a person")
    elif not 1 <= length <= _MAX_USER_ID_LENGTH:
        yield FieldFault(f"{field}.user_id", f"has {length} characters; must have 1 to {_MAX_USER_ID_LENGTH}")


def _enum_faults(field: str, value: int, enum: EnumTypeWrapper) -> Iterator[FieldFault]:
    if value not in enum.values():
        yield FieldFault(field, f"is {value}, which is unknown; must be one of {', '.join(enum.keys())}")


def _first_weight(request: service_pb2.RecommendPairRequest) -> float:
    return request.first_weight if request.HasField("first_weight") else _DEFAULT_WEIGHT
