"""The metrics of a release as a table for people."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.table import Table

if TYPE_CHECKING:
    from trainer.train import Trained

HEADINGS = {"ndcg_at_10": "NDCG@10", "recall_at_20": "Recall@20", "top_100": "top-100", "rmse": "RMSE"}


def metrics_table(trained: Trained) -> Table:
    """Returns one line a system; what the release serves is marked."""
    choices = trained.choices
    caption = (
        "Measured on ratings nothing was chosen on; * is served. Chosen: "
        f"{choices.ridge.dim} dimensions, unobserved weight {choices.ridge.unobserved_weight:.3g}, "
        f"regularization {choices.ridge.regularization:.3g}, {choices.epochs} epochs of fine-tuning, "
        f"item-to-item weight {choices.item.weight:g}, stars count {choices.like_star_share:.0%} in LIKE."
    )
    table = Table(title=f"Release {trained.version}", caption=caption, caption_justify="left")
    table.add_column("system")
    for heading in HEADINGS.values():
        table.add_column(heading, justify="right")
    for system in trained.metrics:
        name = f"{system.system} *" if system.served else system.system
        values = (system.values.get(metric) for metric in HEADINGS)
        table.add_row(name, *("" if value is None else f"{value:.3f}" for value in values))
    return table
