"""Draws what was measured."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from matplotlib.figure import Figure

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from matplotlib.axes import Axes

Values = dict[str, Any]
INTERVAL = "thin lines: 95 % bootstrap intervals"
# Okabe and Ito's colours, which people who see fewer colours can tell apart.
COLORS = ("#0072B2", "#E69F00", "#009E73", "#CC79A7", "#D55E00", "#56B4E9", "#000000")
SIZE_INCHES, DOTS_PER_INCH = (9.0, 5.0), 150


def draw(protocols: Mapping[str, Values], folder: Path) -> None:
    """Writes every plot that the figures of the protocols, as in the JSON, have the values for, as PNG to `folder`.

    Raises:
        OSError: The folder cannot be written.
    """
    for protocol, measured in protocols.items():
        for name, (needed, plot) in PLOTS.items():
            if measured["details"].get(needed):
                figure = Figure(figsize=SIZE_INCHES, dpi=DOTS_PER_INCH, layout="constrained")
                plot(figure, measured)
                figure.savefig(folder / f"{protocol}_{name}.png")


def _strategies(figure: Figure, measured: Values) -> None:
    """Draws the mean and the smaller NDCG@20 of the two members, by strategy and kind of pair, under LIKE."""
    parts = {part.removesuffix(", like"): of for part, of in measured["parts"].items() if part.endswith(", like")}
    figure.suptitle("One list for two, objective LIKE, equal weights")
    panels = figure.subplots(1, 2)
    for axes, (metric, title) in zip(panels, (("mean", "mean of both"), ("min", "the less pleased one")), strict=True):
        _bars(axes, parts, f"ndcg_at_20_{metric}")
        _dress(axes, title)
        axes.set_ylabel("NDCG@20")
    figure.legend(*panels[0].get_legend_handles_labels(), loc="outside lower center", ncols=3, title=INTERVAL)


def _bars(axes: Axes, parts: Mapping[str, list[Values]], metric: str) -> None:
    by_system = list(zip(*parts.values(), strict=True))
    width = 0.8 / len(by_system)
    for number, (color, systems) in enumerate(zip(COLORS, by_system, strict=False)):
        place = np.arange(len(parts)) + (number - (len(by_system) - 1) / 2) * width
        heights, errors = _with_errors([system["values"][metric] for system in systems])
        label = _words(systems[0]["system"])
        axes.bar(place, heights, width, yerr=errors, label=label, color=color, error_kw={"lw": 0.8})
    axes.set_xticks(range(len(parts)), [_words(part).replace(" ", "\n") for part in parts])


def _weights(figure: Figure, measured: Values) -> None:
    """Draws each member's NDCG@20 as the first's weight goes from 0 to 1."""
    figure.suptitle("Random pairs, objective LIKE: whose list it is, as the weight moves")
    strategies = measured["details"]["weights"]
    panels = figure.subplots(1, len(strategies), sharey=True, squeeze=False)[0]
    for axes, (strategy, points) in zip(panels, strategies.items(), strict=True):
        weights = [point["first_weight"] for point in points]
        for member, color in (("first", COLORS[0]), ("second", COLORS[1]), ("min", COLORS[6])):
            label = "lower of the two" if member == "min" else f"{member} person"
            axes.plot(weights, [point[f"ndcg_at_20_{member}"] for point in points], color=color, label=label)
        _dress(axes, _words(strategy))
        axes.set_xticks((0, 0.5, 1))
    panels[len(panels) // 2].set_xlabel("weight of the first person (the second has the rest)")
    panels[0].set_ylabel("NDCG@20, mean over pairs")
    figure.legend(*axes.get_legend_handles_labels(), loc="outside lower center", ncols=3)


def _calibration(figure: Figure, measured: Values) -> None:
    """Draws given stars against predicted ones, and how often each was predicted."""
    bins = measured["details"]["calibration"]
    low, high, predicted, given, count = (
        np.array([row[name] for row in bins]) for name in ("low", "high", "predicted", "given", "count")
    )
    upper, lower = figure.subplots(2, 1, sharex=True, height_ratios=(3, 1))
    figure.suptitle("Do predicted stars mean what they say? (first seed or fold)")
    ends = (low[0], high[-1])
    upper.plot(ends, ends, color="grey", linestyle="--", label="as predicted")
    upper.plot(predicted, given, color=COLORS[0], marker="o", label="given, mean of each bin")
    upper.set_ylabel("given (stars)")
    upper.legend()
    upper.grid(alpha=0.3)
    lower.bar(low, count, high - low, align="edge", ec="white", color=COLORS[0])
    lower.set_xlabel("predicted (stars)")
    lower.set_ylabel("predictions")


def _history_lengths(figure: Figure, measured: Values) -> None:
    """Draws metrics of groups of people by how many ratings they had in training."""
    figure.suptitle("Whom it serves less well: metrics by how much someone had rated (first seed or fold)")
    panels = (
        ("lists_by_length", "ndcg_at_10", "NDCG@10"),
        ("lists_by_length", "recall_at_20", "Recall@20"),
        ("stars_by_length", "rmse", "RMSE (stars)"),
    )
    drawn = [panel for panel in panels if measured["details"].get(panel[0])]
    for axes, (name, metric, label) in zip(figure.subplots(1, len(drawn), squeeze=False)[0], drawn, strict=True):
        groups = measured["details"][name]
        heights, errors = _with_errors([group["values"][metric] for group in groups])
        axes.errorbar(range(len(groups)), heights, yerr=errors, color=COLORS[0], marker="o", capsize=3)
        axes.set_xticks(range(len(groups)), [_range(group) for group in groups])
        _dress(axes, label)
    figure.supxlabel(f"ratings in training (in brackets: people judged); {INTERVAL}", fontsize="medium")


def _dress(axes: Axes, title: str) -> None:
    axes.set_title(title, fontsize="medium")
    axes.set_ylim(bottom=0)
    axes.grid(axis="y", alpha=0.3)


def _range(group: Values) -> str:
    longest = group["longest"]
    bounds = f"{group['shortest']}+" if longest is None else f"{group['shortest']}-{longest}"
    return f"{bounds}\n({group['people']})"


def _with_errors(values: list[Values]) -> tuple[list[float], np.ndarray]:
    """Returns values, and how far their intervals reach below and above, [2, n]."""
    errors = [[value["value"] - value["low"], value["high"] - value["value"]] for value in values]
    # A skewed interval may lie wholly on one side of its value.
    return [value["value"] for value in values], np.maximum(np.transpose(errors), 0)


def _words(name: str) -> str:
    return name.replace("_", " ")


# What each plot needs of the details, and how it is drawn.
PLOTS: dict[str, tuple[str, Callable[[Figure, Values], None]]] = {
    "strategies": ("weights", _strategies),
    "weights": ("weights", _weights),
    "calibration": ("calibration", _calibration),
    "history_lengths": ("lists_by_length", _history_lengths),
}
