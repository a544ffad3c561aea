import pytest
from hypothesis import given
from hypothesis import strategies as st
from pairrec.v1 import pair_recommendation_service_pb2 as service_pb2
from pairrec.v1 import recommendation_pb2

from server.errors import InvalidRequestError
from server.gateway.checks import pair_query
from server.recommender.queries import Objective, PairQuery, Strategy

FIRST, SECOND = {"user_id": "1"}, {"user_id": "2"}


def query(**fields: object) -> PairQuery:
    return pair_query(service_pb2.RecommendPairRequest(**{"first": FIRST, "second": SECOND} | fields))


def faults(**fields: object) -> list[tuple[str, str]]:
    with pytest.raises(InvalidRequestError) as caught:
        query(**fields)
    return list(caught.value.faults)


def test_what_is_left_open_gets_its_default() -> None:
    assert query() == PairQuery("1", "2", 500_000, Objective.WATCH, 10, Strategy.RANK_FUSION)


@pytest.mark.parametrize(("weight", "millionths"), [(0, 0), (1, 10**6), (0.7, 700_000), (0.1 + 0.2, 300_000)])
def test_weights_are_held_in_millionths(weight: float, millionths: int) -> None:
    assert query(first_weight=weight).first_weight_millionths == millionths


@given(weight=st.floats(0, 1))
def test_turning_the_weight_is_exact(weight: float) -> None:
    both = (query(first_weight=w).first_weight_millionths for w in (weight, 1 - weight))
    assert abs(sum(both) - 10**6) <= (1 if round(weight * 2e6) % 2 else 0)


@pytest.mark.parametrize(("asked", "given"), [(0, 10), (1, 1), (100, 100), (101, 100), (2**31 - 1, 100)])
def test_page_size_is_bounded(asked: int, given: int) -> None:
    assert query(page_size=asked).page_size == given


def test_every_objective_is_understood() -> None:
    assert [query(objective=number).objective for number in range(3)] == [
        Objective.WATCH,
        Objective.WATCH,
        Objective.LIKE,
    ]


def test_every_strategy_is_understood() -> None:
    names = [name.removeprefix("STRATEGY_") for name in recommendation_pb2.Strategy.keys()[1:]]
    assert [query(strategy=f"STRATEGY_{name}").strategy for name in names] == [Strategy[name] for name in names]
    assert set(names) == {strategy.name for strategy in Strategy}
    assert query(strategy=0).strategy is Strategy.RANK_FUSION


@pytest.mark.parametrize("length", [1, 128])
def test_user_ids_up_to_the_bound_are_fine(length: int) -> None:
    assert query(first={"user_id": "ü" * length}).first_user_id == "ü" * length


@pytest.mark.parametrize(
    ("fields", "fault"),
    [
        ({"first": None}, ("first", "is missing; name a person")),
        ({"second": None}, ("second", "is missing; name a person")),
        ({"first": {}}, ("first.user_id", "has 0 characters; must have 1 to 128")),
        ({"second": {"user_id": "x" * 129}}, ("second.user_id", "has 129 characters; must have 1 to 128")),
        ({"second": FIRST}, ("second.user_id", "is the same person as first.user_id; name someone else")),
        ({"first_weight": 1.5}, ("first_weight", "is 1.5; must be 0 to 1")),
        ({"first_weight": -1e-9}, ("first_weight", "is -1e-09; must be 0 to 1")),
        ({"first_weight": float("nan")}, ("first_weight", "is nan; must be 0 to 1")),
        ({"first_weight": float("inf")}, ("first_weight", "is inf; must be 0 to 1")),
        ({"page_size": -1}, ("page_size", "is -1; must be 0 (for 10) or more")),
        (
            {"strategy": 7},
            (
                "strategy",
                "is 7, which is unknown; must be one of STRATEGY_UNSPECIFIED, STRATEGY_RANK_FUSION, "
                "STRATEGY_WEIGHTED_AVERAGE, STRATEGY_LEAST_MISERY, STRATEGY_MOST_PLEASURE, STRATEGY_PROPORTIONAL",
            ),
        ),
        (
            {"objective": -1},
            (
                "objective",
                "is -1, which is unknown; must be one of OBJECTIVE_UNSPECIFIED, OBJECTIVE_WATCH, OBJECTIVE_LIKE",
            ),
        ),
    ],
)
def test_a_bad_field_is_named_with_its_bound(fields: dict[str, object], fault: tuple[str, str]) -> None:
    assert faults(**fields) == [fault]


def test_all_bad_fields_are_named_at_once() -> None:
    named = faults(first={}, second=None, first_weight=2, objective=9, strategy=9, page_size=-5)
    assert [field for field, _ in named] == [
        "first.user_id",
        "second",
        "first_weight",
        "objective",
        "strategy",
        "page_size",
    ]
