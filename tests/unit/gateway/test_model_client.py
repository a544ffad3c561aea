"""The client against a real gRPC server that answers the TensorFlow Serving API as a test says."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, field, replace
from typing import Any

import grpc
import numpy as np
import pytest

from server.errors import DeadlineExceededError, ModelsUnavailableError
from server.gateway import shared_calls
from server.gateway.deadline import Deadline
from server.gateway.model_client import ModelClient
from server.gateway.model_server import ModelServer, open_channel
from server.gateway.serving_apis import predict_pb2, prediction_service_pb2_grpc
from server.gateway.tensors import to_tensor
from server.recommender.models import (
    MOVIE_INDEX,
    QUERY_TOWER,
    RANK_MOVIES,
    RANKING_HEAD,
    SERVING_DEFAULT,
    SIMILAR_MOVIES,
)
from server.recommender.predictions import embed_users, find_candidates, find_similar, predict_stars, rank_movies
from server.recommender.release_info import ReleaseInfo, read_release_info
from tests.tiny_release import random_release, write_catalog


@dataclass
class ScriptedServer(prediction_service_pb2_grpc.PredictionServiceServicer):
    outputs: dict[str, np.ndarray] = field(default_factory=dict)
    code: grpc.StatusCode = grpc.StatusCode.OK
    num_failures: float = np.inf  # how often it answers the code, before it answers
    hangs: bool = False
    requests: list[predict_pb2.PredictRequest] = field(default_factory=list)

    async def Predict(  # noqa: N802 - the API's name
        self, request: predict_pb2.PredictRequest, context: Any
    ) -> predict_pb2.PredictResponse:
        self.requests.append(request)
        if self.hangs:
            await asyncio.Event().wait()
        if self.code is not grpc.StatusCode.OK and len(self.requests) <= self.num_failures:
            await context.abort(self.code, "scripted")
        outputs = {name: to_tensor(array) for name, array in self.outputs.items()}
        return predict_pb2.PredictResponse(outputs=outputs)


@pytest.fixture(scope="session")
def info(tmp_path_factory: pytest.TempPathFactory) -> ReleaseInfo:
    folder = tmp_path_factory.mktemp("info") / "9"
    write_catalog(folder, 9, random_release(num_movies=10, k=3))
    return replace(read_release_info(folder / "release.json"), embedding_dim=2)


@pytest.fixture
def scripted() -> ScriptedServer:
    return ScriptedServer()


@pytest.fixture
async def client(scripted: ScriptedServer, info: ReleaseInfo) -> AsyncIterator[ModelClient]:
    server = grpc.aio.server()
    prediction_service_pb2_grpc.add_PredictionServiceServicer_to_server(scripted, server)
    port = server.add_insecure_port("localhost:0")
    await server.start()
    async with open_channel(f"localhost:{port}") as channel:
        yield ModelServer.behind(channel).models(info, Deadline.after(60))
    await server.stop(None)


QUERY = np.ones((2, 2), np.float32)
ROWS = np.array([[1, 9, -1], [10, 0, 2]], np.int32)
WATCHED = np.array([[1, -1], [10, 3]], np.int32)
NAN = np.nan
GOOD: dict[tuple[str, str], dict[str, np.ndarray]] = {
    (QUERY_TOWER, SERVING_DEFAULT): {"query_embedding": QUERY, "known": np.array([True, False])},
    (MOVIE_INDEX, SERVING_DEFAULT): {
        "movie_row": np.array([[3, 2, -1], [9, 1, 5]], np.int32),
        "score": np.array([[2, 1, -np.inf], [3, 2, 2]], np.float32),
    },
    (MOVIE_INDEX, RANK_MOVIES): {
        "score": np.array([[-np.inf, 1, NAN], [NAN, 0, 2]], np.float32),
        "rank": np.array([[0, 4, 0], [0, 9, 1]], np.int32),
    },
    (MOVIE_INDEX, SIMILAR_MOVIES): {
        "movie_row": np.array([[3, 2, -1]], np.int32),
        "score": np.array([[1, 0.5, -np.inf]], np.float32),
    },
    (RANKING_HEAD, SERVING_DEFAULT): {"rating": np.array([[1, 5, NAN], [NAN, 3, 3]], np.float32)},
}
CALLS = {
    (QUERY_TOWER, SERVING_DEFAULT): lambda client: embed_users(client, ["a", "zoë"], 3),
    (MOVIE_INDEX, SERVING_DEFAULT): lambda client: find_candidates(client, QUERY, WATCHED),
    (MOVIE_INDEX, RANK_MOVIES): lambda client: rank_movies(client, QUERY, WATCHED, ROWS),
    (MOVIE_INDEX, SIMILAR_MOVIES): lambda client: find_similar(client, 1),
    (RANKING_HEAD, SERVING_DEFAULT): lambda client: predict_stars(client, QUERY, ROWS),
}


@pytest.mark.parametrize("call", CALLS)
async def test_a_call_names_model_version_and_signature(
    client: ModelClient, scripted: ScriptedServer, call: tuple[str, str]
) -> None:
    scripted.outputs = GOOD[call]
    await CALLS[call](client)
    spec = scripted.requests[0].model_spec
    assert (spec.name, spec.signature_name, spec.version.value) == (*call, 9)


async def test_user_ids_travel_as_utf8(client: ModelClient, scripted: ScriptedServer) -> None:
    scripted.outputs = GOOD[QUERY_TOWER, SERVING_DEFAULT]
    embedded = await embed_users(client, ["a", "zoë"], 3)
    assert list(scripted.requests[0].inputs["user_id"].string_val) == [b"a", "zoë".encode()]
    assert embedded.known.tolist() == [True, False]


INDEX, RANKS, HEAD = (MOVIE_INDEX, SERVING_DEFAULT), (MOVIE_INDEX, RANK_MOVIES), (RANKING_HEAD, SERVING_DEFAULT)
TOWER, SIMILAR = (QUERY_TOWER, SERVING_DEFAULT), (MOVIE_INDEX, SIMILAR_MOVIES)
GARBAGE = [
    (TOWER, "known", None, "known is missing"),
    (TOWER, "known", np.array([1, 0], np.int32), "known is int32, must be bool"),
    (TOWER, "query_embedding", np.ones((2, 3), np.float32), r"has shape \(2, 3\), must have \(2, 2\)"),
    (TOWER, "query_embedding", np.full((2, 2), NAN, np.float32), "query_embedding is not finite"),
    (INDEX, "movie_row", np.full((2, 4), -1, np.int32), r"movie_row has shape \(2, 4\), must have \(2, 3\)"),
    (INDEX, "movie_row", np.full((2, 3), 10, np.int32), "movie_row goes beyond -1 to 9"),
    (INDEX, "movie_row", np.full((2, 3), -2, np.int32), "movie_row goes beyond -1 to 9"),
    (INDEX, "movie_row", np.array([[3, 1, -1], [9, 0, 5]], np.int32), "movie_row holds what must be left out"),
    (INDEX, "movie_row", np.array([[2, 2, -1], [9, 0, 5]], np.int32), "movie_row repeats a movie"),
    (INDEX, "movie_row", np.array([[2, 4, 5], [9, 0, 5]], np.int32), "score is finite where no movie is, or not"),
    (INDEX, "score", np.array([[2, 1, NAN], [3, NAN, 2]], np.float32), "score is finite where no movie is, or not"),
    (INDEX, "score", np.array([[1, 2, -np.inf], [3, 2, 1]], np.float32), "score is not best first"),
    (RANKS, "rank", np.full((2, 3), 11, np.int32), "rank goes beyond 0 to 10"),
    (RANKS, "rank", np.full((2, 3), 1, np.int32), "rank is not 0 for padding"),
    (RANKS, "rank", np.array([[1, 4, 0], [0, 9, 1]], np.int32), "rank is not 0 for an excluded movie"),
    (RANKS, "rank", np.array([[0, 4, 0], [0, 1, 9]], np.int32), "score does not fall as rank rises"),
    (RANKS, "score", np.full((2, 3), NAN, np.float32), "score is not finite for a ranked movie"),
    (RANKS, "score", np.full((3, 2), 1, np.float32), "score has shape"),
    (SIMILAR, "movie_row", np.array([[3, 1, -1]], np.int32), "movie_row holds what must be left out"),
    (SIMILAR, "score", np.array([[1, 2, -np.inf]], np.float32), "score is not best first"),
    (HEAD, "rating", np.full((2, 3), 5.01, np.float32), "rating goes beyond the scale, 1.0 to 5.0"),
    (HEAD, "rating", np.full((2, 3), NAN, np.float32), "rating goes beyond the scale"),
    (HEAD, "rating", np.full((2, 3), 3, np.float32), "rating is not NaN for padding"),
]


@pytest.mark.parametrize(("call", "name", "output", "message"), GARBAGE)
async def test_what_cannot_be_an_answer_is_never_used(
    client: ModelClient,
    scripted: ScriptedServer,
    call: tuple[str, str],
    name: str,
    output: np.ndarray | None,
    message: str,
) -> None:
    outputs = GOOD[call] | {name: output}
    scripted.outputs = {name: array for name, array in outputs.items() if array is not None}
    with pytest.raises(ModelsUnavailableError, match=f"{call[0]} version 9, .*{message}"):
        await CALLS[call](client)


@pytest.mark.parametrize("code", [grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.NOT_FOUND, grpc.StatusCode.INTERNAL])
async def test_an_error_means_the_models_are_unavailable(
    client: ModelClient, scripted: ScriptedServer, code: grpc.StatusCode
) -> None:
    scripted.code = code
    with pytest.raises(ModelsUnavailableError, match=f"query_tower version 9, .* answered {code.name}"):
        await embed_users(client, ["a", "b"], 3)


async def test_a_hanging_model_ends_at_the_deadline(client: ModelClient, scripted: ScriptedServer) -> None:
    scripted.hangs = True
    with pytest.raises(DeadlineExceededError):
        await embed_users(replace(client, deadline=Deadline.after(0.05)), ["a", "b"], 3)


async def test_a_patient_caller_does_not_wait_for_a_model_that_hangs(
    client: ModelClient, scripted: ScriptedServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shared_calls, "_CALL_SECONDS", 0.05)
    scripted.hangs = True
    with pytest.raises(ModelsUnavailableError, match="DEADLINE_EXCEEDED; try again shortly"):
        await embed_users(client, ["a", "b"], 3)


async def test_nothing_is_asked_after_the_deadline(client: ModelClient, scripted: ScriptedServer) -> None:
    with pytest.raises(DeadlineExceededError, match="before the models were asked"):
        await embed_users(replace(client, deadline=Deadline.after(-0.01)), ["a", "b"], 3)
    assert not scripted.requests


async def test_a_call_is_sent_again_where_nobody_was_there(client: ModelClient, scripted: ScriptedServer) -> None:
    scripted.outputs, scripted.code, scripted.num_failures = GOOD[TOWER], grpc.StatusCode.UNAVAILABLE, 2
    await embed_users(client, ["a", "b"], 3)
    assert len(scripted.requests) == 3


async def test_a_call_that_was_refused_is_not_sent_again(client: ModelClient, scripted: ScriptedServer) -> None:
    scripted.code = grpc.StatusCode.INTERNAL
    with pytest.raises(ModelsUnavailableError):
        await embed_users(client, ["a", "b"], 3)
    assert len(scripted.requests) == 1


class Babble(grpc.GenericRpcHandler):
    """Answers whatever is asked by bytes that are no message."""

    def service(self, handler_call_details: grpc.HandlerCallDetails) -> grpc.RpcMethodHandler:
        return grpc.unary_unary_rpc_method_handler(self.babble)

    async def babble(self, request: bytes, context: Any) -> bytes:
        return b"\xff"


async def test_bytes_that_are_no_message_are_no_answer(info: ReleaseInfo) -> None:
    server = grpc.aio.server()
    server.add_generic_rpc_handlers((Babble(),))
    port = server.add_insecure_port("localhost:0")
    await server.start()
    async with open_channel(f"localhost:{port}") as channel:
        babbling = ModelServer.behind(channel)
        with pytest.raises(ModelsUnavailableError, match="answered what is no message"):
            await embed_users(babbling.models(info, Deadline.after(60)), ["a", "b"], 3)
        assert (await babbling.states(60)).unreachable
    await server.stop(None)
