"""A real gRPC server whose models answer as a test says."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import grpc

from server.gateway.model_server import ModelServer, open_channel
from server.gateway.serving_apis import (
    get_model_status_pb2,
    model_service_pb2_grpc,
    predict_pb2,
    prediction_service_pb2_grpc,
)


class Models(prediction_service_pb2_grpc.PredictionServiceServicer, model_service_pb2_grpc.ModelServiceServicer):
    """Has some versions of every model; a Predict of it fails, or hangs until it is cancelled.

    Attributes:
        state: Of all the models; None where nobody is to be reached.
        loading: The versions that load, whatever the state.
    """

    def __init__(self, *versions: int, state: str | None = "AVAILABLE") -> None:
        self.versions = versions
        self.loading: tuple[int, ...] = ()
        self.state = state
        self.hang = False
        self.num_predicts = 0

    async def Predict(self, request: Any, context: Any) -> predict_pb2.PredictResponse:  # noqa: N802 - the API's
        self.num_predicts += 1
        if self.hang:
            await asyncio.Event().wait()
        await context.abort(grpc.StatusCode.INTERNAL, "broken")

    async def GetModelStatus(self, request: Any, context: Any) -> Any:  # noqa: N802 - the API's name
        if self.state is None:
            await context.abort(grpc.StatusCode.UNAVAILABLE, "as if away")
        response = get_model_status_pb2.GetModelStatusResponse()
        for version in self.versions:
            state = "LOADING" if version in self.loading else self.state
            response.model_version_status.add(version=version, state=state)
        return response


@asynccontextmanager
async def serve_models(models: Models) -> AsyncIterator[ModelServer]:
    server = grpc.aio.server()
    prediction_service_pb2_grpc.add_PredictionServiceServicer_to_server(models, server)
    model_service_pb2_grpc.add_ModelServiceServicer_to_server(models, server)
    port = server.add_insecure_port("localhost:0")
    await server.start()
    async with open_channel(f"localhost:{port}") as channel:
        yield ModelServer.behind(channel)
    await server.stop(None)
