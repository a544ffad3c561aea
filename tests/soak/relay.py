"""`python -m tests.soak.relay`: stands before a model server and does to its answers what a file says."""

import argparse
import asyncio
import os
from collections.abc import Callable
from functools import partial
from pathlib import Path

import grpc
import numpy as np

from server.gateway.serving_apis import predict_pb2
from server.gateway.tensors import to_array, to_tensor

SLOW_SECONDS = 0.5

Array = np.ndarray


def _floats(change: Callable[[Array], Array]) -> Callable[[str, Array], Array]:
    return lambda _, array: change(array) if array.dtype == np.float32 else array


def _rows(change: Callable[[Array], Array]) -> Callable[[str, Array], Array]:
    return lambda name, array: change(array) if name == "movie_row" else array


# What no answer that keeps the frozen signatures can hold.
GARBAGE: dict[str, Callable[[str, Array], Array]] = {
    "not a number": _floats(lambda array: np.full_like(array, np.nan)),
    "infinite": _floats(lambda array: np.full_like(array, np.inf)),
    "another dtype": _floats(lambda array: array.view(np.int32)),
    "another shape": lambda _, array: array[..., :-1],
    "no people": lambda _, array: array[:0],
    "rows beyond the catalogue": _rows(lambda rows: rows + 1_000_000),
    "one row again and again": _rows(lambda rows: np.repeat(rows[:, :1], rows.shape[1], axis=1)),
    "worst first": lambda name, array: array[:, ::-1] if name in ("movie_row", "score") else array,
    "ranks beyond the catalogue": lambda name, array: array + 1_000_000 if name == "rank" else array,
    "stars beyond the scale": lambda name, array: array + 10 if name == "rating" else array,
}


class _Relay(grpc.GenericRpcHandler):
    def __init__(self, channel: grpc.aio.Channel, mode: Path) -> None:
        self._channel, self._mode = channel, mode

    def service(self, details: grpc.HandlerCallDetails) -> grpc.RpcMethodHandler:
        return grpc.unary_unary_rpc_method_handler(partial(self._relay, details.method))

    async def _relay(self, method: str, data: bytes, context: grpc.aio.ServicerContext) -> bytes:
        mode = self._mode.read_text()
        if mode != "no message" and not method.endswith("/Predict"):
            mode = ""
        if mode == "slow":
            await asyncio.sleep(SLOW_SECONDS)
        elif mode in ("INTERNAL", "INVALID_ARGUMENT"):
            await context.abort(grpc.StatusCode[mode], "as told")
        try:
            answer = await self._channel.unary_unary(method)(data, timeout=context.time_remaining())
        except grpc.aio.AioRpcError as error:
            await context.abort(error.code(), error.details())
        return _spoiled(answer, mode)


def _spoiled(answer: bytes, mode: str) -> bytes:
    if mode == "no message":
        return os.urandom(len(answer))
    if mode == "half a message":
        return answer[: len(answer) // 2]
    if mode not in GARBAGE:
        return answer
    response = predict_pb2.PredictResponse.FromString(answer)
    for name, tensor in response.outputs.items():
        changed = GARBAGE[mode](name, to_array(tensor))
        response.outputs[name].CopyFrom(to_tensor(np.ascontiguousarray(changed)))
    return response.SerializeToString()


async def _serve(target: str, mode: Path) -> None:
    async with grpc.aio.insecure_channel(target) as channel:
        server = grpc.aio.server(options=[("grpc.so_reuseport", 0)])
        server.add_generic_rpc_handlers((_Relay(channel, mode),))
        port = server.add_insecure_port("localhost:0")
        await server.start()
        print(f"relay listening on localhost:{port}", flush=True)  # noqa: T201 - starters wait for this line
        await server.wait_for_termination()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--target", required=True, help="host:port of the model server")
    parser.add_argument("--mode", type=Path, required=True, help="file that holds what to do; empty: nothing")
    arguments = parser.parse_args()
    asyncio.run(_serve(arguments.target, arguments.mode))
