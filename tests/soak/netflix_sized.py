"""Writes ratings as large as notebook B's, in its layout: `python -m tests.soak.netflix_sized FOLDER`, seconds.

Then, for example, `/usr/bin/time -v python -m trainer --data FOLDER --output RELEASES`; it has to stay below 8 GB.
"""

import sys
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.csv as arrow_csv

NUM_RATINGS, NUM_PEOPLE, NUM_MOVIES = 17_337_458, 143_458, 17_297
NUM_TASTES = 8


def write(folder: Path, scale: float = 1.0, seed: int = 37) -> None:
    """Writes both files; `scale` shrinks ratings and people alike. Long tails on both sides, tastes in groups."""
    generator = np.random.default_rng(seed)
    folder.mkdir(parents=True, exist_ok=True)
    _write_movies(folder / "Netflix_Dataset_Movie.csv", generator)
    num_people = max(1, round(scale * NUM_PEOPLE))
    shares = generator.lognormal(0, 1.1, num_people)
    lengths = np.clip(shares / shares.sum() * scale * NUM_RATINGS, 5, NUM_MOVIES // 4).astype(int)
    # What is missing to the number wanted goes to people in turn.
    missing = round(scale * NUM_RATINGS) - lengths.sum()
    lengths[np.arange(abs(missing)) % num_people] += np.sign(missing)
    popularity = -1.1 * np.log(generator.permutation(NUM_MOVIES) + 30)
    taste = generator.integers(NUM_TASTES, size=NUM_MOVIES)
    quality = generator.normal(3.4, 0.4, NUM_MOVIES)
    user, movie, rating = [], [], []
    for person, length in enumerate(lengths.tolist()):
        likes = taste == person % NUM_TASTES
        watched = np.argpartition(-(popularity + 1.5 * likes + generator.gumbel(size=NUM_MOVIES)), length)[:length]
        stars = quality[watched] + likes[watched] + generator.normal(0, 0.8, length) - 0.3
        user.append(np.full(length, 6 + 18 * person, np.int32))
        movie.append((1 + watched).astype(np.int32))
        rating.append(np.clip(np.rint(stars), 1, 5).astype(np.int8))
    columns = {"User_ID": user, "Rating": rating, "Movie_ID": movie}
    table = pa.table({name: np.concatenate(parts) for name, parts in columns.items()})
    order = np.argsort(table["Movie_ID"].to_numpy(), kind="stable")
    arrow_csv.write_csv(
        table.take(order), folder / "Netflix_Dataset_Rating.csv", arrow_csv.WriteOptions(quoting_style="none")
    )


def _write_movies(path: Path, generator: np.random.Generator) -> None:
    years = generator.integers(1920, 2006, NUM_MOVIES)
    names = (f"Movie {number}{', The' if number % 9 == 0 else ''}" for number in range(1, NUM_MOVIES + 1))
    lines = (f"{number + 1},{year},{name}\n" for number, (year, name) in enumerate(zip(years, names, strict=True)))
    path.write_text("".join(["Movie_ID,Year,Name\n", *lines]), encoding="utf-8")


if __name__ == "__main__":
    write(Path(sys.argv[1]), float(sys.argv[2]) if sys.argv[2:] else 1.0)
