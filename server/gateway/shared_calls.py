"""Predict calls that requests share: while one is under way, what arrives waits and leaves together in the next."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial

import grpc

from server.errors import DeadlineExceededError, ModelsUnavailableError
from server.gateway.deadline import Deadline
from server.gateway.joined_inputs import join_inputs, num_people, part_outputs, width
from server.gateway.predict_call import Outputs, Question, UnusableAnswerError
from server.gateway.serving_apis import prediction_service_pb2_grpc
from server.recommender.models import MOVIE_INDEX, QUERY_TOWER, RANKING_HEAD, Tensors
from server.recommender.release_info import ReleaseInfo

# A model that has not answered a call by then hangs, however patient the callers are.
_CALL_SECONDS = 5.0
# Many times what a call takes. What takes longer may hang: a further call does not wait for it.
_USUAL_SECONDS = 0.1
# Calls to one signature at once, of which all but one took longer; docs/performance.md has figures for two from the
# start.
_MOST_UNDER_WAY = 4
# People a shared call, so that a model's scores of a large catalogue stay within memory, and calls of one kind can
# follow each other while the answers of the one before are worked on.
_MOST_PEOPLE = 64
# People times width a shared call, with padding: what the recommender keeps its own calls to; of excluded rows, which
# cost least, so many that who watched much shares calls too. All of it is far from a message's limit.
_MOST_CELLS = {QUERY_TOWER: 16_384, MOVIE_INDEX: 65_536, RANKING_HEAD: 16_384}
# What is wider would widen everybody's inputs: it shares calls with what is just as wide.
_COMMON_WIDTH = 512


@dataclass(eq=False)
class _Asked:
    """What one request asks."""

    inputs: Tensors
    answer: asyncio.Future[Outputs]
    call: asyncio.Task[None] | None = None  # None while it waits
    together: Sequence["_Asked"] = ()  # all whom the call is for

    @property
    def rare_width(self) -> int:
        """How wide its inputs are where few are as wide, else 0."""
        return wide if (wide := width(self.inputs)) > _COMMON_WIDTH else 0


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
        # What fills a call by itself has a lane to itself: it waits for nobody, and keeps nobody waiting. Releases go
        # by identity, as another may come to the same number.
        own = id(inputs) if num_people(inputs) >= _MOST_PEOPLE else 0
        key = (id(info), *call, own)
        lane = self._lanes.get(key)
        if lane is None:
            lane = self._lanes[key] = _Lane(Question(info, *call), self._stub, partial(self._lanes.pop, key))
        try:
            async with asyncio.timeout(seconds):
                return await lane.ask(inputs)
        except TimeoutError as error:
            late = "no answer within the deadline; allow more time"
            raise DeadlineExceededError(f"{lane.question}: {late}") from error


@dataclass(eq=False)
class _Lane:
    """All that is asked of one signature of one release; `close` is called whenever nothing is."""

    question: Question
    stub: prediction_service_pb2_grpc.PredictionServiceStub
    close: Callable[[], object]
    waiting: list[_Asked] = field(default_factory=list)
    under_way: set[asyncio.Task[None]] = field(default_factory=set)
    awaited: asyncio.Task[None] | None = None  # the one of them that has not taken long yet

    async def ask(self, inputs: Tensors) -> Outputs:
        asked = _Asked(inputs, asyncio.get_running_loop().create_future())
        self.waiting.append(asked)
        self._start()
        try:
            return await asked.answer
        finally:
            if asked.call is None:
                self.waiting.remove(asked)
            elif asked.answer.cancelled() and all(one.answer.done() for one in asked.together):
                asked.call.cancel()  # nobody wants it any more

    def _start(self) -> None:
        if self.waiting and self.awaited is None and len(self.under_way) < _MOST_UNDER_WAY:
            together: list[_Asked] = []
            call = self.awaited = asyncio.create_task(self._call(together))
            self.under_way.add(call)
            call.add_done_callback(partial(self._end, together))
            asyncio.get_running_loop().call_later(_USUAL_SECONDS, self._await_no_more, call)

    def _await_no_more(self, call: asyncio.Task[None]) -> None:
        if self.awaited is call:
            self.awaited = None
            self._start()

    def _end(self, together: Sequence[_Asked], call: asyncio.Task[None]) -> None:
        self.under_way.discard(call)
        for one in together:
            # Something unforeseen: each caller fails by it, rather than wait for an answer that never comes.
            if not (one.answer.done() or call.cancelled()) and (error := call.exception()):
                one.answer.set_exception(error)
        self._await_no_more(call)
        self._start()
        if not self.under_way:
            self.close()

    async def _call(self, together: list[_Asked]) -> None:
        together += self._take()
        for one in together:
            one.call, one.together = asyncio.current_task(), together
        await self._answer(together)

    def _take(self) -> list[_Asked]:
        """Takes who waited longest, and whoever else fits into one call."""
        taken: list[_Asked] = []
        waiting, self.waiting = self.waiting, []
        people, widest, most = 0, 1, _MOST_CELLS[self.question.model]
        for one in waiting:
            now, wide = people + num_people(one.inputs), max(widest, width(one.inputs))
            fits = now <= _MOST_PEOPLE and now * wide <= most
            if not taken or (fits and one.rare_width == taken[0].rare_width):
                taken.append(one)
                people, widest = now, wide
            else:
                self.waiting.append(one)
        return taken

    async def _answer(self, asked: Sequence[_Asked]) -> None:
        asked = [one for one in asked if not one.answer.done()]
        if not asked:
            return
        calls = [one.inputs for one in asked]
        try:
            outputs = await self.question.ask(self.stub, join_inputs(calls), _CALL_SECONDS)
        except (grpc.aio.AioRpcError, UnusableAnswerError) as error:
            if len(asked) > 1 and _may_be_of_one(error):
                half = len(asked) // 2
                await asyncio.gather(self._answer(asked[:half]), self._answer(asked[half:]))
            else:
                self._fail(asked, error)
        else:
            for one, part in zip(asked, part_outputs(calls, outputs), strict=True):
                if not one.answer.done():
                    one.answer.set_result(part)

    def _fail(self, asked: Sequence[_Asked], error: grpc.aio.AioRpcError | UnusableAnswerError) -> None:
        told = str(error)
        if isinstance(error, grpc.aio.AioRpcError):
            told = f"the model server answered {error.code().name}; try again shortly"
        for one in asked:
            if not one.answer.done():
                seen = ModelsUnavailableError(f"{self.question}: {told}")
                seen.__cause__ = error
                one.answer.set_exception(seen)


def _may_be_of_one(error: grpc.aio.AioRpcError | UnusableAnswerError) -> bool:
    """Returns whether what one request asked may have spoilt the call for the others."""
    return isinstance(error, UnusableAnswerError) or error.code() is grpc.StatusCode.INVALID_ARGUMENT
