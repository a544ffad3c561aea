"""Stands around every call: turns what goes wrong into a status, in the one place that aborts."""

import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from typing import Any

import grpc
from google.protobuf.message import DecodeError
from grpc_status import rpc_status

from server.errors import FieldFault, InternalError, InvalidRequestError, PairrecError
from server.gateway.batch import num_calls
from server.gateway.calls import REQUEST_ID, Calls
from server.gateway.messages import error_status
from server.gateway.observation import observed

logger = logging.getLogger(__name__)

Details = grpc.HandlerCallDetails
Context = grpc.aio.ServicerContext[Any, Any]
# The stubs type a handler's functions as optional and synchronous; here they are neither.
Handler = Any


class CallInterceptor(grpc.aio.ServerInterceptor):
    """Answers domain errors with their status and details; anything else is logged and leaves as an opaque INTERNAL.

    gRPC answers INTERNAL or UNKNOWN by itself for bytes that are no message, so requests are read here. The calls of
    one service are counted, admitted and observed; health and reflection answer however full the gateway is.
    """

    def __init__(self, service: str, calls: Calls) -> None:
        """Takes the full name of the service whose calls are `calls`."""
        self._prefix = f"/{service}/"
        self._calls = calls
        self._guarded: dict[str, Handler] = {}

    async def intercept_service(
        self, continuation: Callable[[Details], Awaitable[Handler]], handler_call_details: Details
    ) -> Handler:
        """Wraps the handler of a call."""
        method = handler_call_details.method
        is_ours = method.startswith(self._prefix)
        self._calls.backlog.see()
        if method not in self._guarded:
            handler = await continuation(handler_call_details)
            if handler is None:  # of names that callers make up there is no end
                return None
            self._guarded[method] = self._guard(handler, method, is_ours)
        return self._guarded[method]

    def _guard(self, handler: Handler, method: str, is_ours: bool) -> Handler:
        guarded = _Guarded(handler, method, self._calls)
        if handler.unary_unary:
            answer = guarded.answer_observed if is_ours else guarded.answer
            return grpc.unary_unary_rpc_method_handler(answer, None, handler.response_serializer)
        if handler.unary_stream:
            return grpc.unary_stream_rpc_method_handler(guarded.write, None, handler.response_serializer)
        return grpc.stream_stream_rpc_method_handler(guarded.converse, None, handler.response_serializer)


@dataclass(frozen=True)
class _Guarded:
    """A handler in the three shapes there are: of our own RPCs, of health's Watch, and of reflection."""

    handler: Handler
    method: str
    calls: Calls

    async def answer_observed(self, data: bytes, context: Context) -> object:
        with self.calls.observe(self.method.rpartition("/")[2], context):
            try:
                request = self._read(data)
                with self.calls.admit(num_calls(request)):
                    return await self.handler.unary_unary(request, context)
            except Exception as error:
                await _abort(self.method, context, error)
                raise

    async def answer(self, data: bytes, context: Context) -> object:
        try:
            return await self.handler.unary_unary(self._read(data), context)
        except Exception as error:
            await _abort(self.method, context, error)
            raise

    async def write(self, data: bytes, context: Context) -> None:
        with self.calls.backlog.stream():
            try:
                await self.handler.unary_stream(self._read(data), context)
            except Exception as error:
                await _abort(self.method, context, error)
                raise

    async def converse(self, stream: AsyncIterator[bytes], context: Context) -> AsyncIterator[object]:
        requests = (self._read(data) async for data in stream)
        with self.calls.backlog.stream():
            try:
                async for response in self.handler.stream_stream(requests, context):
                    yield response
            except Exception as error:
                await _abort(self.method, context, error)
                raise

    def _read(self, data: bytes) -> object:
        try:
            return self.handler.request_deserializer(data)
        except DecodeError as error:
            raise InvalidRequestError([FieldFault("request", "its bytes are no message of this RPC")]) from error


async def _abort(method: str, context: Context, error: Exception) -> None:
    """Ends the call with what went wrong, by another exception; returns where it ended that way already."""
    if isinstance(error, grpc.aio.AbortError):
        return
    if not isinstance(error, PairrecError):
        logger.error("%s failed", method, exc_info=error)
        error = InternalError("something went wrong; the gateway's log says what")
    observation = observed()
    observation.code = error.status
    status = rpc_status.to_status(error_status(error))
    request_id = ((REQUEST_ID, observation.request_id),) if observation.request_id else ()
    await context.abort(status.code, status.details, (*status.trailing_metadata, *request_id))
