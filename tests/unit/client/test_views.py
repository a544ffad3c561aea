"""What a person reads: plain at any width, nothing taken for markup."""

from datetime import UTC, datetime, timedelta

import pytest
from pairrec.v1 import movie_pb2, recommendation_pb2, release_pb2
from pairrec.v1 import pair_recommendation_service_pb2 as service_pb2
from rich.console import Console

from server.client.pair_view import PairView
from server.client.release_view import age, release_view

REQUEST = service_pb2.RecommendPairRequest(
    first=recommendation_pb2.Member(user_id="196"),
    second=recommendation_pb2.Member(user_id="somebody@example.com"),
    first_weight=0.7,
    objective=recommendation_pb2.OBJECTIVE_LIKE,
    strategy=recommendation_pb2.STRATEGY_RANK_FUSION,
)
TITLES = ["Heat", "Good, the Bad and the Ugly, The", "[bold]Alien"]


def entry(title: str) -> recommendation_pb2.PairRecommendation:
    return recommendation_pb2.PairRecommendation(
        movie=movie_pb2.Movie(title=title, year=1995, genres=["Action", "Crime", "Drama", "Thriller"]),
        pair_score=0.0625,
        first=recommendation_pb2.MemberPreference(rank=3, predicted_rating=4.26),
        second=recommendation_pb2.MemberPreference(rank=1204, predicted_rating=3.1),
    )


def lines(view: object, width: int = 200) -> list[str]:
    console = Console(width=width, markup=False, emoji=False, highlight=False)
    with console.capture() as capture:
        console.print(view)
    return capture.get().splitlines()


def response(**fields: object) -> service_pb2.RecommendPairResponse:
    return service_pb2.RecommendPairResponse(release_version=7, **fields)


def test_the_head_says_who_how_and_by_which_release():
    assert lines(PairView(REQUEST, response()))[0] == (
        "For 196 (weight 0.7) and somebody@example.com (0.3): what both will likely like, by rank fusion, release 7"
    )


def test_a_row_holds_the_movie_and_what_it_means_to_each():
    row = lines(PairView(REQUEST, response(recommendations=[entry("Heat")])))[-1]
    assert " ".join(row.split()) == "1 Heat 1995 Action, Crime, Drama, Thriller 0.0625 4.3 3 3.1 1204"


def test_a_movie_without_year_or_genres_has_none():
    bare = entry("Heat")
    bare.movie.year = 0
    del bare.movie.genres[:]
    assert lines(PairView(REQUEST, response(recommendations=[bare])))[-1].split()[:3] == [
        "1",
        "Heat",
        "0.0625",
    ]


@pytest.mark.parametrize("width", [72, 80, 120])
def test_each_movie_takes_one_line_that_fits_the_terminal(width):
    shown = lines(PairView(REQUEST, response(recommendations=[entry(title) for title in TITLES])), width)
    assert all(len(line) <= width for line in shown)
    rows = [line.split() for line in shown[-3:]]
    assert [row[0] for row in rows] == ["1", "2", "3"]
    assert all(row[-5:] == ["0.0625", "4.3", "3", "3.1", "1204"] for row in rows)


def test_titles_are_text_and_whole_where_there_is_room():
    shown = lines(PairView(REQUEST, response(recommendations=[entry(title) for title in TITLES])))
    assert all(title in line for title, line in zip(TITLES, shown[-3:], strict=True))


def test_each_unknown_member_has_a_line():
    shown = lines(PairView(REQUEST, response(unknown_members=["[red]", "8"])))
    assert [line for line in shown if "nobody called" in line] == [
        "The release knows nobody called [red]: their half is what most people watch.",
        "The release knows nobody called 8: their half is what most people watch.",
    ]


def test_an_empty_list_is_said():
    assert lines(PairView(REQUEST, response()))[-1] == "No movie is left that neither has watched."


def test_a_release_shows_its_data_models_metrics_and_what_is_skipped():
    release = release_pb2.Release(
        release_version=3,
        data=release_pb2.TrainingData(name="ml-100k", license="research only", user_count=943, rating_count=99716),
        models=[release_pb2.ModelState(model="query_tower", version=3, state="AVAILABLE")],
        metrics=[
            release_pb2.SystemMetrics(system="popularity", values={"ndcg_at_10": 0.25}),
            release_pb2.SystemMetrics(system="tfrs", served=True, values={"ndcg_at_10": 0.5, "rmse": 0.9}),
        ],
    )
    skipped = [release_pb2.SkippedRelease(release_version=4, reason="no ranking_head")]
    shown = "\n".join(lines(release_view(service_pb2.GetReleaseResponse(release=release, skipped_releases=skipped))))
    assert "ml-100k: 99,716 ratings, 943 people" in shown
    assert "research only" in shown
    assert "version 3: AVAILABLE" in shown
    assert "release 4: no ranking_head" in shown
    assert "tfrs (served)" in shown
    assert "0.5000" in shown


@pytest.mark.parametrize(
    ("elapsed", "words"),
    [
        (timedelta(seconds=-5), "just now"),
        (timedelta(seconds=59), "just now"),
        (timedelta(seconds=60), "1 minute ago"),
        (timedelta(hours=3, minutes=59), "3 hours ago"),
        (timedelta(days=40), "40 days ago"),
    ],
)
def test_age_is_said_in_its_largest_unit(elapsed, words):
    now = datetime(2026, 11, 22, tzinfo=UTC)
    assert age(now - elapsed, now) == words
