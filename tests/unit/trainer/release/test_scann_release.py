"""A whole release whose index is ScaNN: it says so, its index alone needs the package, the stand-in serves it."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from server.embedded.config import Flags
from server.embedded.serving import serving
from tests.conformance.client import connect, failure
from tests.unit.trainer.exported import train

# isort: split
import grpc
import tensorflow as tf
from tensorflow_serving.apis.predict_pb2 import PredictRequest

MODELS = ("query_tower", "movie_index", "ranking_head")


@pytest.fixture(scope="module")
def scann_release(tmp_path_factory):
    return train(tmp_path_factory.mktemp("scann_release"), num_users=60, num_movies=1_100, index="scann")


def served(release):
    index = release.folder("movie_index").parent
    return serving(Flags(port=0, model_name="movie_index", model_base_path=str(index), max_num_load_retries=0))


def request(release):
    asked = PredictRequest()
    asked.model_spec.name = "movie_index"
    inputs = {"query_embedding": release.embed(["1"]), "excluded_row": np.arange(50, dtype=np.int32)[None]}
    for name, value in inputs.items():
        asked.inputs[name].CopyFrom(tf.make_tensor_proto(value))
    return asked


def test_release_and_card_say_that_the_index_is_scann(scann_release):
    document = json.loads((scann_release.folder("catalog") / "release.json").read_text())
    assert document["index"] == document["config"]["index"] == "scann"
    assert document["versions"]["scann"]
    assert "approximately, by ScaNN" in (scann_release.folder("catalog") / "model_card.md").read_text()


def test_only_the_index_has_operations_of_scann_and_it_runs_without_recommenders(scann_release):
    script = Path(__file__).with_name("stock_tensorflow.py")
    folders = [str(scann_release.folder(model)) for model in MODELS]
    done = subprocess.run([sys.executable, str(script), *folders], check=True, capture_output=True, text=True)
    stock = json.loads(done.stdout)
    strange = stock["strange_operations"]
    assert strange.pop("movie_index") == ["Scann>ScannSearch", "Scann>TensorsToScann"]
    assert strange == {"query_tower": [], "ranking_head": []}
    assert stock["recommenders_loaded"] is False
    assert [signature for _, signature, _ in stock["answers"]["movie_index"]] == [
        "serving_default",
        "rank_movies",
        "similar_movies",
    ]


def test_the_stand_in_serves_it(scann_release):
    with served(scann_release) as port, connect(f"localhost:{port}") as client:
        rows = tf.make_ndarray(client.predict(request(scann_release)).outputs["movie_row"])
    assert rows.shape == (1, 200)
    assert rows.min() >= 50


def test_where_scann_is_missing_the_status_says_what_to_install(scann_release, monkeypatch):
    asked = request(scann_release)
    monkeypatch.setitem(sys.modules, "scann", None)
    with served(scann_release) as port, connect(f"localhost:{port}") as client:
        ((state, error),) = client.states("movie_index").values()
        code, _ = failure(lambda: client.predict(asked))
    assert (state, code) == ("END", grpc.StatusCode.NOT_FOUND)
    assert "needs the package scann" in error
    assert "install scann" in error
