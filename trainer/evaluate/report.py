"""What was measured, as tables for people and as JSON for programs."""

from __future__ import annotations

import json
import platform
from dataclasses import asdict, dataclass
from importlib import metadata
from typing import TYPE_CHECKING, Any

from trainer.bootstrap import RESAMPLES, SystemEstimates, compare
from trainer.report import table_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rich.table import Table

    from trainer.bootstrap import Estimate
    from trainer.evaluate.accuracy import Measured

PACKAGES = ("numpy", "scipy", "tensorflow", "tensorflow-recommenders", "tf-keras")
# More columns than that do not fit a terminal.
METRICS_A_TABLE = 3
INTERVALS = (
    f"In brackets 95 % intervals over people, or households, from {RESAMPLES:,} bootstrap resamples; in the second "
    "line of a cell that of the difference, first system less this one, by the same people. Pairs share people, so "
    "for them people are resampled too, and not pairs. Systems that score movies alike are judged by the expectation "
    "over all orders of them; what is served has one order, by row where scores are equal."
)


@dataclass(frozen=True)
class Report:
    """One protocol's figures: for each part the systems, what is served first; and what has no interval."""

    protocol: str
    parts: dict[str, list[SystemEstimates]]
    details: dict[str, Any]


def report_of(protocol: str, measured: Measured) -> Report:
    """Returns the figures with their intervals."""
    parts = {part: compare(systems, members=measured.members.get(part)) for part, systems in measured.parts.items()}
    return Report(protocol, parts, measured.details)


def tables(report: Report) -> list[Table]:
    """Returns the figures as tables, several for a part with many metrics."""
    return [
        _table(f"{report.protocol}: {part}", systems, names[start : start + METRICS_A_TABLE])
        for part, systems in report.parts.items()
        for names in [list(systems[0].values)]
        for start in range(0, len(names), METRICS_A_TABLE)
    ]


def as_json(reports: Sequence[Report], settings: dict[str, Any]) -> dict[str, Any]:
    """Returns everything as JSON values, with the settings and the versions of what computed it."""
    document = {
        "settings": settings,
        "versions": {"python": platform.python_version()} | {name: metadata.version(name) for name in PACKAGES},
        "intervals": INTERVALS,
        "details": "of the first run, where a protocol has several",
        "protocols": {report.protocol: {"parts": report.parts, "details": report.details} for report in reports},
    }
    values: dict[str, Any] = json.loads(json.dumps(document, default=asdict, allow_nan=False))
    return values


def _table(title: str, systems: Sequence[SystemEstimates], names: Sequence[str]) -> Table:
    lines = (
        [system.system, *(_cell(system.values.get(name), system.lead.get(name)) for name in names)]
        for system in systems
    )
    return table_of(title, names, lines)


def _cell(value: Estimate | None, lead: Estimate | None) -> str:
    if value is None:
        return ""
    text = f"{_short(value.value)} [{_short(value.low)}, {_short(value.high)}]"
    return f"{text}\n{_short(lead.low, '+')} to {_short(lead.high, '+')}" if lead else text


def _short(value: float, sign: str = "") -> str:
    """Returns three decimals, without a 0 before the point: tables are wide."""
    return f"{value:{sign}.3f}".replace("0.", ".", 1) if abs(value) < 1 else f"{value:{sign}.3f}"
