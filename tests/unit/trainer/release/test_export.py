"""Each model has the signatures that were agreed, and needs nothing but TensorFlow."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
import tensorflow as tf

MODELS = ("query_tower", "movie_index", "ranking_head")
FLOAT, INT, STRING, BOOL = tf.float32, tf.int32, tf.string, tf.bool

# Model and signature: inputs, outputs; N is any number, the other letters depend on the release.
N = None
SIGNATURES = {
    ("query_tower", "serving_default"): (
        {
            "user_id": (STRING, [N]),
            "history_row": (INT, [N, N]),
            "history_rating": (FLOAT, [N, N]),
            "genre_rating": (FLOAT, [N, "g"]),
        },
        {"query_embedding": (FLOAT, [N, "d"]), "known": (BOOL, [N])},
    ),
    ("movie_index", "serving_default"): (
        {"query_embedding": (FLOAT, [N, "d"]), "excluded_row": (INT, [N, N])},
        {"movie_row": (INT, [N, "k"]), "score": (FLOAT, [N, "k"])},
    ),
    ("movie_index", "rank_movies"): (
        {"query_embedding": (FLOAT, [N, "d"]), "excluded_row": (INT, [N, N]), "movie_row": (INT, [N, N])},
        {"score": (FLOAT, [N, N]), "rank": (INT, [N, N])},
    ),
    ("movie_index", "similar_movies"): (
        {"movie_row": (INT, [N])},
        {"movie_row": (INT, [N, "k"]), "score": (FLOAT, [N, "k"])},
    ),
    ("ranking_head", "serving_default"): (
        {"query_embedding": (FLOAT, [N, "d"]), "movie_row": (INT, [N, N])},
        {"rating": (FLOAT, [N, N])},
    ),
}


def shape_of(tensor):
    return [N if dim.size == -1 else dim.size for dim in tensor.tensor_shape.dim]


def described(tensors):
    return {name: (tf.as_dtype(tensor.dtype), shape_of(tensor)) for name, tensor in tensors.items()}


@pytest.fixture(scope="module")
def stock(release):
    """What a process that knows TensorFlow only makes of the release."""
    script = Path(__file__).with_name("stock_tensorflow.py")
    folders = [str(release.folder(model)) for model in MODELS]
    done = subprocess.run([sys.executable, str(script), *folders], check=True, capture_output=True, text=True)
    return json.loads(done.stdout)


@pytest.mark.parametrize(("model", "signature"), SIGNATURES)
def test_signatures_are_as_agreed(either, model, signature):
    info = either.catalog.info
    sizes = {"g": len(info.genres), "d": info.embedding_dim, "k": info.candidates}
    definition = either.models[model].signature_defs[signature]
    for tensors, agreed in zip((definition.inputs, definition.outputs), SIGNATURES[model, signature], strict=True):
        expected = {name: (kind, [sizes.get(size, size) for size in shape]) for name, (kind, shape) in agreed.items()}
        assert described(tensors) == expected


@pytest.mark.parametrize("model", MODELS)
def test_there_are_no_other_signatures(release, model):
    agreed = {signature for name, signature in SIGNATURES if name == model}
    assert set(release.models[model].signature_defs) - {"__saved_model_init_op"} == agreed


def test_every_operation_is_one_of_tensorflow_itself(stock):
    assert stock["strange_operations"] == {model: [] for model in MODELS}


def test_models_load_and_answer_where_there_is_only_tensorflow(stock):
    assert stock["recommenders_loaded"] is False
    assert all(stock["answers"].values())


def test_warm_up_requests_name_their_model_and_run_every_signature(stock, release):
    answered = [(name, signature) for answers in stock["answers"].values() for name, signature, _ in answers]
    assert sorted(answered) == sorted(SIGNATURES)
    info = release.catalog.info
    shapes = {
        (name, signature): outputs for answers in stock["answers"].values() for name, signature, outputs in answers
    }
    assert shapes["query_tower", "serving_default"] == {"query_embedding": [2, info.embedding_dim], "known": [2]}
    assert shapes["movie_index", "serving_default"]["movie_row"] == [2, info.candidates]


def test_all_artefacts_have_one_version_and_nothing_half_made_lies_beside(release):
    found = sorted(str(path.relative_to(release.root)) for path in release.root.glob("*/*"))
    assert found == ["catalog/1", "movie_index/1", "query_tower/1", "ranking_head/1"]
