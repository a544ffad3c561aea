"""People asking while releases come and go; every answer is judged as it comes."""

import asyncio
import random
from collections import defaultdict, deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import grpc
from pairrec.v1 import pair_recommendation_service_pb2 as service_pb2
from pairrec.v1 import pair_recommendation_service_pb2_grpc as service_pb2_grpc
from pairrec.v1 import recommendation_pb2

from tests.soak.outcome import Outcome
from tests.soak.release_questions import Question
from tests.tiny_release import TinyRelease

# Page two is asked for after so long.
PAGE_SECONDS = 3.0
_DEADLINE_SECONDS = 20.0
# Of so many requests one asks what is served.
_GET_RELEASE = 20


class _Asked(NamedTuple):
    """A question, and if it continues a list, by which token, from where and of which release."""

    question: Question
    token: str = ""
    offset: int = 0
    version: int = 0


@dataclass
class ReleaseLoad:
    """Asks what it is told to, new things and second pages.

    Attributes:
        releases: By version, from 1.
        phase: What is going on, for `seconds`.
        newest: The newest release that has answered.
        switches: How often that became another one.
        seconds: How long answers took from when their request was due, by phase.
    """

    stub: service_pb2_grpc.PairRecommendationServiceStub
    questions: Sequence[Question]
    releases: Sequence[TinyRelease]
    outcome: Outcome
    random: random.Random
    phase: str = ""
    newest: int = 1
    switches: int = 0
    sent: int = 0
    seconds: defaultdict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    _pages: deque[tuple[float, _Asked]] = field(default_factory=deque)

    async def ask(self, due: float) -> None:
        """Asks for a second page where one is due, else something new."""
        if self._pages and self._pages[0][0] <= due:
            await self._ask(due, self._pages.popleft()[1])
        elif self.random.randrange(_GET_RELEASE):
            await self._ask(due, _Asked(self.random.choice(self.questions)))
        else:
            await self._ask_release(due)

    async def _ask(self, due: float, asked: _Asked) -> None:
        question, newest = asked.question, self.newest
        request = question.request
        if asked.token:
            request = type(request)(page_token=asked.token)
            request.MergeFrom(question.request)
        if not (answer := await self._answer(due, question.rpc, request)):
            return
        self._judge(asked, answer, newest)
        self._see(answer.release_version)
        if not asked.token and getattr(answer, "next_page_token", ""):
            page = _Asked(question, answer.next_page_token, request.page_size, answer.release_version)
            self._pages.append((due + PAGE_SECONDS, page))

    def _judge(self, asked: _Asked, answer: Any, newest: int) -> None:
        version, rpc = answer.release_version, asked.question.rpc
        is_due = version == asked.version if asked.token else version >= newest
        due = f"of {asked.version} as page one" if asked.token else f"of {newest}, which had answered, or a later one"
        self.outcome.require(is_due, f"{rpc}: an answer of release {version}, must be {due}")
        fault = asked.question.fault(answer, self.releases, asked.offset)
        self.outcome.require(not fault, f"{rpc}: mixture: {fault}")
        page_two = f", page two of {'the same' if version == newest else 'an older'} release" if asked.token else ""
        self.outcome.counts[rpc + page_two, "MIXED" if fault else "right"] += 1

    async def _ask_release(self, due: float) -> None:
        newest = self.newest
        if not (answer := await self._answer(due, "GetRelease", service_pb2.GetReleaseRequest())):
            return
        version = answer.release.release_version
        models = {(model.version, model.state) for model in answer.release.models}
        skipped = [skip.release_version for skip in answer.skipped_releases]
        is_true = version >= newest and models == {(version, "AVAILABLE")} and all(one > version for one in skipped)
        self.outcome.require(is_true, f"GetRelease, after release {newest} had answered: {answer}")
        self.outcome.counts["GetRelease", "right" if is_true else "WRONG"] += 1
        self._see(version)

    def _see(self, version: int) -> None:
        self.switches += version > self.newest
        self.newest = max(self.newest, version)

    async def _answer(self, due: float, rpc: str, request: Any) -> Any:
        """Returns the answer that all models gave; None where there is none, which is noted."""
        self.sent += 1
        phase, now = self.phase, asyncio.get_running_loop().time
        try:
            answer = await getattr(self.stub, rpc)(request, timeout=_DEADLINE_SECONDS)
        except grpc.aio.AioRpcError as error:
            return self._fail(rpc, f"{error.code().name}: {error.details()}")
        self.seconds[phase].append(now() - due)
        if getattr(answer, "source", recommendation_pb2.SOURCE_MODEL) != recommendation_pb2.SOURCE_MODEL:
            return self._fail(rpc, answer.fallback_reason)
        return answer

    def _fail(self, rpc: str, why: str) -> None:
        self.outcome.counts[rpc, "FAILED"] += 1
        self.outcome.require(False, f"{rpc} failed: {why}")
