"""What was measured, as tables for people and as JSON for programs."""

from __future__ import annotations

import platform
from dataclasses import asdict, dataclass, is_dataclass
from importlib import metadata
from typing import TYPE_CHECKING, Any

from rich.table import Table

from trainer.bootstrap import RESAMPLES, SystemEstimates, compare

if TYPE_CHECKING:
    from collections.abc import Sequence

    from trainer.bootstrap import Estimate
    from trainer.evaluate.accuracy import Measured

PACKAGES = ("numpy", "scipy", "tensorflow", "tensorflow-recommenders", "tf-keras")
# More columns than that do not fit a terminal.
METRICS_A_TABLE = 3
INTERVALS = (
    f"In brackets 95 % intervals over people, or pairs, or households, from {RESAMPLES:,} bootstrap resamples; in the "
    "second line of a cell that of the difference, first system less this one, by the same people. Systems that score "
    "movies alike are judged by the expectation over all orders of them; what is served has one "
    "order, by row where scores are equal."
)


@dataclass(frozen=True)
class Report:
    """One protocol's figures: for each part the systems, what is served first; and what has no interval."""

    protocol: str
    parts: dict[str, list[SystemEstimates]]
    details: dict[str, Any]


def report_of(protocol: str, measured: Measured) -> Report:
    """Returns the figures with their intervals."""
    return Report(protocol, {part: compare(systems) for part, systems in measured.parts.items()}, measured.details)


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
    return {
        "settings": settings,
        "versions": {"python": platform.python_version()} | {name: metadata.version(name) for name in PACKAGES},
        "intervals": INTERVALS,
        "details": "of the first run, where a protocol has several",
        "protocols": {
            report.protocol: _plain({"parts": report.parts, "details": report.details}) for report in reports
        },
    }


def _table(title: str, systems: Sequence[SystemEstimates], names: Sequence[str]) -> Table:
    table = Table(title=title, title_justify="left")
    table.add_column("system")
    for name in names:
        table.add_column(name, justify="right")
    for system in systems:
        table.add_row(system.system, *(_cell(system.values.get(name), system.lead.get(name)) for name in names))
    return table


def _cell(value: Estimate | None, lead: Estimate | None) -> str:
    if value is None:
        return ""
    text = f"{_short(value.value)} [{_short(value.low)}, {_short(value.high)}]"
    return f"{text}\n{_short(lead.low, '+')} to {_short(lead.high, '+')}" if lead else text


def _short(value: float, sign: str = "") -> str:
    """Returns three decimals, without a 0 before the point: tables are wide."""
    return f"{value:{sign}.3f}".replace("0.", ".", 1) if abs(value) < 1 else f"{value:{sign}.3f}"


def _plain(value: Any) -> Any:  # noqa: ANN401 - any value in, any JSON value out
    if is_dataclass(value) and not isinstance(value, type):
        return _plain(asdict(value))
    if isinstance(value, dict):
        return {name: _plain(item) for name, item in value.items()}
    return [_plain(item) for item in value] if isinstance(value, (list, tuple)) else value
