"""Degraded, never wrong: what answers when models do not."""

import signal
from collections.abc import Iterator
from pathlib import Path

import grpc
import numpy as np
import pytest
from pairrec.v1 import recommendation_pb2

from tests.integration.gateway.conftest import Stack
from tests.integration.gateway.processes import (
    Gateway,
    eventually,
    free_port,
    gateway,
    model_server,
    reason_of,
    refused,
)
from tests.tiny_release import TinyRelease, random_release, write_release

PAIR = {"first": {"user_id": "1"}, "second": {"user_id": "2"}}
DRAMA = {"filter": {"genres": ["Drama"], "min_year": 1995}}
POPULAR = recommendation_pb2.SOURCE_FALLBACK_POPULAR


def movie_ids(response: object) -> list[str]:
    return [recommendation.movie.movie_id for recommendation in response.recommendations]


def popular(release: TinyRelease, *user_ids: str) -> list[str]:
    """The movies of DRAMA that none of them has seen, most often rated first."""
    counts = np.bincount(sum(release.histories, ()), minlength=release.num_movies)
    seen = {row for user_id in user_ids for row in release.history(user_id)}
    rows = [row for row in range(5, release.num_movies) if row % 3 == 2 and row not in seen]
    return [f"m{row}" for row in sorted(rows, key=lambda row: (-counts[row], row))]


@pytest.fixture(scope="module")
def without_models(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """A gateway whose model server has died."""
    root, release = tmp_path_factory.mktemp("root"), random_release()
    write_release(root, 1, release)
    with model_server(root) as models, gateway(root, models.port) as served:
        eventually(lambda: served.serves(1))
        models.kill()
        eventually(lambda: served.release().release.models[0].state == "UNREACHABLE")
        yield Stack(root, release, models, served)


def test_pairs_get_popular_movies_both_have_not_seen(without_models: Stack) -> None:
    response = without_models.gateway.ask("RecommendPair", **PAIR, **DRAMA, page_size=100)
    assert movie_ids(response) == popular(without_models.release, "1", "2")
    assert response.source == POPULAR
    assert response.fallback_reason
    for place, best in enumerate(response.recommendations, start=1):
        assert best.pair_score == best.first.score == best.second.score == best.movie.rating_count
        assert best.first.rank == best.second.rank == place
        assert not best.first.HasField("predicted_rating")


def test_one_person_gets_popular_movies_not_seen(without_models: Stack) -> None:
    response = without_models.gateway.ask("Recommend", member={"user_id": "1"}, **DRAMA, page_size=100)
    assert movie_ids(response) == popular(without_models.release, "1")
    assert response.source == POPULAR


def test_pages_of_popular_movies_joined_are_the_list(without_models: Stack) -> None:
    joined, token = [], ""
    while not joined or token:
        response = without_models.gateway.ask("RecommendPair", **PAIR, **DRAMA, page_size=4, page_token=token)
        joined += movie_ids(response)
        token = response.next_page_token
    assert joined == popular(without_models.release, "1", "2")


@pytest.mark.parametrize(
    ("rpc", "fields"),
    [
        ("RecommendPair", PAIR | {"allow_fallback": False}),
        ("Recommend", {"member": {"user_id": "1"}, "allow_fallback": False}),
        ("PredictRatings", {"member": {"user_id": "1"}}),
        ("ListRatedMovies", {"user_id": "1", "share_history": True}),
        ("FindSimilarMovies", {"movie_id": "m1"}),
    ],
)
def test_what_needs_models_is_unavailable(without_models: Stack, rpc: str, fields: dict[str, object]) -> None:
    error = refused(lambda: without_models.gateway.ask(rpc, **fields))
    assert (error.code(), reason_of(error)) == (grpc.StatusCode.UNAVAILABLE, "MODELS_UNAVAILABLE")


def test_what_needs_no_model_is_answered(without_models: Stack) -> None:
    assert without_models.gateway.ask("SearchMovies", query="Movie 17").movies[0].movie_id == "m17"
    assert len(without_models.gateway.ask("ListPopularMovies").movies) == 10
    checked = without_models.gateway.ask("RecommendPair", **PAIR, validate_only=True, allow_fallback=False)
    assert not checked.recommendations


def test_in_a_batch_each_request_decides_for_itself(without_models: Stack) -> None:
    requests = [PAIR, PAIR | {"allow_fallback": False}, PAIR | {"validate_only": True}, {}]
    results = without_models.gateway.ask("BatchRecommendPairs", requests=requests).results
    assert [result.error.code for result in results] == [0, grpc.StatusCode.UNAVAILABLE.value[0], 0, 3]
    assert [result.response.source for result in results] == [POPULAR, 0, 0, 0]


def test_where_models_hang_popular_movies_come_inside_the_deadline(root: Path) -> None:
    # Looked at so seldom, the models still count as there when they hang; a busy machine gets time to answer.
    flags = ("--poll_seconds", "3600", "--deadline_margin_ms", "3000")
    with model_server(root) as models, gateway(root, models.port, *flags) as served:
        eventually(lambda: served.serves(1))
        models.process.send_signal(signal.SIGSTOP)
        assert served.pair(timeout=4).source == POPULAR
        results = served.ask("BatchRecommendPairs", timeout=12, requests=[PAIR] * 500).results
        assert {result.response.source for result in results} == {POPULAR}


@pytest.mark.parametrize(("room_mb", "source"), [("16", recommendation_pb2.SOURCE_MODEL), ("0", POPULAR)])
def test_where_models_hang_what_they_said_of_known_users_is_kept(root: Path, room_mb: str, source: int) -> None:
    flags = ("--poll_seconds", "3600", "--deadline_margin_ms", "3000", "--standings_mb", room_mb)
    with model_server(root) as models, gateway(root, models.port, *flags) as served:
        eventually(lambda: served.serves(1))
        before = served.pair()
        models.process.send_signal(signal.SIGSTOP)
        later = served.pair(timeout=4)
        assert later.source == source
        assert (later.recommendations == before.recommendations) == (source == before.source)
        assert served.pair("1", "3", timeout=4).source == POPULAR


def test_a_list_goes_on_by_the_source_it_began_with(root: Path) -> None:
    with model_server(root, free_port()) as models, gateway(root, models.port) as served:
        eventually(lambda: served.serves(1))
        from_models = served.ask("RecommendPair", **PAIR, page_size=3)
        models.kill()
        eventually(lambda: served.pair().source == POPULAR)
        error = refused(lambda: served.ask("RecommendPair", **PAIR, page_token=from_models.next_page_token))
        assert reason_of(error) == "MODELS_UNAVAILABLE"
        by_popularity = served.ask("RecommendPair", **PAIR, page_size=3)
        with model_server(root, models.port):
            eventually(lambda: served.pair().source == recommendation_pb2.SOURCE_MODEL)
            rest = served.ask("RecommendPair", **PAIR, page_token=by_popularity.next_page_token)
            assert rest.source == POPULAR
            assert rest.fallback_reason
            assert not {*movie_ids(rest)} & {*movie_ids(by_popularity)}
            rest = served.ask("RecommendPair", **PAIR, page_token=from_models.next_page_token)
            assert movie_ids(from_models) + movie_ids(rest) == movie_ids(served.pair(page_size=100))[:13]


def without_stars(served: Gateway) -> bool:
    return served.pair().source == recommendation_pb2.SOURCE_MODEL_WITHOUT_STARS


def test_without_the_ranking_head_lists_come_by_retrieval_without_stars(root: Path) -> None:
    with model_server(root) as models, gateway(root, models.port) as served:
        eventually(lambda: served.serves(1))
        watch, like = served.pair(), served.pair(objective=2, page_size=3)
        (root / "ranking_head" / "1").rename(root / "away")
        eventually(lambda: without_stars(served))
        response = served.pair(objective=2)
        assert movie_ids(response) == movie_ids(watch)
        assert response.fallback_reason.startswith("ranking_head")
        assert not any(one.first.HasField("predicted_rating") for one in response.recommendations)
        assert served.ask("FindSimilarMovies", movie_id="m1").movies
        for refusal in ({"allow_fallback": False}, {"objective": 2, "page_token": like.next_page_token}):
            error = refused(lambda refusal=refusal: served.ask("RecommendPair", **PAIR, **refusal))
            assert reason_of(error) == "MODELS_UNAVAILABLE"
        token = served.pair(page_size=3).next_page_token
        (root / "away").rename(root / "ranking_head" / "1")
        eventually(lambda: not without_stars(served))
        rest = served.pair(page_token=token)
        assert rest.source == recommendation_pb2.SOURCE_MODEL_WITHOUT_STARS
        assert rest.fallback_reason
