"""Figures as tables, as JSON and as plots."""

import io
import json

import numpy as np
import pytest
from rich.console import Console

from trainer.breakdown import by_history_length, calibrate
from trainer.evaluate.accuracy import SERVED, Measured
from trainer.evaluate.plots import draw
from trainer.evaluate.report import as_json, report_of, tables
from trainer.metrics import PersonWise

METRIC = PersonWise(np.array([0.25, 0.75]), np.ones(2))
ZERO = PersonWise(np.zeros(2), np.ones(2))
PNG = b"\x89PNG"


@pytest.fixture
def report():
    pair = dict.fromkeys(("ndcg_at_20_mean", "ndcg_at_20_min"), METRIC)
    by_length = by_history_length(np.array([5, 300]), {"ndcg_at_10": METRIC, "recall_at_20": METRIC})
    point = {"first_weight": 0.5, "ndcg_at_20_first": 0.1, "ndcg_at_20_second": 0.2, "ndcg_at_20_min": 0.1}
    details = {
        "lists_by_length": by_length,
        "calibration": calibrate(np.array([1.2, 4.9]), np.array([1.0, 5.0])),
        "weights": {"rank_fusion": [point, point | {"first_weight": 1.0}]},
    }
    parts = {"watch": {SERVED: {"m": METRIC}, "other": {"m": ZERO}}, "random, like": {"rank_fusion": pair}}
    return report_of("pairs", Measured(parts, details, {"random, like": np.array([[0, 1], [1, 2]])}))


def test_tables_show_values_intervals_and_paired_differences(report):
    console = Console(width=100, file=io.StringIO())
    for table in tables(report):
        console.print(table)
    said = console.file.getvalue()
    assert ".500 [.250, .750]" in said
    assert "+.250 to +.750" in said


def test_json_holds_everything(report):
    document = json.loads(json.dumps(as_json([report], {"seeds": [37]}), allow_nan=False))
    watch = document["protocols"]["pairs"]["parts"]["watch"]
    assert watch[0]["values"]["m"] == {"value": 0.5, "low": 0.25, "high": 0.75}
    assert watch[1]["lead"]["m"]["value"] == 0.5
    assert document["protocols"]["pairs"]["details"]["lists_by_length"][1]["longest"] is None
    assert (document["settings"], set(document["versions"]) >= {"python", "tensorflow"}) == ({"seeds": [37]}, True)


def test_every_plot_is_drawn_where_there_is_something_to_draw(report, tmp_path):
    draw(as_json([report], {})["protocols"], tmp_path)
    drawn = {path.name: path.read_bytes()[:4] for path in tmp_path.iterdir()}
    names = ("strategies", "weights", "calibration", "history_lengths")
    assert drawn == {f"pairs_{name}.png": PNG for name in names}


def test_a_protocol_without_details_has_no_plots(tmp_path):
    draw({"guests": {"parts": {}, "details": {}}}, tmp_path)
    assert list(tmp_path.iterdir()) == []
