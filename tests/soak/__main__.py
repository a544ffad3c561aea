"""`python -m tests.soak`: minutes of what tests have no time for; by hand, and before a release."""

import argparse
import os
import sys
import tempfile
from pathlib import Path

from tests.soak.deploy import soak_deploy
from tests.soak.guests import soak_guests
from tests.soak.hostile import soak_hostile
from tests.soak.outages import soak_outages
from tests.soak.outcome import Outcome
from tests.soak.overlap import soak_overlap
from tests.soak.releases import soak_releases
from tests.soak.silent import soak_silent

HEADINGS = {
    "hostile": ("request", "answer"),
    "outages": ("phase", "answer"),
    "silent": ("by", "answered"),
    "releases": ("request", "answer"),
    "deploy": ("phase", "answer"),
}
# These measure a release that is there.
MEASURED = {"overlap": ("objective", "strategy"), "guests": ("objective", "known by")}


def main() -> int:
    """Runs the soaks that were asked for; returns 1 where anything happened that must not."""
    # Before TensorFlow is imported, here or in what is started.
    os.environ.setdefault("TF_USE_LEGACY_KERAS", "1")
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    parser = argparse.ArgumentParser(prog="python -m tests.soak", description=__doc__)
    parser.add_argument(
        "soaks", nargs="*", metavar="SOAK", help=f"of {', '.join(HEADINGS)} (all of these), {', '.join(MEASURED)}"
    )
    parser.add_argument("--seed", type=int, default=37, help="of requests and load (%(default)s)")
    parser.add_argument("--requests", type=int, default=20_000, help="how many hostile ones (%(default)s)")
    parser.add_argument("--start", type=int, default=0, help="number of the first, to send one again (%(default)s)")
    parser.add_argument("--releases", type=Path, help=f"the folder whose newest release {', '.join(MEASURED)} measure")
    options = parser.parse_args()
    if unknown := set(options.soaks) - {*HEADINGS, *MEASURED}:
        parser.error(f"no such soak: {', '.join(sorted(unknown))}")
    if not options.releases and (measured := set(options.soaks) & set(MEASURED)):
        parser.error(f"name the folder to measure by --releases, for {', '.join(sorted(measured))}")
    outcomes = [_run(name, options) for name in options.soaks or HEADINGS]
    return int(any(outcome.violations for outcome in outcomes))


def _run(name: str, options: argparse.Namespace) -> Outcome:
    outcome = Outcome(name)
    try:
        with tempfile.TemporaryDirectory(prefix="pairrec-soak-") as folder:
            if name == "hostile":
                numbers = range(options.start, options.start + options.requests)
                soak_hostile(Path(folder), outcome, options.seed, numbers)
            elif name == "outages":
                soak_outages(Path(folder), outcome, options.seed)
            elif name == "releases":
                soak_releases(Path(folder), outcome, options.seed)
            elif name == "deploy":
                soak_deploy(Path(folder).resolve(), outcome, options.seed)
            elif name == "overlap":
                soak_overlap(options.releases, outcome, options.seed)
            elif name == "guests":
                soak_guests(options.releases, outcome, options.seed)
            else:
                soak_silent(Path(folder), outcome)
    finally:
        outcome.show((HEADINGS | MEASURED)[name])
    return outcome


if __name__ == "__main__":
    sys.exit(main())
