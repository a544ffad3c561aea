"""Whether a release is good enough to take the place of the one that is served."""

from __future__ import annotations

import json
from dataclasses import dataclass
from math import hypot, isfinite
from typing import TYPE_CHECKING, Any, NamedTuple

from server.gateway.release_folder import read_release_folder
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
# Of the difference of two that were measured by other people, beside the margin.
STANDARD_ERRORS = 2
# In how many standard errors a 95 % interval is wide.
INTERVAL_WIDTH = 2 * 1.96
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
            if pin := _pin_in_the_way(self.root):
                return self._judge_pin(pin)
            self.say(f"There is nothing to compare with: no release is served (according to {served.said_by}).")
            return {}
        self.say(f"Compared with release {served.version}, which is served (according to {served.said_by}):")
        noise = {}
        if info["data"]["fingerprint"] != served.fingerprint:
            self.say("  The data differ, so the figures of the two are of other held-back ratings.")
            noise = standard_errors(_release_json(self.root, served.version), info)
        new = {name: value for each in info["metrics"] if each["served"] for name, value in each["values"].items()}
        verdicts = [
            judge(name, served.metrics.get(name), new.get(name), self.margin, noise.get(name, 0)) for name in HEADINGS
        ]
        for verdict in verdicts:
            self.say(f"  {verdict.sentence}")
        worse = [f"{verdict.sentence} (release {served.version})" for verdict in verdicts if verdict.is_worse]
        if worse and not self.force:
            raise ReleaseRefusedError(
                f"Nothing was published: {len(worse)} of its metrics are worse by more than the margin. To publish it "
                "all the same: --force (make release FORCE=1); another margin: --margin (make release MARGIN=0.05)."
            )
        return {"forced": worse} if worse else {}

    def _judge_pin(self, pin: str) -> dict[str, Any]:
        sentence = f"There is nothing to compare with, though there are releases: {pin}"
        if not self.force:
            raise ReleaseRefusedError(
                f"Nothing was published. {sentence}. End that with make rollback VERSION=newest, or publish it all the "
                "same: --force (make release FORCE=1)."
            )
        self.say(f"{sentence}.")
        return {"forced": [sentence]}


def _pin_in_the_way(root: Path) -> str:
    """Returns in what way PINNED keeps all releases from being served; empty: it does not, or there are none."""
    folder = read_release_folder(root)
    if not folder.identities or folder.pinned is None:
        return folder.pin_fault if folder.identities else ""
    return f"release {folder.pinned} is pinned and cannot be served"


def _release_json(root: Path, version: int) -> Any:  # noqa: ANN401 - any JSON value
    return json.loads((root / "catalog" / str(version) / "release.json").read_text(encoding="utf-8"))


def standard_errors(old: Mapping[str, Any], new: Mapping[str, Any]) -> dict[str, float]:
    """Returns the standard error of the difference, of each metric that both have a 95 % interval of.

    Args:
        old: A release.json.
        new: Another one, of other data.
    """
    of_old, of_new = (info.get("figures", {}).get("intervals", {}) for info in (old, new))
    return {
        name: hypot(*((each["high"] - each["low"]) / INTERVAL_WIDTH for each in (of_old[name], of_new[name])))
        for name in of_old.keys() & of_new.keys()
    }


def judge(name: str, old: float | None, new: float | None, margin: float, standard_error: float = 0) -> Verdict:
    """Judges one metric of `HEADINGS`; None: it was not measured.

    Args:
        name: Of the metric.
        old: What is served has it.
        new: What is to be published has it.
        margin: By how much of its old value it may be worse.
        standard_error: Of the difference of the two, by chance alone; two of them are allowed beside the margin.
    """
    heading = HEADINGS[name]
    if old is None or not isfinite(old):
        return Verdict(f"{heading}: what is served does not have it; not compared")
    if new is None or not isfinite(new):
        return Verdict(f"{heading}: {old:.4f} before, and now it could not be measured", is_worse=True)
    loss, allowed = (new - old if name in FALLING else old - new), margin * abs(old) + STANDARD_ERRORS * standard_error
    # Rounding would otherwise decide where the two are equal.
    is_worse = round(loss - allowed, 9) > 0
    change = f"{abs(loss) / abs(old):.1%} " if old else ""
    change = f"{change}{'worse' if loss > 0 else 'better'}" if loss else "as it was"
    by_chance = f" and {STANDARD_ERRORS * standard_error:.4f}, two standard errors," if standard_error else ""
    bound = f"{'more than' if is_worse else 'at most'} {margin:.1%}{by_chance} is allowed"
    return Verdict(f"{heading}: {old:.4f} before, {new:.4f} now, {change} ({bound})", is_worse)
