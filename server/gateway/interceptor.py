"""Turns what goes wrong in a call into a status: the one place that aborts."""

import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import grpc
from google.protobuf.message import DecodeError
from grpc_status import rpc_status

from server.errors import FieldFault, InternalError, InvalidRequestError, PairrecError
from server.gateway.messages import error_status

logger = logging.getLogger(__name__)

Details = grpc.HandlerCallDetails
Context = grpc.aio.ServicerContext[Any, Any]
# The stubs type a handler's functions as optional and synchronous; here they are neither.
Handler = Any


class ErrorInterceptor(grpc.aio.ServerInterceptor):
    """Answers domain errors with their status and details; anything else is logged and leaves as an opaque INTERNAL.

    gRPC answers INTERNAL or UNKNOWN by itself for bytes that are no message, so requests are read here.
    """

    async def intercept_service(
        self, continuation: Callable[[Details], Awaitable[Handler]], handler_call_details: Details
    ) -> Handler:
        """Wraps the handler of a call."""
        handler = await continuation(handler_call_details)
        if handler is None:
            return None
        guarded = _Guarded(handler, handler_call_details.method)
        if handler.unary_unary:
            return grpc.unary_unary_rpc_method_handler(guarded.answer, None, handler.response_serializer)
        if handler.unary_stream:
            return grpc.unary_stream_rpc_method_handler(guarded.write, None, handler.response_serializer)
        return grpc.stream_stream_rpc_method_handler(guarded.converse, None, handler.response_serializer)


@dataclass(frozen=True)
class _Guarded:
    """A handler in the three shapes there are: of our own RPCs, of health's Watch, and of reflection."""

    handler: Handler
    method: str

    async def answer(self, data: bytes, context: Context) -> object:
        async with _aborting(self.method, context):
            response: object = await self.handler.unary_unary(self._read(data), context)
        return response

    async def write(self, data: bytes, context: Context) -> None:
        async with _aborting(self.method, context):
            await self.handler.unary_stream(self._read(data), context)

    async def converse(self, stream: AsyncIterator[bytes], context: Context) -> AsyncIterator[object]:
        requests = (self._read(data) async for data in stream)
        async with _aborting(self.method, context):
            async for response in self.handler.stream_stream(requests, context):
                yield response

    def _read(self, data: bytes) -> object:
        try:
            return self.handler.request_deserializer(data)
        except DecodeError as error:
            raise InvalidRequestError([FieldFault("request", "its bytes are no message of this RPC")]) from error


@asynccontextmanager
async def _aborting(method: str, context: Context) -> AsyncIterator[None]:
    try:
        yield
    except grpc.aio.AbortError:
        raise
    except PairrecError as error:
        await _abort(context, error)
    except Exception:
        logger.exception("%s failed", method)
        await _abort(context, InternalError("something went wrong; the gateway's log says what"))


async def _abort(context: Context, error: PairrecError) -> None:
    status = rpc_status.to_status(error_status(error))
    await context.abort(status.code, status.details, status.trailing_metadata)
