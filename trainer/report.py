"""Tables for people: of what a release reached, and of anything else that is measured."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.table import Table

if TYPE_CHECKING:
    from collections.abc import Iterable

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
