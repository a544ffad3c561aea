"""Laws of joining: what comes of joined inputs, taken apart, is what comes of each."""

import asyncio

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from server.gateway.joined_inputs import join_inputs, part_outputs
from server.recommender.in_process import InProcessModels
from server.recommender.models import MOVIE_INDEX, QUERY_TOWER, RANK_MOVIES, RANKING_HEAD, SERVING_DEFAULT, Tensors
from tests.tiny_release import GENRES, STRANGER, random_release, write_models

RELEASE = random_release()
USER_IDS = st.sampled_from((*RELEASE.user_ids, STRANGER, ""))
ROWS = st.integers(-1, RELEASE.num_movies)
STARS = st.sampled_from((1.0, 2.5, 5.0, np.nan))
SIGNATURES = {
    (QUERY_TOWER, SERVING_DEFAULT): ("user_id", "history_row", "history_rating", "genre_rating"),
    (MOVIE_INDEX, SERVING_DEFAULT): ("query_embedding", "excluded_row"),
    (MOVIE_INDEX, RANK_MOVIES): ("query_embedding", "excluded_row", "movie_row"),
    (RANKING_HEAD, SERVING_DEFAULT): ("query_embedding", "movie_row"),
}


@st.composite
def asked(draw: st.DrawFn) -> Tensors:
    """What one request asks of one to three people, with histories, exclusions and movies as wide as it likes."""
    user_ids = draw(st.lists(USER_IDS, min_size=1, max_size=3))

    def cells(values: st.SearchStrategy, width: int, dtype: type) -> np.ndarray:
        return np.array([draw(st.lists(values, min_size=width, max_size=width)) for _ in user_ids], dtype)

    history = draw(st.integers(1, 5))
    lines = [RELEASE.line(user_id) for user_id in user_ids]
    one_hot = np.eye(len(RELEASE.query), dtype=np.float32)
    return {
        "user_id": np.array([user_id.encode() for user_id in user_ids], object),
        "history_row": cells(ROWS, history, np.int32),
        "history_rating": cells(STARS, history, np.float32),
        "genre_rating": cells(STARS, len(GENRES), np.float32),
        "query_embedding": np.hstack([RELEASE.query, one_hot])[lines],
        "excluded_row": cells(ROWS, draw(st.integers(1, 9)), np.int32),
        "movie_row": cells(ROWS, draw(st.integers(1, 9)), np.int32),
    }


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> InProcessModels:
    root = tmp_path_factory.mktemp("models")
    write_models(root, 1, RELEASE)
    return InProcessModels(root, 1)


@pytest.mark.parametrize("call", SIGNATURES)
def test_a_shared_call_gives_each_what_a_call_alone_gives(models: InProcessModels, call: tuple[str, str]) -> None:
    def answers(inputs: Tensors) -> dict[str, np.ndarray]:
        return asyncio.run(models.predict(*call, inputs))

    @settings(max_examples=50)
    @given(st.lists(asked(), min_size=1, max_size=4))
    def holds(drawn: list[Tensors]) -> None:
        calls = [{name: inputs[name] for name in SIGNATURES[call]} for inputs in drawn]
        parts = list(part_outputs(calls, answers(join_inputs(calls))))
        assert len(parts) == len(calls)
        for alone, part in zip(calls, parts, strict=True):
            for name, expected in answers(alone).items():
                np.testing.assert_allclose(part[name], expected, rtol=0, atol=1e-5, strict=True)

    holds()


def test_one_call_alone_is_not_copied() -> None:
    inputs = {"query_embedding": np.ones((2, 3), np.float32)}
    assert join_inputs([inputs])["query_embedding"] is inputs["query_embedding"]
