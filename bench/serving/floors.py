"""What an answer costs at least, each in a process of its own: `python -m bench.serving.floors echo|direct|two-calls`.

`echo` is a bare grpc.aio call. `direct` runs the four model signatures that one pair takes, in one process, through the
session API. `two-calls` is what one would write instead of this project: two TFRS BruteForce calls and a merge.
"""

import argparse
import asyncio
import json
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import cycle
from pathlib import Path
from typing import Any

import grpc
import numpy as np
import pyarrow as pa

from bench.serving.load import read_requests

METHOD = "/bench.Floor/Ask"


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("floor", choices=("echo", "direct", "two-calls"))
    parser.add_argument("--releases", type=Path)
    parser.add_argument("--release", type=int)
    parser.add_argument("--requests", type=Path)
    arguments = parser.parse_args()
    if arguments.floor == "echo":
        asyncio.run(echo())
    elif arguments.floor == "direct":
        direct(arguments)
    else:
        two_calls(arguments)


async def echo() -> None:
    async def answer(request: bytes, _: object) -> bytes:
        return request

    server = grpc.aio.server()
    server.add_generic_rpc_handlers((handler(answer),))
    port = server.add_insecure_port("localhost:0")
    await server.start()
    print(f"listening on localhost:{port}", flush=True)
    await server.wait_for_termination()


def handler(answer: Any) -> grpc.GenericRpcHandler:  # noqa: ANN401 - a function or a coroutine function
    service, method = METHOD[1:].split("/")
    return grpc.method_handlers_generic_handler(service, {method: grpc.unary_unary_rpc_method_handler(answer)})


def direct(arguments: argparse.Namespace) -> None:
    """Reads seconds from each line, and writes how long each pair took until they were over."""
    from server.recommender.catalog import Catalog
    from server.recommender.models import MOVIE_INDEX, QUERY_TOWER, RANKING_HEAD
    from server.recommender.row_sets import join_rows, pad_rows
    from server.saved_model import SavedModel

    # One thread each: with two, these short runs take longer.
    models = {
        name: SavedModel.load(arguments.releases / name / str(arguments.release), ("serve",), 1, 1)
        for name in (QUERY_TOWER, MOVIE_INDEX, RANKING_HEAD)
    }
    catalog = Catalog.open(arguments.releases / "catalog" / str(arguments.release))
    runs = {name: prepared(model) for name, model in models.items()}
    nobody = {
        "history_row": np.full((2, 1), -1, np.int32),
        "history_rating": np.full((2, 1), np.nan, np.float32),
        "genre_rating": np.full((2, len(catalog.info.genres)), np.nan, np.float32),
    }
    pairs = []
    for first, second in pairs_of(arguments.requests):
        watched = np.concatenate([catalog.history(user_id).rows for user_id in (first, second)])
        pairs.append((np.array([first.encode(), second.encode()], object), np.repeat(pad_rows([watched]), 2, axis=0)))

    def answer(user_id: np.ndarray, excluded: np.ndarray) -> None:
        [query] = runs[QUERY_TOWER]("serving_default", {"user_id": user_id, **nobody}, ("query_embedding",))
        who = {"query_embedding": query, "excluded_row": excluded}
        [found] = runs[MOVIE_INDEX]("serving_default", who, ("movie_row",))
        rows = np.repeat(join_rows(found.reshape(1, -1)), 2, axis=0)
        runs[MOVIE_INDEX]("rank_movies", {**who, "movie_row": rows}, ("score", "rank"))
        runs[RANKING_HEAD]("serving_default", {"query_embedding": query, "movie_row": rows}, ("rating",))

    turn = cycle(pairs)
    print("ready", flush=True)
    for line in sys.stdin:
        seconds, start, latencies = json.loads(line), time.perf_counter(), []
        while (now := time.perf_counter()) - start < seconds:
            answer(*next(turn))
            latencies.append(time.perf_counter() - now)
        print(json.dumps({"seconds": time.perf_counter() - start, "latencies": latencies}), flush=True)


def prepared(model: Any) -> Any:  # noqa: ANN401 - a SavedModel; what it returns is a function
    """Returns what runs a signature, by names of tensors that are looked up once."""
    named = {
        signature: ({n: t.name for n, t in found.inputs.items()}, {n: t.name for n, t in found.outputs.items()})
        for signature, found in model.signature_defs.items()
        if found.inputs
    }

    def run(signature: str, inputs: dict[str, np.ndarray], outputs: tuple[str, ...]) -> list[np.ndarray]:
        feeds, fetches = named[signature]
        return model.run({feeds[name]: value for name, value in inputs.items()}, [fetches[name] for name in outputs])

    return run


def pairs_of(path: Path) -> Iterator[tuple[str, str]]:
    from pairrec.v1 import pair_recommendation_service_pb2 as service_pb2

    for data in read_requests(path):
        request = service_pb2.RecommendPairRequest.FromString(data)
        yield request.first.user_id, request.second.user_id


def two_calls(arguments: argparse.Namespace) -> None:
    import tensorflow as tf
    import tensorflow_recommenders as tfrs
    from pairrec.v1 import pair_recommendation_service_pb2 as service_pb2
    from pairrec.v1 import recommendation_pb2

    from server.recommender.catalog import Catalog
    from server.recommender.models import QUERY_TOWER
    from server.saved_model import SavedModel

    tf.config.threading.set_intra_op_parallelism_threads(1)
    catalog = Catalog.open(arguments.releases / "catalog" / str(arguments.release))
    people = [catalog.user_id(i) for i in range(catalog.info.data.num_users)]
    tower = SavedModel.load(arguments.releases / QUERY_TOWER / str(arguments.release))
    asked = {
        "user_id": np.array([user_id.encode() for user_id in people], object),
        "history_row": np.full((len(people), 1), -1, np.int32),
        "history_rating": np.full((len(people), 1), np.nan, np.float32),
        "genre_rating": np.full((len(people), len(catalog.info.genres)), np.nan, np.float32),
    }
    columns = pa.ipc.open_file(pa.memory_map(str(arguments.releases / f"catalog/{arguments.release}/candidates.arrow")))
    candidates = columns.get_batch(0)["embedding"].flatten().to_numpy().reshape(catalog.num_movies, -1)
    queries = tower.predict("serving_default", asked)["query_embedding"][:, : candidates.shape[1]]
    lookup = tf.keras.layers.StringLookup(vocabulary=people, mask_token=None)
    embeddings = np.vstack((queries[:1], queries))  # the first is for those it does not know
    embedding = tf.keras.layers.Embedding(*embeddings.shape, weights=[embeddings])
    user_model = tf.keras.Sequential([lookup, embedding])
    index = tfrs.layers.factorized_top_k.BruteForce(user_model, k=catalog.info.candidates)
    index.index(tf.constant(candidates), tf.range(len(candidates)))
    best = tf.function(index, input_signature=[tf.TensorSpec([1], tf.string)])
    movies = [catalog.movie(row) for row in range(catalog.num_movies)]
    watched = {user_id: set(catalog.history(user_id).rows.tolist()) for user_id in people}

    def answer(request: service_pb2.RecommendPairRequest, _: object) -> service_pb2.RecommendPairResponse:
        members = (request.first.user_id, request.second.user_id)
        seen, scores = watched[members[0]] | watched[members[1]], {}
        for user_id in members:
            rank = 0
            for row in best(tf.constant([user_id]))[1].numpy()[0].tolist():
                if row not in seen:
                    rank += 1
                    scores[row] = scores.get(row, 0) + 0.5 / (10 + rank)
        response = service_pb2.RecommendPairResponse()
        for row in sorted(scores, key=scores.__getitem__, reverse=True)[:10]:
            movie = movies[row]
            told = {"movie_id": movie.movie_id, "title": movie.title, "year": movie.year, "genres": movie.genres}
            response.recommendations.append(recommendation_pb2.PairRecommendation(movie=told, pair_score=scores[row]))
        return response

    served = grpc.unary_unary_rpc_method_handler(
        answer, service_pb2.RecommendPairRequest.FromString, service_pb2.RecommendPairResponse.SerializeToString
    )
    server = grpc.server(ThreadPoolExecutor(4))
    service, method = METHOD[1:].split("/")
    server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler(service, {method: served}),))
    port = server.add_insecure_port("localhost:0")
    server.start()
    print(f"listening on localhost:{port}", flush=True)
    server.wait_for_termination()


if __name__ == "__main__":
    main()
