"""Whether a release is good enough to take the place of the one that is served."""

from __future__ import annotations

from dataclasses import dataclass
from math import isfinite
from typing import TYPE_CHECKING, Any, NamedTuple

from trainer.release.served import what_is_served

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

# What a release is judged by; of the last, less is better.
HEADINGS = {
    "ndcg_at_10": "NDCG@10",
    "recall_at_20": "Recall@20",
    "like_ndcg_at_10": "LIKE NDCG@10",
    "rmse": "RMSE",
}
FALLING = ("rmse",)
# Relative, as metrics are of different sizes: on MovieLens-100K about one standard error of NDCG@10 (.344, and .329 to
# .360 with 95 %) and of Recall@20, and two of RMSE.
MARGIN = 0.02


class ReleaseRefusedError(Exception):
    """A release is worse than the one that is served; the message says by how much and how to publish it anyway."""


class Verdict(NamedTuple):
    """What became of one metric, in a sentence, and whether that is too bad."""

    sentence: str
    is_worse: bool = False


@dataclass(frozen=True)
class Gate:
    """Lets a release pass that is not worse than what is served from `root`.

    Attributes:
        root: The folder of all releases.
        address: Where a gateway is asked.
        margin: By how much of its old value a metric may be worse.
        force: Whether a worse one passes too.
        say: Called with each line for people.
    """

    root: Path
    address: str
    margin: float
    force: bool
    say: Callable[[str], None]

    def check(self, info: Mapping[str, Any]) -> dict[str, Any]:
        """Compares a release that is about to be written; to be called while nobody else may publish.

        Args:
            info: What its release.json will say.

        Returns:
            What release.json has to say beside that: "forced", the sentences on what was worse, where it was forced.

        Raises:
            ReleaseRefusedError: It is worse and not forced.
        """
        served = what_is_served(self.root, self.address)
        if served.version is None:
            self.say(f"There is nothing to compare with: no release is served (according to {served.said_by}).")
            return {}
        self.say(f"Compared with release {served.version}, which is served (according to {served.said_by}):")
        if info["data"]["fingerprint"] != served.fingerprint:
            self.say("  The data differ, so the figures of the two are of other held-back ratings.")
        new = {name: value for each in info["metrics"] if each["served"] for name, value in each["values"].items()}
        verdicts = [judge(name, served.metrics.get(name), new.get(name), self.margin) for name in HEADINGS]
        for verdict in verdicts:
            self.say(f"  {verdict.sentence}")
        worse = [f"{verdict.sentence} (release {served.version})" for verdict in verdicts if verdict.is_worse]
        if worse and not self.force:
            raise ReleaseRefusedError(
                f"Nothing was published: {len(worse)} of its metrics are worse by more than the margin. To publish it "
                "all the same: --force (make release FORCE=1); another margin: --margin (make release MARGIN=0.05)."
            )
        return {"forced": worse} if worse else {}


def judge(name: str, old: float | None, new: float | None, margin: float) -> Verdict:
    """Judges one metric of `HEADINGS`; None: it was not measured."""
    heading = HEADINGS[name]
    if old is None or not isfinite(old):
        return Verdict(f"{heading}: what is served does not have it; not compared")
    if new is None:
        return Verdict(f"{heading}: {old:.4f} before, and now it could not be measured", is_worse=True)
    loss, allowed = (new - old if name in FALLING else old - new), margin * abs(old)
    # Rounding would otherwise decide where the two are equal.
    is_worse = round(loss - allowed, 9) > 0
    change = f"{abs(loss) / abs(old):.1%} " if old else ""
    change = f"{change}{'worse' if loss > 0 else 'better'}" if loss else "as it was"
    bound = f"{'more than' if is_worse else 'at most'} {margin:.1%} is allowed"
    return Verdict(f"{heading}: {old:.4f} before, {new:.4f} now, {change} ({bound})", is_worse)
