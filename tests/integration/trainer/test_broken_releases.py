"""Every way a release can be broken, at a real gateway and model server: never served, said once, and shown."""

import shutil
from dataclasses import replace

import numpy as np
import tensorflow as tf

from server.recommender.models import MODEL_NAMES
from tests.integration.gateway.processes import eventually, gateway, model_server, times_told
from tests.tiny_models import movie_index, query_tower, ranking_head
from tests.tiny_release import random_release, write_catalog, write_release
from trainer.release.served import what_is_served
from trainer.releases import list_releases

RELEASE = random_release()
OTHER_DIM = replace(RELEASE, query=RELEASE.query[:, :3], candidates=RELEASE.candidates[:, :3])


def cut(path):
    """Leaves the first half of a file."""
    content = path.read_bytes()
    path.write_bytes(content[: len(content) // 2])


def put(model, folder):
    """Puts another model in the place of the one of its name."""
    path = next((folder / model.name).iterdir())
    shutil.rmtree(path)
    model.save(path)


def forget_signature(folder):
    model = movie_index(RELEASE)
    del model.signatures["rank_movies"]
    put(model, folder)


def rename_input(folder):
    model = ranking_head(RELEASE)
    rate = model.signatures["serving_default"]

    @tf.function(input_signature=[tf.TensorSpec(spec.shape, spec.dtype) for spec in rate.input_signature])
    def rate_otherwise(embedding, row):
        return rate(embedding, row)

    model.signatures["serving_default"] = rate_otherwise
    put(model, folder)


def cut_variables(folder):
    model = ranking_head(RELEASE)
    model.module.factors = tf.Variable(np.arange(10_000, dtype=np.float32))
    rate = model.signatures["serving_default"]

    @tf.function(input_signature=rate.input_signature)
    def rate_by_factors(query_embedding, movie_row):
        return {"rating": rate(query_embedding, movie_row)["rating"] + model.module.factors[0]}

    model.signatures["serving_default"] = rate_by_factors
    put(model, folder)
    cut(next(folder.glob("ranking_head/*/variables/variables.data*")))


def swap_catalogue(folder):
    path = next((folder / "catalog").iterdir())
    shutil.rmtree(path)
    write_catalog(path, int(path.name), random_release(num_movies=39))


def in_catalogue(name, change):
    return lambda folder: change(next(folder.glob(f"catalog/*/{name}")))


# What is done to a whole release before it is put in place, and what the reason must hold ({}: its version).
BREAKAGES = [
    (lambda folder: shutil.rmtree(folder / "query_tower"), "query_tower is NOT_FOUND"),
    (lambda folder: cut(next(folder.glob("movie_index/*/saved_model.pb"))), "movie_index is END (Cannot parse file"),
    (
        lambda folder: next(folder.glob("ranking_head/*/saved_model.pb")).unlink(),
        "ranking_head is END (SavedModel file",
    ),
    (cut_variables, "ranking_head is END ("),
    (forget_signature, 'movie_index version {}, rank_movies: * signature key "rank_movies" not found'),
    (rename_input, "ranking_head version {}, serving_default: * alias: embedding"),
    (
        lambda folder: put(query_tower(OTHER_DIM), folder),
        "query_tower version {}, * query_embedding has shape (1, 10), must have (1, 11)",
    ),
    (
        lambda folder: put(movie_index(OTHER_DIM), folder),
        "movie_index takes query embeddings of shape [-1, 10], must take [-1, 11]",
    ),
    (lambda folder: put(ranking_head(OTHER_DIM), folder), "ranking_head takes query embeddings of shape [-1, 10]"),
    (
        lambda folder: put(movie_index(replace(RELEASE, k=5)), folder),
        "movie_index version {}, * movie_row has shape (1, 5), must have (1, 6)",
    ),
    (swap_catalogue, "movie_index version {}, rank_movies: * rank is not 0 for padding"),
    (in_catalogue("release.json", cut), "release.json cannot be read: "),
    (in_catalogue("release.json", lambda path: path.unlink()), "catalog/{}/release.json is missing"),
    (in_catalogue("movies.arrow", cut), "movies.arrow cannot be read: "),
    (in_catalogue("histories.arrow", lambda path: path.unlink()), "histories.arrow cannot be read: * No such file"),
    (lambda folder: shutil.rmtree(folder / "catalog"), "catalog/{}/release.json is missing: * was stopped"),
]
EXPECTED = {version: text.replace("{}", str(version)).split(" * ") for version, (_, text) in enumerate(BREAKAGES, 2)}


def stage(root, staged, version):
    """Makes another whole release of release 1."""
    for model in MODEL_NAMES:
        shutil.copytree(root / model / "1", staged / model / str(version))
    write_catalog(staged / "catalog" / str(version), version, RELEASE)


def put_in_place(staged, root):
    """As an export does: the catalogue last, each artefact in one step."""
    for artefact in (*MODEL_NAMES, "catalog"):
        for path in staged.glob(f"{artefact}/*"):
            path.rename(root / artefact / path.name)


def test_a_broken_release_is_never_served_said_once_and_listed_with_the_reason(tmp_path):
    root = tmp_path / "releases"
    write_release(root, 1, RELEASE)
    with model_server(root, 0, "--max_num_load_retries=0") as models, gateway(root, models.port) as served:
        eventually(lambda: served.serves(1))
        for version, (break_it, _) in enumerate(BREAKAGES, 2):
            stage(root, tmp_path / str(version), version)
            break_it(tmp_path / str(version))
            put_in_place(tmp_path / str(version), root)
        eventually(lambda: not unexplained(served))
        reasons = {skip.release_version: skip.reason for skip in served.release().skipped_releases}
        assert list(reasons) == sorted(EXPECTED, reverse=True)
        assert served.pair().release_version == 1
        listed = list_releases(root, what_is_served(root, f"localhost:{served.server.port}"))
        assert {release["version"]: release.get("reason") for release in listed} == reasons | {1: None}
        assert {version: times_told(served, version, reason) for version, reason in reasons.items()} == dict.fromkeys(
            reasons, 1
        )


def unexplained(served):
    """The versions whose reason is not yet what it must be."""
    reasons = {skip.release_version: skip.reason for skip in served.release().skipped_releases}
    return {
        version: reasons.get(version)
        for version, parts in EXPECTED.items()
        if not all(part in reasons.get(version, "") for part in parts)
    }
