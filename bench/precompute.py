"""How fast a job is beside a raw floor, and what memory it takes: `python -m bench.precompute RELEASES`.

The floor is what products and top 200 of both people of each pair cost in TensorFlow on all cores; it is measured
before and after the jobs, which are whole processes on everyone of the release with everyone else.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from itertools import combinations, islice
from pathlib import Path

os.environ.setdefault("TF_USE_LEGACY_KERAS", "1")
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import numpy as np

from server.recommender.catalog import Catalog

DIM, TOP, BATCH, FLOOR_PAIRS = 64, 200, 512, 100_000
FEWER = 100_000


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("releases", type=Path)
    parser.add_argument("--release", type=int, default=1)
    arguments = parser.parse_args()
    catalog = Catalog.open(arguments.releases / "catalog" / str(arguments.release))
    people = [catalog.user_id(i) for i in range(catalog.info.data.num_users)]
    with tempfile.TemporaryDirectory() as folder:
        everyone, some = Path(folder, "people.txt"), Path(folder, "some.csv")
        everyone.write_text("\n".join(people))
        some.write_text("first,second\n" + "\n".join(map(",".join, islice(combinations(people, 2), FEWER))))
        before = measure_floor(len(people), catalog.num_movies)
        runs = [
            run(arguments, Path(folder, str(number)), *flags)
            for number, flags in enumerate(
                (
                    ("--all-pairs-of", str(everyone)),
                    ("--all-pairs-of", str(everyone), "--objective", "like"),
                    ("--pairs", str(some)),
                )
            )
        ]
        after = measure_floor(len(people), catalog.num_movies)
    floor = (before + after) / 2
    print(f"floor: {before:,.0f} and {after:,.0f} pairs a second")
    for name, (pairs, seconds, memory) in zip(("watch", "like", "watch, fewer"), runs, strict=True):
        rate = pairs / seconds
        print(
            f"{name}: {pairs:,} pairs in {seconds:.1f} s, {rate:,.0f} a second, {rate / floor:.2f} of the floor, "
            f"{memory / 2**20:,.0f} MiB"
        )


def run(arguments: argparse.Namespace, output: Path, *flags: str) -> tuple[int, float, int]:
    """Returns pairs, seconds of the whole process, and the most bytes all its processes took at once."""
    told = ["--output", str(output), "--releases", str(arguments.releases), "--release", str(arguments.release)]
    started, most = time.monotonic(), 0
    with subprocess.Popen([sys.executable, "-m", "server.jobs.precompute", *told, *flags]) as process:
        while process.poll() is None:
            most = max(most, memory_of(process.pid))
            time.sleep(0.1)
    seconds = time.monotonic() - started
    return json.loads((output / "manifest.json").read_text())["counts"]["pairs"], seconds, most


def memory_of(pid: int) -> int:
    """Returns the resident bytes of a process and those it started; what they share counts for each."""
    command = ["ps", "-o", "rss=", "--pid", str(pid), "--ppid", str(pid)]
    found = subprocess.run(command, check=False, capture_output=True, text=True)
    return 1024 * sum(map(int, found.stdout.split()))


def measure_floor(num_people: int, num_movies: int) -> float:
    """Returns pairs a second; in a process of its own, as TensorFlow's memory would stay."""
    call = f"from {__spec__.name} import floor; print(floor({num_people}, {num_movies}))"
    said = subprocess.run([sys.executable, "-c", call], check=True, capture_output=True, text=True)
    return float(said.stdout.split()[-1])


def floor(num_people: int, num_movies: int) -> float:
    import tensorflow as tf

    random = np.random.default_rng(0)
    queries, candidates = (random.normal(size=(n, DIM)).astype(np.float32) for n in (num_people, num_movies))
    pairs = random.integers(0, num_people, (FLOOR_PAIRS, 2)).astype(np.int32)

    @tf.function(input_signature=[tf.TensorSpec([None], tf.int32)])
    def best(people: tf.Tensor) -> tf.Tensor:
        return tf.math.top_k(tf.matmul(tf.gather(queries, people), candidates, transpose_b=True), TOP).indices

    best(pairs[:BATCH].ravel())
    started = time.monotonic()
    for start in range(0, FLOOR_PAIRS, BATCH):
        best(pairs[start : start + BATCH].ravel()).numpy()
    return FLOOR_PAIRS / (time.monotonic() - started)


if __name__ == "__main__":
    main()
