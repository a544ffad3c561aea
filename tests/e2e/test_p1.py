"""Protocol P1 on MovieLens-100K, measured through the exported models: the figures a release has to reach."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from trainer.data import DownloadError, resolve

LEAST = {"ndcg_at_10": 0.44, "recall_at_20": 0.355, "top_100": 0.625}


@pytest.fixture(scope="module")
def measured(tmp_path_factory):
    """The figures of one run, skipped where the data can neither be found nor fetched."""
    cache = os.environ.get("PAIRREC_CACHE")
    try:
        folder = resolve("ml-100k", None, Path(cache) if cache else None)
    except DownloadError as error:
        pytest.skip(str(error))
    file = tmp_path_factory.mktemp("p1") / "figures.json"
    command = [sys.executable, "-m", "trainer.evaluate", "--data", str(folder), "--json", str(file)]
    done = subprocess.run(command, check=False, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return json.loads(file.read_text())


@pytest.mark.parametrize("metric", LEAST)
def test_lists_hold_what_people_went_on_to_watch(measured, metric):
    assert measured["watch"][metric] >= LEAST[metric]


def test_stars_are_close_to_those_given(measured):
    assert measured["stars"]["rmse"] <= 0.92


def test_like_lists_hold_more_of_what_people_liked_than_watch_lists(measured):
    assert measured["like"]["ndcg_at_10"] > measured["watch_liked"]["ndcg_at_10"]
