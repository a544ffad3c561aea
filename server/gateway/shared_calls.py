"""Predict calls that requests share: while one is under way, what arrives waits and leaves together in the next."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import grpc

from server.errors import DeadlineExceededError, ModelsUnavailableError
from server.gateway.deadline import Deadline
from server.gateway.joined_inputs import join_inputs, num_people, part_outputs, width
from server.gateway.predict_call import Outputs, Question, UnusableAnswerError
from server.gateway.serving_apis import prediction_service_pb2_grpc
from server.recommender.models import Tensors
from server.recommender.release_info import ReleaseInfo

# A model that has not answered by then hangs, however patient the caller is.
_CALL_SECONDS = 5.0
# People a shared call, so that a model's scores of a large catalogue stay within memory, and calls of one kind can
# follow each other while the answers of the one before are worked on.
_MOST_PEOPLE = 64
# What is wider than this and than who waited longest would widen everybody's inputs: it waits for its turn.
_COMMON_WIDTH = 512
# Calls to one signature at once; docs/performance.md has the figures for more.
_MOST_UNDER_WAY = 1


@dataclass(eq=False)
class _Asked:
    """What one request asks."""

    inputs: Tensors
    give_up_at: float  # in seconds of the loop's clock
    answer: asyncio.Future[Outputs]
    call: asyncio.Task[Any] | None = None  # None while it waits
    together: Sequence["_Asked"] = ()  # all whom the call is for


class SharedCalls:
    """Asks the models of one model server, for requests that share calls where they ask the same signature.

    Nobody waits while the server is idle; under load calls grow up to a bound. An error reaches those it belongs to.
    """

    def __init__(self, stub: prediction_service_pb2_grpc.PredictionServiceStub) -> None:
        self._stub = stub
        self._lanes: dict[tuple[int, str, str, int], _Lane] = {}

    async def predict(self, info: ReleaseInfo, call: tuple[str, str], inputs: Tensors, deadline: Deadline) -> Outputs:
        """Runs one signature, `call` being model and signature; see `Models.predict`."""
        seconds = deadline.remaining_seconds()
        patience = min(seconds, _CALL_SECONDS)
        # What fills a call by itself has a lane to itself: it waits for nobody, and keeps nobody waiting. Releases go
        # by identity, as another may come to the same number.
        own = id(inputs) if num_people(inputs) >= _MOST_PEOPLE else 0
        key = (id(info), *call, own)
        lane = self._lanes.get(key)
        if lane is None:
            lane = self._lanes[key] = _Lane(Question(info, *call), self._stub, partial(self._lanes.pop, key))
        try:
            async with asyncio.timeout(patience):
                return await lane.ask(inputs, patience)
        except TimeoutError as error:
            if seconds <= _CALL_SECONDS:
                late = "no answer within the deadline; allow more time"
                raise DeadlineExceededError(f"{lane.question}: {late}") from error
            hangs = "the model server answered DEADLINE_EXCEEDED; try again shortly"
            raise ModelsUnavailableError(f"{lane.question}: {hangs}") from error


@dataclass(eq=False)
class _Lane:
    """All that is asked of one signature of one release; `close` is called whenever nothing is."""

    question: Question
    stub: prediction_service_pb2_grpc.PredictionServiceStub
    close: Callable[[], object]
    waiting: list[_Asked] = field(default_factory=list)
    under_way: set[asyncio.Task[None]] = field(default_factory=set)

    async def ask(self, inputs: Tensors, patience: float) -> Outputs:
        loop = asyncio.get_running_loop()
        asked = _Asked(inputs, loop.time() + patience, loop.create_future())
        self.waiting.append(asked)
        self._start()
        try:
            return await asked.answer
        finally:
            if asked.answer.cancelled() and asked.call and all(one.answer.done() for one in asked.together):
                asked.call.cancel()  # nobody wants it any more

    def _start(self) -> None:
        if self.waiting and len(self.under_way) < _MOST_UNDER_WAY:
            call = asyncio.create_task(self._call())
            self.under_way.add(call)
            call.add_done_callback(self._end)

    def _end(self, call: asyncio.Task[None]) -> None:
        self.under_way.discard(call)
        self._start()
        if not self.under_way:
            self.close()

    async def _call(self) -> None:
        together = self._take()
        for one in together:
            one.call, one.together = asyncio.current_task(), together
        await self._answer(together)

    def _take(self) -> list[_Asked]:
        """Takes who waited longest, and whoever else fits into one call."""
        waiting = [one for one in self.waiting if not one.answer.done()]
        taken, self.waiting = waiting[:1], []
        room = _MOST_PEOPLE - sum(num_people(one.inputs) for one in taken)
        widest = max([_COMMON_WIDTH, *(width(one.inputs) for one in taken)])
        for one in waiting[1:]:
            fits = num_people(one.inputs) <= room and width(one.inputs) <= widest
            (taken if fits else self.waiting).append(one)
            room -= num_people(one.inputs) if fits else 0
        return taken

    async def _answer(self, asked: Sequence[_Asked]) -> None:
        asked = [one for one in asked if not one.answer.done()]
        if not asked:
            return
        calls = [one.inputs for one in asked]
        seconds = max(one.give_up_at for one in asked) - asyncio.get_running_loop().time()
        try:
            outputs = await self.question.ask(self.stub, join_inputs(calls), seconds)
        except (grpc.aio.AioRpcError, UnusableAnswerError) as error:
            if len(asked) > 1 and _may_be_of_one(error):
                for one in asked:
                    await self._answer([one])
            else:
                self._fail(asked, error)
        else:
            for one, part in zip(asked, part_outputs(calls, outputs), strict=True):
                if not one.answer.done():
                    one.answer.set_result(part)

    def _fail(self, asked: Sequence[_Asked], error: grpc.aio.AioRpcError | UnusableAnswerError) -> None:
        for one in asked:
            if not one.answer.done():
                one.answer.set_exception(self._as_seen(error))

    def _as_seen(self, error: grpc.aio.AioRpcError | UnusableAnswerError) -> Exception:
        if isinstance(error, UnusableAnswerError):
            seen: Exception = ModelsUnavailableError(f"{self.question}: {error}")
        elif error.code() is grpc.StatusCode.DEADLINE_EXCEEDED:
            seen = TimeoutError()
        else:
            told = f"the model server answered {error.code().name}; try again shortly"
            seen = ModelsUnavailableError(f"{self.question}: {told}")
        seen.__cause__ = error
        return seen


def _may_be_of_one(error: grpc.aio.AioRpcError | UnusableAnswerError) -> bool:
    """Returns whether what one request asked may have spoilt the call for the others."""
    return isinstance(error, UnusableAnswerError) or error.code() is grpc.StatusCode.INVALID_ARGUMENT
