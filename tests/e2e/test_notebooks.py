"""The notebooks: their figures on MovieLens-100K, by their own protocol; and their endings, as commands."""

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from tests.integration.serve.launched import Launched
from trainer.evaluate.named import by_notebook, split_shuffled
from trainer.metrics import means
from trainer.towers.models import NAMED, multitask


@pytest.fixture(scope="module")
def split(movielens_100k):
    return split_shuffled(movielens_100k)


def test_notebook_a_is_reproduced(split):
    """It printed a top-100 accuracy of 0.058 and an RMSE of 1.113 when stars alone were learned."""
    figures = means(by_notebook(multitask(1.0, 0.0), split, 37))
    assert figures["top_100"] == pytest.approx(0.058, abs=0.01)
    assert figures["rmse"] == pytest.approx(1.113, abs=0.03)


def test_notebook_a_with_both_tasks_is_reproduced(split):
    figures = means(by_notebook(NAMED["multitask"], split, 37))
    assert figures["top_100"] == pytest.approx(0.23, abs=0.02)
    assert figures["rmse"] == pytest.approx(1.12, abs=0.04)


def test_notebook_c_finds_what_its_repeated_candidates_hid(split):
    """It printed 0.0035: each movie stood in its candidates once a rating."""
    assert means(by_notebook(NAMED["retrieval"], split, 37))["top_100"] > 0.2


PAGE = (Path(__file__).parents[2] / "docs" / "notebooks.md").read_text(encoding="utf-8")
COMMANDS = re.findall(r"^\$ \.venv/bin/pairrec (.*)$", PAGE, re.MULTILINE)
# Movies of the page, and of the generated set in their place.
STAND_INS = {
    "Sense and Sensibility": "Synthetic Drama 1",
    "Mary Poppins": "Synthetic Musical 1",
    "Toy Story": "Synthetic Animation 1",
}


@pytest.fixture(scope="module")
def address(tmp_path_factory):
    """A gateway that serves one of the notebooks' models, trained on the generated set."""
    root, temporary = (tmp_path_factory.mktemp(name) for name in ("releases", "temporary"))
    flags = ["--dataset", "synthetic", "--cache", temporary, "--model", "multitask", "--output", root]
    subprocess.run([sys.executable, "-m", "trainer", *flags], check=True, capture_output=True)
    with Launched(root, temporary, "--port=0", "--model_server_port=0") as launched:
        yield launched.ready()[0]


@pytest.mark.parametrize("command", COMMANDS)
def test_every_ending_on_the_page_is_answered_with_a_list(address, command):
    words = [STAND_INS.get(word, word) for word in shlex.split(command)]
    environment = os.environ | {"PAIRREC_ADDRESS": address}
    pairrec = [Path(sys.executable).parent / "pairrec", *words, "--timeout", "60"]
    done = subprocess.run(pairrec, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert re.search(r"^1  Synthetic ", done.stdout, re.MULTILINE), done.stdout


def test_the_page_shows_what_every_notebook_ended_with():
    asked = {shlex.split(command)[0] for command in COMMANDS}
    assert asked == {"pair", "recommend", "predict", "rated", "popular", "similar"}
