"""What was written is opened before it is put in place."""

import shutil
from dataclasses import replace

import pytest

from tests.tiny_models import movie_index, query_tower, ranking_head
from tests.tiny_release import random_release, write_catalog, write_models
from trainer.release.check import check_whole
from trainer.release.publish import ARTEFACTS, PublishError

RELEASE = random_release()
OTHER_DIM = replace(RELEASE, query=RELEASE.query[:, :3], candidates=RELEASE.candidates[:, :3])


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    root = tmp_path_factory.mktemp("whole")
    write_models(root, 1, RELEASE)
    write_catalog(root / "catalog" / "1", 1, RELEASE)
    return root


@pytest.fixture
def staged(whole, tmp_path):
    shutil.copytree(whole, tmp_path, dirs_exist_ok=True)
    return {artefact: tmp_path / artefact / "1" for artefact in ARTEFACTS}


def cut(path):
    path.write_bytes(path.read_bytes()[:100])


def put(model, folders):
    shutil.rmtree(folders[model.name])
    model.save(folders[model.name])


def without_similar(folders):
    model = movie_index(RELEASE)
    del model.signatures["similar_movies"]
    put(model, folders)


def of_other_movies(folders):
    shutil.rmtree(folders["catalog"])
    write_catalog(folders["catalog"], 1, random_release(num_movies=41))


def test_a_whole_release_passes(staged):
    check_whole(staged)


@pytest.mark.parametrize(
    ("break_it", "reason"),
    [
        (lambda folders: cut(folders["ranking_head"] / "saved_model.pb"), "ranking_head does not load: "),
        (lambda folders: shutil.rmtree(folders["query_tower"]), "query_tower does not load: "),
        (without_similar, "movie_index, similar_movies: "),
        (
            lambda folders: put(query_tower(OTHER_DIM), folders),
            "query_tower, serving_default: query_embedding",
        ),
        (lambda folders: put(ranking_head(OTHER_DIM), folders), "ranking_head takes query embeddings of shape"),
        (
            lambda folders: put(movie_index(replace(RELEASE, k=7)), folders),
            "movie_index, serving_default: movie_row",
        ),
        (of_other_movies, "movie_index, rank_movies: .*|movie_index has fewer movies than the catalogue's 41"),
        (lambda folders: cut(folders["catalog"] / "candidates.arrow"), "candidates.arrow cannot be read"),
        (lambda folders: cut(folders["catalog"] / "release.json"), "release.json cannot be read"),
    ],
)
def test_what_is_not_whole_is_named(staged, break_it, reason):
    break_it(staged)
    with pytest.raises(PublishError, match=f"what was written is not whole: ({reason})"):
        check_whole(staged)
