"""Tables for people: of what a release reached, and of anything else that is measured."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.table import Table

if TYPE_CHECKING:
    from collections.abc import Iterable

    from trainer.measure import SystemMetrics
    from trainer.train import Trained

HEADINGS = {"ndcg_at_10": "NDCG@10", "recall_at_20": "Recall@20", "top_100": "top-100", "rmse": "RMSE"}


def table_of(title: str, headings: Iterable[str], lines: Iterable[Iterable[str]], caption: str | None = None) -> Table:
    """Returns a table of systems, each line a system's name and what stands under the headings."""
    table = Table(title=title, title_justify="left", caption=caption, caption_justify="left")
    table.add_column("system")
    for heading in headings:
        table.add_column(heading, justify="right")
    for line in lines:
        table.add_row(*line)
    return table


def metrics_table(trained: Trained) -> Table:
    """Returns one line a system; what the release serves is marked."""
    caption = f"Measured on ratings nothing was chosen on; * is served. Chosen: {trained.choices.summary}."
    if trained.budget_spent:
        caption += f" Out of time, so that another machine may choose otherwise: {', '.join(trained.budget_spent)}."
    lines = (
        [
            f"{system.system} *" if system.served else system.system,
            *(f"{system.values[name]:.3f}" if name in system.values else "" for name in HEADINGS),
        ]
        for system in trained.metrics
    )
    return table_of(f"Release {trained.version}", HEADINGS.values(), lines, caption)


def worse_than_simple(systems: Iterable[SystemMetrics]) -> str:
    """Returns a line that says where what is served is worse than popularity or biases; empty where it is not."""
    listed = list(systems)
    served = {name: value for system in listed if system.served for name, value in system.values.items()}
    found = [
        f"{HEADINGS[name]} {served[name]:.3f}, {system.system} {system.values[name]:.3f}"
        for name, baseline, sign in (("ndcg_at_10", "popularity", 1), ("rmse", "bias", -1))
        for system in listed
        if system.system == baseline and name in system.values and sign * served[name] < sign * system.values[name]
    ]
    return f"What is served is worse than a simple baseline: {'; '.join(found)}" if found else ""
