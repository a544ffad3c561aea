"""The README's commands, as a newcomer types them."""

import json
import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from server.client.commands import COMMANDS, parse
from tests.integration.serve.launched import Launched
from tests.tiny_release import random_release, write_release

ROOT = Path(__file__).parents[2]
PROGRAMS = Path(sys.executable).parent
README = (ROOT / "README.md").read_text(encoding="utf-8")


def test_demo_goes_from_nothing_to_ten_movies_for_two(tmp_path):
    releases = tmp_path / "releases"
    command = ["make", "demo", "DATA=synthetic", f"RELEASES={releases}", "OBJECTIVE=like"]
    # A make above this one would hand its own variables down.
    environment = {key: value for key, value in os.environ.items() if not key.startswith("MAKE")}
    environment |= {"PAIRREC_CACHE": str(tmp_path / "cache")}
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    lines = re.findall(r"^ *(\d+)  \S.* (\d\.\d)  +\d+  +(\d\.\d)  +\d+ *$", done.stdout, re.MULTILINE)
    assert [int(number) for number, *_ in lines] == list(range(1, 11))
    assert all(1 <= float(stars) <= 5 for _, *both in lines for stars in both)
    assert "For 196 (weight 0.5) and 186 (0.5): what both will likely like" in done.stdout
    assert "popularity" in done.stderr
    assert (releases / "catalog" / "1" / "model_card.md").exists()


def test_buf_curl_gets_the_list_that_pairrec_prints(tmp_path_factory, tmp_path):
    write_release(tmp_path, 1, random_release())
    with Launched(tmp_path, tmp_path_factory.mktemp("temporary"), "--port=0", "--model_server_port=0") as launched:
        address = launched.ready()[0]
        flags = ["--first", "1", "--second", "zoë", "--first-weight", "0.7", "--objective", "like"]
        printed = run(PROGRAMS / "pairrec", "pair", *flags, "--json", "--address", address)
        body = {"first": {"user_id": "1"}, "second": {"user_id": "zoë"}}
        body |= {"first_weight": 0.7, "objective": "OBJECTIVE_LIKE"}
        url = f"http://{address}/pairrec.v1.PairRecommendationService/RecommendPair"
        curl = ["curl", "--http2-prior-knowledge", "--protocol", "grpc", "--data", json.dumps(body), url]
        answered = run(PROGRAMS / "buf", *curl)
    assert [entry["movie"]["movieId"] for entry in answered["recommendations"]] == [
        entry["movie"]["movie_id"] for entry in printed["recommendations"]
    ]
    scores = [entry["pairScore"] for entry in answered["recommendations"]]
    assert scores == pytest.approx([entry["pair_score"] for entry in printed["recommendations"]])


def run(*command):
    return json.loads(subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout)


def test_every_pairrec_line_of_the_readme_is_one_that_pairrec_reads():
    lines = re.findall(r"^\.venv/bin/pairrec (.*)$", README, re.MULTILINE)
    assert {parse(shlex.split(line, comments=True)).command for line in lines} == set(COMMANDS)


def test_readme_names_no_make_target_that_is_not_there():
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    assert set(re.findall(r"(?:^|`)make ([a-z-]+)", README, re.MULTILINE)) <= targets
