"""Who shares a call and what each gets of it, against a real gRPC server that answers when a test says."""

import asyncio
import gc
import weakref
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from typing import Any

import grpc
import numpy as np
import pytest

from server.errors import DeadlineExceededError, ModelsUnavailableError
from server.gateway import shared_calls
from server.gateway.deadline import Deadline
from server.gateway.model_server import ModelServer, open_channel
from server.gateway.serving_apis import predict_pb2, prediction_service_pb2_grpc
from server.gateway.tensors import to_array, to_tensor
from server.recommender.models import QUERY_TOWER, SERVING_DEFAULT
from server.recommender.release_info import ReleaseInfo, read_release_info
from tests.tiny_release import random_release, write_catalog


class GatedTower(prediction_service_pb2_grpc.PredictionServiceServicer):
    """A query tower that embeds a user by the number that is their id, once its gate is open.

    Attributes:
        asked: The user ids of every call that came.
        refusals: What it answers a call that asks about some user.
    """

    def __init__(self) -> None:
        self.gate = asyncio.Event()
        self.asked: list[list[bytes]] = []
        self.refusals: dict[bytes, grpc.StatusCode] = {}
        self.cancelled = asyncio.Event()

    async def Predict(self, request: Any, context: Any) -> predict_pb2.PredictResponse:  # noqa: N802 - the API's name
        user_ids = to_array(request.inputs["user_id"]).tolist()
        self.asked.append(user_ids)
        try:
            await self.gate.wait()
        except asyncio.CancelledError:
            self.cancelled.set()
            raise
        for user_id in self.refusals.keys() & set(user_ids):
            await context.abort(self.refusals[user_id], "as the test says")
        embedding = np.repeat(np.array(user_ids, np.float32)[:, np.newaxis], 2, axis=1)
        outputs = {"query_embedding": embedding, "known": np.ones(len(user_ids), bool)}
        return predict_pb2.PredictResponse(outputs={name: to_tensor(array) for name, array in outputs.items()})


class Asker:
    """Asks one tower by shared calls."""

    def __init__(self, model_server: ModelServer, info: ReleaseInfo) -> None:
        self._model_server, self.info = model_server, info

    def ask(
        self, *user_ids: int, seconds: float = 60, width: int = 1, info: ReleaseInfo | None = None
    ) -> asyncio.Task[list[float]]:
        """Asks about people with histories of some width."""
        inputs = {
            "user_id": np.array([str(user_id).encode() for user_id in user_ids], object),
            "history_row": np.full((len(user_ids), width), -1, np.int32),
        }
        return asyncio.create_task(self.embedded(inputs, info or self.info, Deadline.after(seconds)))

    async def embedded(self, inputs: dict[str, np.ndarray], info: ReleaseInfo, deadline: Deadline) -> list[float]:
        answer = await self._model_server.models(info, deadline).predict(QUERY_TOWER, SERVING_DEFAULT, inputs)
        return answer["query_embedding"][:, 0].tolist()


@pytest.fixture(scope="session")
def info(tmp_path_factory: pytest.TempPathFactory) -> ReleaseInfo:
    folder = tmp_path_factory.mktemp("info") / "9"
    write_catalog(folder, 9, random_release(num_movies=10, k=3))
    return replace(read_release_info(folder / "release.json"), embedding_dim=2)


@pytest.fixture
def tower() -> GatedTower:
    return GatedTower()


@pytest.fixture
async def asker(tower: GatedTower, info: ReleaseInfo, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Asker]:
    # However slow the machine, no call takes long unless a test says so.
    monkeypatch.setattr(shared_calls, "_USUAL_SECONDS", 3600)
    monkeypatch.setattr(shared_calls, "_CALL_SECONDS", 3600)
    server = grpc.aio.server()
    prediction_service_pb2_grpc.add_PredictionServiceServicer_to_server(tower, server)
    port = server.add_insecure_port("localhost:0")
    await server.start()
    async with open_channel(f"localhost:{port}") as channel:
        yield Asker(ModelServer.behind(channel), info)
    await server.stop(None)


async def until(holds: Callable[[], bool]) -> None:
    while not holds():
        await asyncio.sleep(0.01)


async def first_under_way(tower: GatedTower, asker: Asker) -> asyncio.Task[list[float]]:
    """Asks about user 0 and returns once the tower works on it, so that what comes next has to wait."""
    first = asker.ask(0)
    await until(lambda: bool(tower.asked))
    return first


async def test_what_comes_while_a_call_is_under_way_leaves_together(tower: GatedTower, asker: Asker) -> None:
    calls = [await first_under_way(tower, asker), asker.ask(1, 2), asker.ask(3), asker.ask(4, 5)]
    await asyncio.sleep(0)  # all have asked
    tower.gate.set()
    assert await asyncio.gather(*calls) == [[0], [1, 2], [3], [4, 5]]
    assert tower.asked == [[b"0"], [b"1", b"2", b"3", b"4", b"5"]]


async def test_a_call_for_many_is_bounded(tower: GatedTower, asker: Asker) -> None:
    calls = [await first_under_way(tower, asker), *(asker.ask(2 * i, 2 * i + 1) for i in range(50))]
    await asyncio.sleep(0)
    tower.gate.set()
    await asyncio.gather(*calls)
    assert [len(user_ids) for user_ids in tower.asked] == [1, 64, 36]


async def test_one_wide_request_widens_nobody_elses_call(tower: GatedTower, asker: Asker) -> None:
    calls = [await first_under_way(tower, asker), asker.ask(1), asker.ask(2, width=1024), asker.ask(3)]
    calls += [asker.ask(4, width=1024), asker.ask(5, width=2048)]
    await asyncio.sleep(0)
    tower.gate.set()
    await asyncio.gather(*calls)
    assert tower.asked[1:] == [[b"1", b"3"], [b"2", b"4"], [b"5"]]


@pytest.mark.parametrize(("width", "most"), [(1, 64), (256, 64), (512, 32), (1024, 16), (8192, 2), (65_536, 1)])
async def test_a_call_is_bounded_by_its_cells(tower: GatedTower, asker: Asker, width: int, most: int) -> None:
    calls = [await first_under_way(tower, asker), *(asker.ask(i, width=width) for i in range(most + 1))]
    await asyncio.sleep(0)
    tower.gate.set()
    await asyncio.gather(*calls)
    assert [len(user_ids) for user_ids in tower.asked] == [1, most, 1]


async def test_a_call_as_wide_as_is_common_takes_no_more_cells(tower: GatedTower, asker: Asker) -> None:
    calls = [await first_under_way(tower, asker), *(asker.ask(i) for i in range(40)), asker.ask(40, width=512)]
    await asyncio.sleep(0)
    tower.gate.set()
    await asyncio.gather(*calls)
    assert [len(user_ids) for user_ids in tower.asked] == [1, 40, 1]


async def test_what_fills_a_call_by_itself_waits_for_nobody(tower: GatedTower, asker: Asker) -> None:
    first, many = await first_under_way(tower, asker), asker.ask(*range(64))
    await until(lambda: len(tower.asked) == 2)
    tower.gate.set()
    assert (await first, await many) == ([0], list(range(64)))


async def test_whoever_left_is_not_asked_about(tower: GatedTower, asker: Asker) -> None:
    first, leaver, other = await first_under_way(tower, asker), asker.ask(1), asker.ask(2)
    await asyncio.sleep(0)
    leaver.cancel()
    tower.gate.set()
    assert (await first, await other) == ([0], [2])
    assert tower.asked == [[b"0"], [b"2"]]


async def test_a_call_that_nobody_waits_for_any_more_is_cancelled(tower: GatedTower, asker: Asker) -> None:
    (await first_under_way(tower, asker)).cancel()
    await tower.cancelled.wait()
    tower.gate.set()
    assert await asker.ask(1) == [1]


async def test_a_call_that_somebody_waits_for_goes_on(tower: GatedTower, asker: Asker) -> None:
    first, leaver, other = await first_under_way(tower, asker), asker.ask(1), asker.ask(2)
    await asyncio.sleep(0)
    first.cancel()  # so the others' call is sent
    await until(lambda: len(tower.asked) == 2)
    leaver.cancel()
    tower.gate.set()
    assert await other == [2]
    assert tower.asked == [[b"0"], [b"1", b"2"]]


async def test_what_spoils_a_call_is_told_to_whom_it_belongs(tower: GatedTower, asker: Asker) -> None:
    tower.refusals[b"2"] = grpc.StatusCode.INVALID_ARGUMENT
    first, good, bad, fine = await first_under_way(tower, asker), asker.ask(1), asker.ask(2), asker.ask(3)
    await asyncio.sleep(0)
    tower.gate.set()
    assert (await first, await good, await fine) == ([0], [1], [3])
    with pytest.raises(ModelsUnavailableError, match="answered INVALID_ARGUMENT"):
        await bad
    assert tower.asked[:2] == [[b"0"], [b"1", b"2", b"3"]]
    assert sorted(tower.asked[2:]) == [[b"1"], [b"2"], [b"2", b"3"], [b"3"]]  # by halves


async def test_what_no_model_server_answers_is_told_to_all_at_once(tower: GatedTower, asker: Asker) -> None:
    tower.refusals[b"2"] = grpc.StatusCode.INTERNAL
    calls = [await first_under_way(tower, asker), asker.ask(1), asker.ask(2)]
    await asyncio.sleep(0)
    tower.gate.set()
    answers = await asyncio.gather(*calls, return_exceptions=True)
    assert [type(answer) for answer in answers] == [list, ModelsUnavailableError, ModelsUnavailableError]
    assert len(tower.asked) == 2


async def test_each_gives_up_at_its_own_deadline(tower: GatedTower, asker: Asker) -> None:
    first, hasty, patient = await first_under_way(tower, asker), asker.ask(1, seconds=0.05), asker.ask(2)
    with pytest.raises(DeadlineExceededError):
        await hasty
    assert not first.done()
    tower.gate.set()
    assert (await first, await patient) == ([0], [2])


async def test_another_release_under_the_same_number_shares_nothing(tower: GatedTower, asker: Asker) -> None:
    first, other = await first_under_way(tower, asker), asker.ask(1, info=replace(asker.info))
    await until(lambda: len(tower.asked) == 2)  # it does not wait for the first
    tower.gate.set()
    assert (await first, await other) == ([0], [1])


async def test_something_unforeseen_reaches_everyone_at_once(tower: GatedTower, asker: Asker) -> None:
    first = await first_under_way(tower, asker)
    unwritable = {"user_id": np.array([1.0])}  # no signature has float64
    lost = [asyncio.create_task(asker.embedded(unwritable, asker.info, Deadline.after(3600))) for _ in range(2)]
    await asyncio.sleep(0)
    tower.gate.set()
    assert await first == [0]
    assert [type(error) for error in await asyncio.gather(*lost, return_exceptions=True)] == [KeyError, KeyError]
    assert await asker.ask(1) == [1]


async def test_what_takes_long_keeps_nobody_waiting(
    tower: GatedTower, asker: Asker, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shared_calls, "_USUAL_SECONDS", 0)
    hanging = [await first_under_way(tower, asker)]
    for user_id in (1, 2, 3):
        hanging.append(asker.ask(user_id))
        await until(lambda: len(tower.asked) == len(hanging))
    # Four hang: who comes now waits.
    hanging.append(asker.ask(4))
    for _ in range(20):
        await asyncio.sleep(0)
    hanging.append(asker.ask(5))
    await asyncio.sleep(0)
    tower.gate.set()
    assert await asyncio.gather(*hanging) == [[0], [1], [2], [3], [4], [5]]
    assert tower.asked[4:] == [[b"4", b"5"]]


async def test_how_long_a_model_may_take_counts_from_when_it_is_asked(
    tower: GatedTower, asker: Asker, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = await first_under_way(tower, asker)
    monkeypatch.setattr(shared_calls, "_CALL_SECONDS", 0)
    second = asker.ask(1)
    for _ in range(20):
        await asyncio.sleep(0)
    monkeypatch.setattr(shared_calls, "_CALL_SECONDS", 3600)
    tower.gate.set()
    assert (await first, await second) == ([0], [1])


async def test_what_nobody_wants_any_more_is_not_kept(tower: GatedTower, asker: Asker) -> None:
    first = await first_under_way(tower, asker)
    inputs = {"user_id": np.array([b"1"], object)}
    kept = weakref.ref(inputs["user_id"])
    waiting = asyncio.create_task(asker.embedded(inputs, asker.info, Deadline.after(3600)))
    await asyncio.sleep(0)
    waiting.cancel()
    await asyncio.wait([waiting])
    del inputs, waiting
    gc.collect()
    assert kept() is None
    tower.gate.set()
    assert await first == [0]
