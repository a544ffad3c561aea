"""Turns what goes wrong in a call into a status: the one place that aborts."""

import logging
from collections.abc import Awaitable, Callable
from typing import Any, NoReturn

import grpc
from google.protobuf.message import DecodeError
from grpc_status import rpc_status

from server.errors import FieldFault, InternalError, InvalidRequestError, PairrecError
from server.gateway.messages import error_status

logger = logging.getLogger(__name__)

Details = grpc.HandlerCallDetails
# The stubs type a handler's functions as optional and synchronous; here they are neither.
Handler = Any


class ErrorInterceptor(grpc.aio.ServerInterceptor):
    """Answers domain errors with their status and details; anything else is logged and leaves as an opaque INTERNAL.

    gRPC answers INTERNAL by itself for bytes that are no message, so requests are read here.
    """

    async def intercept_service(
        self, continuation: Callable[[Details], Awaitable[Handler]], handler_call_details: Details
    ) -> Handler:
        """Wraps the handler of a call with one request and one response."""
        handler = await continuation(handler_call_details)
        if handler is None or handler.unary_unary is None:
            return handler

        async def answer(data: bytes, context: grpc.aio.ServicerContext[Any, Any]) -> object:
            try:
                return await handler.unary_unary(_read(handler, data), context)
            except grpc.aio.AbortError:
                raise
            except PairrecError as error:
                return await _abort(context, error)
            except Exception:
                logger.exception("%s failed", handler_call_details.method)
                return await _abort(context, InternalError("something went wrong; the gateway's log says what"))

        return grpc.unary_unary_rpc_method_handler(answer, response_serializer=handler.response_serializer)


async def _abort(context: grpc.aio.ServicerContext[Any, Any], error: PairrecError) -> NoReturn:
    status = rpc_status.to_status(error_status(error))
    await context.abort(status.code, status.details, status.trailing_metadata)


def _read(handler: Handler, data: bytes) -> object:
    try:
        return handler.request_deserializer(data)
    except DecodeError as error:
        raise InvalidRequestError([FieldFault("request", "its bytes are no message of this RPC")]) from error
