import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pairrec.v1 import pair_recommendation_service_pb2 as service_pb2
from pairrec.v1 import recommendation_pb2

from server.errors import InvalidRequestError
from server.gateway.checks_lists import Asked, read_pair
from server.gateway.page_token import Page
from server.recommender.catalog import Catalog
from server.recommender.lists import Source
from server.recommender.queries import MovieFilter, Objective, PairQuery, Strategy

FIRST, SECOND = {"user_id": "1"}, {"user_id": "2"}
NAN, INFINITY = float("nan"), float("inf")
NOBODY = "names nobody; set user_id, history or genre_ratings"


def read(catalog: Catalog, **fields: object) -> Asked[PairQuery]:
    request = service_pb2.RecommendPairRequest(**{"first": FIRST, "second": SECOND} | fields)
    return read_pair(request, Page.of(request), catalog)


def faults(catalog: Catalog, **fields: object) -> list[tuple[str, str]]:
    with pytest.raises(InvalidRequestError) as caught:
        read(catalog, **fields)
    return list(caught.value.faults)


def test_what_is_left_open_gets_its_default(catalog: Catalog) -> None:
    asked = read(catalog)
    query, wanted = asked.query, asked.query.wanted
    assert (query.first.user_id, query.second.user_id) == ("1", "2")
    assert (query.first_weight_millionths, query.strategy) == (500_000, Strategy.RANK_FUSION)
    assert (wanted.objective, wanted.filter, wanted.diversity) == (Objective.WATCH, MovieFilter(), 0)
    assert (query.first.include_watched, query.second.include_watched, wanted.with_reasons) == (False,) * 3
    assert (asked.page.size, asked.source, asked.validate_only) == (10, None, False)


@pytest.mark.parametrize(("weight", "millionths"), [(0, 0), (1, 10**6), (0.7, 700_000), (0.1 + 0.2, 300_000)])
def test_weights_are_held_in_millionths(catalog: Catalog, weight: float, millionths: int) -> None:
    assert read(catalog, first_weight=weight).query.first_weight_millionths == millionths


@given(weight=st.floats(0, 1))
def test_turning_the_weight_is_exact(catalog: Catalog, weight: float) -> None:
    both = (read(catalog, first_weight=w).query.first_weight_millionths for w in (weight, 1 - weight))
    assert abs(sum(both) - 10**6) <= (1 if round(weight * 2e6) % 2 else 0)


def test_every_objective_and_strategy_is_understood(catalog: Catalog) -> None:
    objectives = [read(catalog, objective=number).query.wanted.objective for number in range(3)]
    assert objectives == [Objective.WATCH, Objective.WATCH, Objective.LIKE]
    strategies = [read(catalog, strategy=number).query.strategy for number in recommendation_pb2.Strategy.values()]
    assert strategies == [Strategy.RANK_FUSION, *Strategy]


@pytest.mark.parametrize("length", [1, 128])
def test_user_ids_up_to_the_bound_are_fine(catalog: Catalog, length: int) -> None:
    assert read(catalog, first={"user_id": "ü" * length}).query.first.user_id == "ü" * length


def test_a_history_counts_each_movie_once_as_named_last(catalog: Catalog) -> None:
    named = [("m3", 4.0), ("m1", None), ("m2", 1.5), ("m3", None), ("m1", 2.0)]
    history = [{"movie_id": movie_id, "rating": rating} for movie_id, rating in named]
    read_history = read(catalog, first={"history": history}).query.first.history
    assert read_history.rows.tolist() == [2, 3, 1]
    np.testing.assert_array_equal(read_history.ratings, np.array([1.5, NAN, 2.0], np.float32))


def test_tastes_are_in_the_order_of_the_release_whatever_their_case(catalog: Catalog) -> None:
    tastes = read(catalog, first={"genre_ratings": {"war": 5, "Comedy": 1}}).query.first.genre_ratings
    np.testing.assert_array_equal(tastes, np.array([1, NAN, 5], np.float32))
    assert read(catalog).query.first.genre_ratings is None


def test_a_filter_is_read_whole(catalog: Catalog) -> None:
    conditions = {"min_year": 1995, "max_year": 1995, "min_rating_count": 2}
    wanted = read(
        catalog,
        filter={"genres": ["DRAMA"], "excluded_genres": ["War"], "excluded_movie_ids": ["m7", "x"], **conditions},
    ).query.wanted
    assert wanted.filter == MovieFilter(("Drama",), ("War",), 1995, 1995, 2)
    assert wanted.excluded_rows.tolist() == [7]


def test_unknown_movies_are_named_once_in_order(catalog: Catalog) -> None:
    asked = read(
        catalog,
        first={"history": [{"movie_id": "x"}, {"movie_id": "m1"}]},
        second={"history": [{"movie_id": "y"}, {"movie_id": "x"}]},
        filter={"excluded_movie_ids": ["z", "y", "m2"]},
    )
    assert asked.unknown_movie_ids == ("x", "y", "z")


@pytest.mark.parametrize(
    ("include", "included"),
    [
        ("INCLUDE_WATCHED_UNSPECIFIED", (False, False)),
        ("INCLUDE_WATCHED_NONE", (False, False)),
        ("INCLUDE_WATCHED_BY_FIRST", (True, False)),
        ("INCLUDE_WATCHED_BY_SECOND", (False, True)),
        ("INCLUDE_WATCHED_BOTH", (True, True)),
    ],
)
def test_watched_movies_need_the_consent_of_just_those_who_are_named(
    catalog: Catalog, include: str, included: tuple[bool, bool]
) -> None:
    consents = [{"user_id": str(i), "share_history": agrees} for i, agrees in enumerate(included)]
    query = read(catalog, first=consents[0], second=consents[1], include_watched=include).query
    assert (query.first.include_watched, query.second.include_watched) == included
    if any(included):
        named = [field for field, _ in faults(catalog, include_watched=include)]
        expected = [f"{field}.share_history" for field, one in zip(("first", "second"), included, strict=True) if one]
        assert named == expected


def test_reasons_need_the_consent_of_both(catalog: Catalog) -> None:
    agreeing = FIRST | {"share_history": True}
    why = "is false; with_reasons would reveal this person's history"
    assert faults(catalog, first=agreeing, with_reasons=True) == [("second.share_history", why)]


@pytest.mark.parametrize(("allow", "source"), [(None, None), (True, None), (False, Source.MODEL)])
def test_only_refusing_fallback_settles_the_source(catalog: Catalog, allow: bool | None, source: Source) -> None:
    assert read(catalog, allow_fallback=allow).source is source


@pytest.mark.parametrize(
    ("fields", "fault"),
    [
        ({"first": None}, ("first", NOBODY)),
        ({"second": {"share_history": True}}, ("second", NOBODY)),
        ({"second": {"user_id": "x" * 129}}, ("second.user_id", "has 129 characters; must have 1 to 128")),
        ({"second": FIRST}, ("second.user_id", "is the same person as first.user_id; name someone else")),
        ({"first_weight": 1.5}, ("first_weight", "is 1.5; must be 0 to 1")),
        ({"first_weight": -1e-9}, ("first_weight", "is -1e-09; must be 0 to 1")),
        ({"first_weight": NAN}, ("first_weight", "is nan; must be 0 to 1")),
        ({"diversity": INFINITY}, ("diversity", "is inf; must be 0 to 1")),
        ({"page_size": -1}, ("page_size", "is -1; must be 0 or more")),
        (
            {"objective": -1},
            ("objective", "is -1; must be one of OBJECTIVE_UNSPECIFIED, OBJECTIVE_WATCH, OBJECTIVE_LIKE"),
        ),
        ({"page_token": "!"}, ("page_token", "is none that this service made; send next_page_token as it came")),
    ],
)
def test_a_bad_field_is_named_with_its_bound(
    catalog: Catalog, fields: dict[str, object], fault: tuple[str, str]
) -> None:
    assert faults(catalog, **fields) == [fault]


@pytest.mark.parametrize("rating", [0.99, 5.01, NAN, INFINITY, -INFINITY])
def test_a_rating_outside_the_scale_is_named_with_the_scale(catalog: Catalog, rating: float) -> None:
    bad = f"is {rating}; must be 1 to 5"
    history = [{"movie_id": "m1", "rating": 1}, {"movie_id": "m2", "rating": rating}]
    assert faults(catalog, first={"history": history}) == [("first.history[1].rating", bad)]
    assert faults(catalog, second={"genre_ratings": {"War": rating}}) == [('second.genre_ratings["War"]', bad)]


@pytest.mark.parametrize("movie_id", ["", "x" * 129])
def test_a_movie_id_has_a_bounded_length(catalog: Catalog, movie_id: str) -> None:
    bad = f"has {len(movie_id)} characters; must have 1 to 128"
    assert faults(catalog, first={"history": [{"movie_id": movie_id}]}) == [("first.history[0].movie_id", bad)]
    named = faults(catalog, filter={"excluded_movie_ids": ["m1", movie_id]})
    assert named == [("filter.excluded_movie_ids[1]", bad)]


def test_an_unknown_genre_is_named_with_the_known_ones(catalog: Catalog) -> None:
    bad = 'is "Wrestling"; must be one of Comedy, Drama, War'
    assert faults(catalog, filter={"genres": ["War", "Wrestling"]}) == [("filter.genres[1]", bad)]
    assert faults(catalog, filter={"excluded_genres": ["Wrestling"]}) == [("filter.excluded_genres[0]", bad)]
    tastes = {"genre_ratings": {"Wrestling": 3}}
    assert faults(catalog, first=tastes) == [('first.genre_ratings["Wrestling"]', bad)]


def test_a_genre_named_in_two_cases_is_a_fault(catalog: Catalog) -> None:
    [(field, _)] = faults(catalog, first={"genre_ratings": {"war": 3, "WAR": 3}})
    assert field == 'first.genre_ratings["war"]'


@pytest.mark.parametrize(
    ("fields", "field", "most"),
    [
        (lambda n: {"first": {"history": [{"movie_id": ""}] * n}}, "first.history", 1000),
        (lambda n: {"first": {"genre_ratings": {str(i): NAN for i in range(n)}}}, "first.genre_ratings", 100),
        (lambda n: {"filter": {"genres": [""] * n}}, "filter.genres", 100),
        (lambda n: {"filter": {"excluded_genres": [""] * n}}, "filter.excluded_genres", 100),
        (lambda n: {"filter": {"excluded_movie_ids": [""] * n}}, "filter.excluded_movie_ids", 1000),
    ],
)
def test_what_is_too_long_is_one_fault_and_not_read(catalog: Catalog, fields, field: str, most: int) -> None:
    bad = f"has {most + 1} entries; must have {most} at most"
    assert faults(catalog, **fields(most + 1)) == [(field, bad)]
    assert field not in [named for named, _ in faults(catalog, **fields(most))]


def test_years_the_wrong_way_round_are_a_fault(catalog: Catalog) -> None:
    named = faults(catalog, filter={"min_year": 1990, "max_year": 1980})
    assert named == [("filter.min_year", "is 1990; must be max_year, 1980, or less")]
    assert not read(catalog, filter={"max_year": -5}).query.wanted.filter.min_year


def test_all_bad_fields_are_named_at_once(catalog: Catalog) -> None:
    named = faults(
        catalog,
        first={},
        second={"user_id": "x" * 200, "history": [{"movie_id": "", "rating": 9}]},
        first_weight=2,
        objective=9,
        strategy=9,
        page_size=-5,
        page_token="%",
        filter={"min_rating_count": -1, "genres": ["?"]},
        include_watched=9,
        with_reasons=True,
        diversity=-1,
    )
    assert sorted(field for field, _ in named) == [
        "diversity",
        "filter.genres[0]",
        "filter.min_rating_count",
        "first",
        "first.share_history",
        "first_weight",
        "include_watched",
        "objective",
        "page_size",
        "page_token",
        "second.history[0].movie_id",
        "second.history[0].rating",
        "second.share_history",
        "second.user_id",
        "strategy",
    ]


def test_no_fault_quotes_more_than_a_little_of_what_came(catalog: Catalog) -> None:
    named = faults(catalog, filter={"genres": ["ü" * 10_000]}, first={"genre_ratings": {"x" * 10_000: NAN}})
    assert max(len(field) + len(description) for field, description in named) < 500
