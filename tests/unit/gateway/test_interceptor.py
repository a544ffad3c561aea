"""The interceptor on a real server, around handlers that go wrong."""

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable

import grpc
import pytest
from google.rpc import error_details_pb2
from grpc_status import rpc_status

from server.errors import DeadlineExceededError, ModelsUnavailableError, PairrecError, ReleaseUnavailableError
from server.gateway.interceptor import ErrorInterceptor

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
    server = grpc.aio.server(interceptors=[ErrorInterceptor()])
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


@pytest.mark.parametrize("kind", [ModelsUnavailableError, ReleaseUnavailableError, DeadlineExceededError])
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
    [record] = caplog.records
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
    call.cancel()
    await cancelled.wait()
    with pytest.raises(asyncio.CancelledError):
        await sending
    assert not caplog.records
