import shutil
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from threading import Event

import grpc
import pytest
from pairrec.v1 import recommendation_pb2

from tests.integration.gateway.processes import (
    NOT_SERVING,
    SERVING,
    Gateway,
    eventually,
    gateway,
    model_server,
    reason_of,
    refused,
    times_told,
)
from tests.tiny_release import random_release, write_catalog, write_models, write_release

MODEL = recommendation_pb2.SOURCE_MODEL


@pytest.fixture
def served(root: Path) -> Iterator[Gateway]:
    with model_server(root) as models, gateway(root, models.port) as served:
        eventually(lambda: served.serves(1))
        yield served


def skipped(served: Gateway) -> dict[int, str]:
    return {skip.release_version: skip.reason for skip in served.release().skipped_releases}


def skips(served: Gateway, version: int, reason: str) -> bool:
    return reason in skipped(served).get(version, "")


def serves_movies(served: Gateway, count: int) -> bool:
    try:
        return served.release().release.data.movie_count == count
    except grpc.RpcError:  # between two releases
        return False


def test_it_answers_before_there_is_a_release_and_picks_it_up(tmp_path: Path) -> None:
    """However seldom it looks once it has one."""
    with model_server(tmp_path) as models, gateway(tmp_path, models.port, "--poll_seconds", "3600") as served:
        for call in (served.pair, served.release):
            with pytest.raises(grpc.RpcError, match="no release is ready") as caught:
                call()
            assert caught.value.code() is grpc.StatusCode.UNAVAILABLE
        assert served.health() == served.health("") == NOT_SERVING
        assert served.health("liveness") == SERVING
        write_release(tmp_path, 1, random_release())
        eventually(lambda: served.serves(1))
        assert served.pair().release_version == 1


def test_a_new_release_is_picked_up_without_a_failing_request(root: Path, served: Gateway) -> None:
    done, seen = Event(), ([], [])

    def ask(versions: list[int]) -> None:
        while not done.is_set():
            versions.append(served.pair().release_version)
        versions.append(served.pair().release_version)

    with ThreadPoolExecutor(2) as pool:
        asking = [pool.submit(ask, versions) for versions in seen]
        try:
            eventually(lambda: all(seen))
            write_release(root, 2, random_release(seed=1, num_movies=50))
            eventually(lambda: served.serves(2) or any(one.done() for one in asking))
        finally:
            done.set()
    for one, versions in zip(asking, seen, strict=True):
        one.result()
        assert versions == sorted(versions)
        assert set(versions) == {1, 2}


def test_pinned_rolls_back_and_unpinned_goes_on(root: Path, served: Gateway) -> None:
    write_release(root, 2, random_release())
    eventually(lambda: served.serves(2))
    (root / "PINNED").write_text("1\n")
    eventually(lambda: served.serves(1))
    assert skipped(served) == {2: "release 1 is pinned"}
    assert served.pair().release_version == 1
    (root / "PINNED").unlink()
    eventually(lambda: served.serves(2))


def test_a_release_made_anew_under_a_number_that_is_served_replaces_it(root: Path, served: Gateway) -> None:
    for artefact in ("catalog", "query_tower", "movie_index", "ranking_head"):
        shutil.rmtree(root / artefact / "1")
    eventually(lambda: not any(model.state == "AVAILABLE" for model in served.release().release.models))
    write_release(root, 1, random_release(seed=1, num_movies=50))
    eventually(lambda: serves_movies(served, 50))
    eventually(lambda: served.pair().source == MODEL)


def test_a_release_replaced_by_one_that_fails_is_served_no_longer(root: Path, served: Gateway) -> None:
    shutil.rmtree(root / "catalog" / "1")
    write_catalog(root / "catalog" / ".1", 1, random_release(num_movies=50))
    (root / "catalog" / ".1").rename(root / "catalog" / "1")
    eventually(lambda: served.health() == NOT_SERVING)
    eventually(lambda: "movie_index has fewer movies than the catalogue's 50" in refused(served.pair).details())


def test_three_releases_are_kept_for_the_lists_begun_with_them(root: Path, served: Gateway) -> None:
    token = served.pair(page_size=1).next_page_token
    for version in (2, 3):
        write_release(root, version, RELEASE)
        eventually(lambda version=version: served.serves(version))
    assert served.pair(page_size=1, page_token=token).release_version == 1
    write_release(root, 4, RELEASE)
    eventually(lambda: served.serves(4))
    with pytest.raises(grpc.RpcError) as caught:
        served.pair(page_size=1, page_token=token)
    assert reason_of(caught.value) == "RELEASE_GONE"


def test_an_unclear_pin_keeps_what_is_served(root: Path, served: Gateway) -> None:
    (root / "PINNED").write_text("the good one")
    write_release(root, 2, random_release())
    eventually(lambda: skips(served, 2, "PINNED holds 'the good one', must hold one version number"))
    assert served.pair().release_version == 1


RELEASE = random_release()
FEWER_MOVIES = random_release(num_movies=39)
MORE_MOVIES = random_release(num_movies=41)
OTHER_PEOPLE = replace(RELEASE, user_ids=("a", "b", "c", "d", "e", "f"))
OTHER_DIM = replace(RELEASE, query=RELEASE.query[:, :3], candidates=RELEASE.candidates[:, :3])
BAD_STARS = replace(RELEASE, stars=RELEASE.stars * float("nan"))


MISMATCHES = {
    2: (FEWER_MOVIES, "movie_index has fewer movies than the catalogue's 40"),
    3: (MORE_MOVIES, "rank is not 0 for padding"),
    4: (OTHER_PEOPLE, "query_tower does not know the first user of the catalogue"),
    5: (OTHER_DIM, "query_embedding has shape (1, 10), must have (1, 11)"),
    6: (replace(RELEASE, k=5), "movie_row has shape (1, 5), must have (1, 6)"),
    7: (BAD_STARS, "rating goes beyond the scale"),
}


def test_models_of_another_release_are_never_served(root: Path, served: Gateway) -> None:
    for version, (of_models, _) in MISMATCHES.items():
        write_models(root, version, of_models)
        write_catalog(root / "catalog" / str(version), version, RELEASE)
    for version, (_, reason) in MISMATCHES.items():
        eventually(lambda version=version, reason=reason: skips(served, version, reason))
    assert list(skipped(served)) == [7, 6, 5, 4, 3, 2]
    assert served.pair().release_version == 1


def test_a_broken_release_is_told_once_and_an_older_one_serves(root: Path, served: Gateway) -> None:
    write_models(root, 2, RELEASE)
    hidden = root / "catalog" / ".2"
    write_catalog(hidden, 2, RELEASE)
    (hidden / "movies.arrow").write_bytes(b"ARROW1")
    hidden.rename(root / "catalog" / "2")
    eventually(lambda: skips(served, 2, "movies.arrow cannot be read"))
    reason = skipped(served)[2]
    write_release(root, 3, RELEASE)
    eventually(lambda: served.serves(3))
    assert not skipped(served)
    assert times_told(served, 2, reason) == 1


def test_a_release_in_another_folder_than_its_own_is_not_served(root: Path, served: Gateway) -> None:
    write_models(root, 2, RELEASE)
    shutil.copytree(root / "catalog" / "1", root / "catalog" / "2")
    eventually(lambda: skips(served, 2, "release.json says it is version 1"))


def test_a_release_whose_models_fail_to_load_says_so(root: Path, served: Gateway) -> None:
    for model in ("query_tower", "movie_index"):
        shutil.copytree(root / model / "1", root / model / "2")
    (root / "ranking_head" / "2").mkdir()
    (root / "ranking_head" / "2" / "saved_model.pb").write_bytes(b"not a model")
    write_catalog(root / "catalog" / "2", 2, RELEASE)
    eventually(lambda: skips(served, 2, "ranking_head is END ("))
