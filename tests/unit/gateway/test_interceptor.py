"""The interceptor on a real server, around handlers that go wrong."""

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable

import grpc
import pytest
from google.rpc import error_details_pb2
from grpc_status import rpc_status

from server.errors import (
    DeadlineExceededError,
    ModelsUnavailableError,
    NotFoundError,
    PairrecError,
    ReleaseGoneError,
    ReleaseUnavailableError,
)
from server.gateway import backlog
from server.gateway.calls import Calls
from server.gateway.interceptor import CallInterceptor
from server.gateway.logs import Facts, set_up_logging
from server.gateway.observation import observed
from server.gateway.pseudonyms import pseudonym

Behaviour = Callable[[bytes, grpc.aio.ServicerContext], Awaitable[bytes]]


class Service(grpc.GenericRpcHandler):
    """One method, whose behaviour a test sets."""

    behaviour: Behaviour

    def service(self, handler_call_details: grpc.HandlerCallDetails) -> grpc.RpcMethodHandler | None:
        if handler_call_details.method != "/test/Call":
            return None
        return grpc.unary_unary_rpc_method_handler(self.behaviour, bytes, bytes)


@pytest.fixture
def service() -> Service:
    return Service()


@pytest.fixture
async def channel(service: Service) -> AsyncIterator[grpc.aio.Channel]:
    server = grpc.aio.server(interceptors=[CallInterceptor("test", Calls(most=1, log_key=b"key"))])
    server.add_generic_rpc_handlers((service,))
    port = server.add_insecure_port("localhost:0")
    await server.start()
    async with grpc.aio.insecure_channel(f"localhost:{port}") as channel:
        yield channel
    await server.stop(None)


def raising(error: Exception) -> Behaviour:
    async def behaviour(request: bytes, context: grpc.aio.ServicerContext) -> bytes:
        raise error

    return behaviour


async def error_of(channel: grpc.aio.Channel, method: str = "/test/Call") -> grpc.aio.AioRpcError:
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await channel.unary_unary(method)(b"", timeout=20)
    return caught.value


async def calls_told(caplog: pytest.LogCaptureFixture, count: int = 1) -> list[logging.LogRecord]:
    """Returns the lines of calls once there are so many: they are written soon after, and callers know before."""
    told = []
    async with asyncio.timeout(60):
        while len(told) < count:
            await asyncio.sleep(0.01)
            told = [record for record in caplog.records if isinstance(record.msg, Facts)]
    assert len(told) == count
    return told


KINDS = [
    DeadlineExceededError,
    ModelsUnavailableError,
    NotFoundError,
    ReleaseGoneError,
    ReleaseUnavailableError,
]


@pytest.mark.parametrize("kind", KINDS)
async def test_a_domain_error_leaves_with_its_status_and_reason(
    channel: grpc.aio.Channel, service: Service, kind: type[PairrecError]
) -> None:
    service.behaviour = raising(kind("try again"))
    error = await error_of(channel)
    info = error_details_pb2.ErrorInfo()
    [detail] = rpc_status.from_call(error).details
    assert detail.Unpack(info)
    assert (error.code().name, error.details()) == (kind.status, "try again")
    assert (info.domain, info.reason) == ("pairrec", kind.reason)


async def test_anything_else_is_logged_and_leaves_opaque(
    channel: grpc.aio.Channel, service: Service, caplog: pytest.LogCaptureFixture
) -> None:
    service.behaviour = raising(ZeroDivisionError("the secret"))
    with caplog.at_level(logging.ERROR):
        error = await error_of(channel)
    assert error.code() is grpc.StatusCode.INTERNAL
    assert "secret" not in error.details()
    [record] = [record for record in caplog.records if record.levelno == logging.ERROR]
    assert record.getMessage() == "/test/Call failed"
    assert isinstance(record.exc_info[1], ZeroDivisionError)


async def test_a_handlers_own_abort_passes(channel: grpc.aio.Channel, service: Service) -> None:
    async def behaviour(request: bytes, context: grpc.aio.ServicerContext) -> bytes:
        await context.abort(grpc.StatusCode.NOT_FOUND, "mine")

    service.behaviour = behaviour
    error = await error_of(channel)
    assert (error.code(), error.details()) == (grpc.StatusCode.NOT_FOUND, "mine")


async def test_an_unknown_method_is_unimplemented(channel: grpc.aio.Channel) -> None:
    assert (await error_of(channel, "/test/Other")).code() is grpc.StatusCode.UNIMPLEMENTED


async def test_a_cancelled_call_stops_its_handler(
    channel: grpc.aio.Channel, service: Service, caplog: pytest.LogCaptureFixture
) -> None:
    started, cancelled = asyncio.Event(), asyncio.Event()

    async def behaviour(request: bytes, context: grpc.aio.ServicerContext) -> bytes:
        started.set()
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            cancelled.set()
            raise

    service.behaviour = behaviour
    call = channel.unary_unary("/test/Call")(b"", timeout=20)
    sending = asyncio.ensure_future(call)
    await started.wait()
    caplog.set_level(logging.INFO)
    call.cancel()
    await cancelled.wait()
    with pytest.raises(asyncio.CancelledError):
        await sending
    [told] = await calls_told(caplog)
    assert told.msg["code"] == "CANCELLED"


def waiting(started: asyncio.Event, done: asyncio.Event) -> Behaviour:
    async def behaviour(request: bytes, context: grpc.aio.ServicerContext) -> bytes:
        started.set()
        await done.wait()
        return b"done"

    return behaviour


async def test_a_full_gateway_refuses_until_a_call_is_over(channel: grpc.aio.Channel, service: Service) -> None:
    started, done = asyncio.Event(), asyncio.Event()
    service.behaviour = waiting(started, done)
    first = asyncio.ensure_future(channel.unary_unary("/test/Call")(b"", timeout=20))
    await started.wait()
    error = await error_of(channel)
    assert (error.code(), error.details()[:21]) == (grpc.StatusCode.RESOURCE_EXHAUSTED, "1 calls are under way")
    assert [detail.TypeName() for detail in rpc_status.from_call(error).details] == [
        "google.rpc.ErrorInfo",
        "google.rpc.RetryInfo",
    ]
    done.set()
    assert await first == await channel.unary_unary("/test/Call")(b"", timeout=20) == b"done"


async def test_calls_that_failed_or_were_cancelled_are_no_longer_under_way(
    channel: grpc.aio.Channel, service: Service
) -> None:
    service.behaviour = raising(ZeroDivisionError())
    for _ in range(3):
        assert (await error_of(channel)).code() is grpc.StatusCode.INTERNAL


async def test_what_a_handler_observes_is_told_with_the_call(
    channel: grpc.aio.Channel, service: Service, caplog: pytest.LogCaptureFixture
) -> None:
    async def behaviour(request: bytes, context: grpc.aio.ServicerContext) -> bytes:
        async def part() -> None:
            observed().source = "model"

        observed().user_ids = ["Ada"]
        await asyncio.gather(part())
        return b""

    service.behaviour = behaviour
    caplog.set_level(logging.INFO)
    await channel.unary_unary("/test/Call")(b"", metadata=[("x-request-id", "mine")], timeout=20)
    [record] = await calls_told(caplog)
    told = record.msg
    assert (told["request_id"], told["source"], told["user_ids"]) == ("mine", "model", [pseudonym(b"key", "Ada")])


def test_outside_a_call_what_is_observed_is_thrown_away() -> None:
    observed().user_ids.append("Ada")
    assert observed().user_ids == []


@pytest.mark.parametrize("line_format", ["text", "json"])
def test_a_logged_traceback_says_where_and_never_what(
    line_format: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(logging.getLogger(), "handlers", [])
    set_up_logging("INFO", line_format)
    secret = "Ada"
    try:
        try:
            {}[secret]
        except KeyError:
            int(secret)
    except ValueError:
        logging.getLogger().exception("it failed")
    log = capsys.readouterr().err
    assert "Ada" not in log
    assert log.index("KeyError") < log.index("led to") < log.rindex("ValueError")


async def test_what_is_refused_for_want_of_room_is_logged_for_debugging_only(
    channel: grpc.aio.Channel, service: Service, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    started, done = asyncio.Event(), asyncio.Event()
    service.behaviour = waiting(started, done)
    first = asyncio.ensure_future(channel.unary_unary("/test/Call")(b"", timeout=20))
    await started.wait()
    await error_of(channel)
    done.set()
    await first
    told = {(record.levelname, record.msg["code"]) for record in await calls_told(caplog, 2)}
    assert told == {("DEBUG", "RESOURCE_EXHAUSTED"), ("INFO", "OK")}


async def test_calls_of_other_services_and_of_no_method_wait_no_longer_once_seen(
    service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(backlog, "_PAUSE_SECONDS", 0)
    started, done = asyncio.Event(), asyncio.Event()
    service.behaviour = waiting(started, done)
    calls = Calls(most=1, log_key=b"")
    with calls.backlog.watch():
        server = grpc.aio.server(interceptors=[CallInterceptor("another", calls)])
    server.add_generic_rpc_handlers((service,))
    port = server.add_insecure_port("localhost:0")
    await server.start()
    async with grpc.aio.insecure_channel(f"localhost:{port}") as channel:
        under_way = []
        for _ in range(5):
            started.clear()
            under_way.append(asyncio.ensure_future(channel.unary_unary("/test/Call")(b"", timeout=60)))
            await started.wait()
            await error_of(channel, "/test/None")
        assert calls.backlog.waiting == 0
        done.set()
        await asyncio.gather(*under_way)
    await server.stop(None)
