"""Draws latency against load."""

from pathlib import Path
from typing import Any

from matplotlib.figure import Figure


def draw(loads: list[dict[str, Any]], figures: dict[str, float], path: Path) -> None:
    """Writes the median and the 99th percentile of answered calls by the rate that was offered, as PNG."""
    figure = Figure(figsize=(8, 4.5), dpi=120, layout="constrained")
    axes = figure.subplots()
    rates = [load["rate"] for load in loads]
    for name, color in (("p50_ms", "#0072B2"), ("p99_ms", "#D55E00")):
        axes.plot(rates, [load[name] for load in loads], "o-", color=color, label=name.removesuffix("_ms"))
    axes.axvline(figures["sustained_per_s"], color="#999999", ls="--", label="highest sustained load")
    axes.axvline(figures["direct_per_s"], color="#009E73", ls=":", label="floor: the four model runs alone, one thread")
    axes.set(xlabel="pairs a second offered, open loop", ylabel="milliseconds from when a pair was due", yscale="log")
    axes.set_ylim(bottom=1)
    axes.grid(alpha=0.3)
    axes.legend()
    figure.savefig(path)
