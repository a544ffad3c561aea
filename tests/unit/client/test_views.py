"""What a person reads: plain at any width, nothing taken for markup."""

import pytest
from google.protobuf.message import Message
from google.rpc import status_pb2
from pairrec.v1 import movie_pb2, recommendation_pb2, release_pb2
from pairrec.v1 import pair_recommendation_service_pb2 as service_pb2
from rich.console import Console

from server.client.tables import show
from tests.unit.client.conftest import METHODS

REQUEST = service_pb2.RecommendPairRequest(
    first=recommendation_pb2.Member(user_id="196"),
    second=recommendation_pb2.Member(user_id="somebody@example.com"),
    first_weight=0.7,
    objective=recommendation_pb2.OBJECTIVE_LIKE,
    strategy=recommendation_pb2.STRATEGY_RANK_FUSION,
)
GUESTS = service_pb2.RecommendPairRequest(first={"genre_ratings": {"War": 5}}, second={"history": [{"movie_id": "1"}]})
TITLES = ["Heat", "Good, the Bad and the Ugly, The", "[bold]Alien"]
HEAT = movie_pb2.Movie(movie_id="273", title="Heat", year=1995, genres=["Crime"], rating_count=7, mean_rating=3.25)


def entry(title: str) -> recommendation_pb2.PairRecommendation:
    return recommendation_pb2.PairRecommendation(
        movie=movie_pb2.Movie(title=title, year=1995, genres=["Action", "Crime", "Drama", "Thriller"]),
        pair_score=0.0625,
        first=recommendation_pb2.MemberPreference(rank=3, predicted_rating=4.26),
        second=recommendation_pb2.MemberPreference(rank=1204, predicted_rating=3.1),
    )


def lines(request: Message, answer: Message, width: int = 200) -> list[str]:
    console = Console(width=width, markup=False, emoji=False, highlight=False)
    with console.capture() as capture:
        console.print(show("what was asked", request, answer))
    return capture.get().splitlines()


def words(line: str) -> str:
    return " ".join(line.split())


def response(*titles: str, **fields: object) -> service_pb2.RecommendPairResponse:
    recommendations = [entry(title) for title in titles]
    return service_pb2.RecommendPairResponse(release_version=7, recommendations=recommendations, **fields)


def pair(*titles: str, width: int = 200, **fields: object) -> list[str]:
    return lines(REQUEST, response(*titles, **fields), width)


def test_the_head_says_who_how_and_by_which_release():
    assert pair()[0] == (
        "For 196 (weight 0.7) and somebody@example.com (0.3): what both will likely like, by rank fusion, release 7"
    )


def test_guests_go_by_their_place():
    shown = lines(GUESTS, response("Heat"))
    assert shown[0].startswith("For the first (weight 0) and the second (1)")


def test_a_row_holds_the_movie_and_what_it_means_to_each():
    assert words(pair("Heat")[-1]) == "1 Heat 1995 Action, Crime, Drama, Thriller 0.0625 4.3 3 3.1 1204"


def test_a_movie_without_year_genres_or_stars_has_none():
    bare = response("Heat")
    for field in ("year", "genres"):
        bare.recommendations[0].movie.ClearField(field)
    bare.recommendations[0].first.ClearField("predicted_rating")
    assert words(lines(REQUEST, bare)[-1]) == "1 Heat 0.0625 3 3.1 1204"


@pytest.mark.parametrize("width", [72, 80, 120])
def test_each_movie_takes_one_line_that_fits_the_terminal(width):
    shown = pair(*TITLES, width=width)
    assert all(len(line) <= width for line in shown)
    rows = [line.split() for line in shown[-3:]]
    assert [row[0] for row in rows] == ["1", "2", "3"]
    assert all(row[-5:] == ["0.0625", "4.3", "3", "3.1", "1204"] for row in rows)


def test_titles_are_text_and_whole_where_there_is_room():
    assert all(title in line for title, line in zip(TITLES, pair(*TITLES)[-3:], strict=True))


def test_each_unknown_member_and_movie_has_a_line():
    shown = pair(unknown_members=["[red]", "8"], unknown_movie_ids=["99"])
    assert [line.split(": ")[0] for line in shown[1:4]] == [
        "The release knows nobody called [red]",
        "The release knows nobody called 8",
        "The release knows no movie with the id 99",
    ]


@pytest.mark.parametrize(
    ("source", "said"),
    [
        ("SOURCE_MODEL_WITHOUT_STARS", "Without predicted stars: it is down."),
        ("SOURCE_FALLBACK_POPULAR", "Popular movies, picked for nobody: it is down."),
    ],
)
def test_a_list_that_is_not_of_all_models_says_so_and_why(source, said):
    assert pair("Heat", source=source, fallback_reason="it is down.")[1] == said


def test_reasons_and_the_next_page_follow_the_table():
    why = response("Heat", next_page_token="abc")
    why.recommendations[0].second.reasons.add(title="Fargo")
    why.recommendations[0].second.reasons.add(title="Casino")
    assert lines(REQUEST, why)[-2:] == [
        "Heat: the second liked Fargo; Casino",
        "More: --page-token abc",
    ]


def test_an_empty_list_is_said():
    assert pair()[-1] == "There is no movie."


@pytest.mark.parametrize("rpc", ["RecommendPair", "Recommend"])
def test_a_request_that_was_only_checked_has_no_list_to_miss(rpc):
    request, answer = getattr(service_pb2, f"{rpc}Request"), getattr(service_pb2, f"{rpc}Response")
    assert lines(request(validate_only=True), answer())[-1] == "Nothing is wrong with the request."


def test_one_persons_list_has_their_score_stars_and_rank_and_reasons():
    mine = service_pb2.RecommendResponse(release_version=7)
    preference = {"score": 1.5, "rank": 2, "predicted_rating": 4.04, "reasons": [{"title": "Fargo"}]}
    mine.recommendations.add(movie=HEAT, preference=preference)
    shown = lines(service_pb2.RecommendRequest(), mine)
    assert shown[0] == "What was asked, release 7"
    assert words(shown[-2]) == "1 Heat 1995 Crime 1.5000 4.0 2"
    assert shown[-1] == "Heat: this person liked Fargo"


def test_predictions_are_stars():
    answer = service_pb2.PredictRatingsResponse(ratings=[{"movie": HEAT, "predicted_rating": 4.96}])
    assert words(lines(service_pb2.PredictRatingsRequest(), answer)[-1]) == "1 Heat 1995 Crime 5.0"


def test_what_was_watched_and_not_rated_has_no_stars():
    answer = service_pb2.ListRatedMoviesResponse()
    answer.ratings.add(movie=HEAT, rating=2, predicted_rating=3.96)
    answer.ratings.add(movie=HEAT, predicted_rating=3.96)
    shown = lines(service_pb2.ListRatedMoviesRequest(), answer)
    assert [words(line) for line in shown[-2:]] == ["1 Heat 1995 Crime 2.0 4.0", "2 Heat 1995 Crime 4.0"]


def test_similar_movies_have_a_cosine():
    answer = service_pb2.FindSimilarMoviesResponse(movies=[{"movie": HEAT, "score": 0.7}])
    assert words(lines(service_pb2.FindSimilarMoviesRequest(), answer)[-1]) == "1 Heat 1995 Crime 0.700"


def test_popular_and_searched_movies_have_their_id_and_ratings():
    popular = service_pb2.ListPopularMoviesResponse(movies=[HEAT, movie_pb2.Movie(title="Unseen")])
    shown = lines(service_pb2.ListPopularMoviesRequest(), popular)
    assert [words(line) for line in shown[-2:]] == ["1 Heat 1995 Crime 273 7 3.25", "2 Unseen 0"]
    searched = lines(service_pb2.SearchMoviesRequest(), service_pb2.SearchMoviesResponse(movies=[HEAT]))
    assert words(searched[-1]) == "1 Heat 1995 Crime 273 7 3.25"


@pytest.mark.parametrize("rpc", sorted(set(METHODS) - {"BatchRecommendPairs", "GetRelease"}))
def test_every_list_can_be_shown_empty(rpc):
    request, answer = getattr(service_pb2, f"{rpc}Request")(), getattr(service_pb2, f"{rpc}Response")()
    assert lines(request, answer)[-1] == "There is no movie."


def test_a_batch_has_a_row_a_pair_with_its_movies_or_its_fault():
    request = service_pb2.BatchRecommendPairsRequest(requests=[REQUEST, REQUEST])
    answer = service_pb2.BatchRecommendPairsResponse()
    answer.results.add(response=response("Heat", "Fargo", source="SOURCE_FALLBACK_POPULAR", fallback_reason="down."))
    answer.results.add(error=status_pb2.Status(code=3, message="first is second"))
    assert [words(line) for line in lines(request, answer)[-3:]] == [
        "196 somebody@example.com Heat; Fargo",
        "196 somebody@example.com first is second (INVALID_ARGUMENT)",
        "196 and somebody@example.com: Popular movies, picked for nobody: down.",
    ]


def test_a_release_shows_its_data_models_metrics_and_what_is_skipped():
    release = release_pb2.Release(
        release_version=3,
        data=release_pb2.TrainingData(name="ml-100k", license="research only", user_count=943, rating_count=99716),
        models=[release_pb2.ModelState(model="query_tower", version=3, state="AVAILABLE")],
        metrics=[
            release_pb2.SystemMetrics(system="popularity", values={"ndcg_at_10": 0.25}),
            release_pb2.SystemMetrics(system="tfrs", served=True, values={"ndcg_at_10": 0.5, "rmse": 0.9}),
        ],
        genres=["Comedy", "War"],
        rating_min=1,
        rating_max=5,
    )
    skipped = [release_pb2.SkippedRelease(release_version=4, reason="no ranking_head")]
    answer = service_pb2.GetReleaseResponse(release=release, skipped_releases=skipped)
    shown = "\n".join(lines(service_pb2.GetReleaseRequest(), answer))
    assert "ml-100k: 99,716 ratings, 943 people" in shown
    assert "research only" in shown
    assert "1 to 5 stars" in shown
    assert "Comedy, War" in shown
    assert "version 3: AVAILABLE" in shown
    assert "release 4: no ranking_head" in shown
    assert "tfrs (served)" in shown
    assert "0.5000" in shown
