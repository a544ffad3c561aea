"""The same few ratings in every layout."""

from collections.abc import Callable, Sequence
from itertools import groupby
from pathlib import Path
from typing import NamedTuple

import pyarrow as pa
import pyarrow.csv as arrow_csv
import pyarrow.parquet as pq

from trainer.data import Reading
from trainer.data.movielens_100k import STANDARD_GENRES

DAY = 86_400


class Film(NamedTuple):
    """A movie as it is written."""

    number: int
    title: str
    year: int
    genres: tuple[str, ...]


class Row(NamedTuple):
    """A rating as it is written: the time is midnight of some day, which every layout can say."""

    user: int
    movie: int
    stars: float
    time: int


FILMS = (
    Film(2, "Matrix, The", 1999, ("Action", "Sci-Fi")),
    Film(10, 'The "Great" Amélie', 2001, ("Comedy",)),
    Film(3, "Nobody: Rated This", 1950, ("Drama",)),
)
ROWS = (Row(7, 10, 5, 1 * DAY), Row(12, 2, 1, 3 * DAY), Row(7, 2, 4, 2 * DAY), Row(7, 10, 2, 4 * DAY))
OWN = {"user": "who", "movie": "film", "rating": "stars", "time": "at"}
OWN_MOVIES = OWN | {"id": "number", "title": "name", "year": "made", "genres": "kinds"}


def _lines(path: Path, lines: Sequence[str], encoding: str = "utf-8") -> None:
    path.write_bytes("".join(f"{line}\n" for line in lines).encode(encoding))


def _day(time: int) -> str:
    return pa.scalar(time, pa.timestamp("s")).as_py().date().isoformat()


def _quoted(text: str) -> str:
    return '"' + text.replace('"', '""') + '"'


def _titled(film: Film) -> str:
    return f"{film.title} ({film.year})"


def movielens_100k(folder: Path, films: Sequence[Film], rows: Sequence[Row]) -> Reading:
    flags = ["|".join(str(int(genre in film.genres)) for genre in STANDARD_GENRES) for film in films]
    items = [
        f"{film.number}|{_titled(film)}|01-Jan-{film.year}|||{flag}" for film, flag in zip(films, flags, strict=True)
    ]
    _lines(folder / "u.item", items, "latin-1")
    _lines(folder / "u.data", [f"{row.user}\t{row.movie}\t{row.stars:g}\t{row.time}" for row in rows])
    return Reading()


def movielens_dat(folder: Path, films: Sequence[Film], rows: Sequence[Row]) -> Reading:
    movies = [f"{film.number}::{_titled(film)}::{'|'.join(film.genres)}" for film in films]
    _lines(folder / "movies.dat", movies, "latin-1")
    _lines(folder / "ratings.dat", [f"{row.user}::{row.movie}::{row.stars:g}::{row.time}" for row in rows])
    return Reading()


def movielens_csv(folder: Path, films: Sequence[Film], rows: Sequence[Row]) -> Reading:
    genres = ["|".join(film.genres) or "(no genres listed)" for film in films]
    movies = [f"{film.number},{_quoted(_titled(film))},{kinds}" for film, kinds in zip(films, genres, strict=True)]
    _lines(folder / "movies.csv", ["movieId,title,genres", *movies])
    ratings = [f"{row.user},{row.movie},{row.stars:.1f},{row.time}" for row in rows]
    _lines(folder / "ratings.csv", ["userId,movieId,rating,timestamp", *ratings])
    return Reading()


def netflix_csv(folder: Path, films: Sequence[Film], rows: Sequence[Row]) -> Reading:
    movies = [f"{film.number},{film.year},{_quoted(film.title)}" for film in films]
    _lines(folder / "Netflix_Dataset_Movie.csv", ["Movie_ID,Year,Name", *movies])
    ratings = [f"{row.user},{row.stars:g},{row.movie}" for row in rows]
    _lines(folder / "Netflix_Dataset_Rating.csv", ["User_ID,Rating,Movie_ID", *ratings])
    return Reading()


def _sections(rows: Sequence[Row]) -> dict[int, list[str]]:
    by_movie = groupby(sorted(rows, key=lambda row: row.movie), key=lambda row: row.movie)
    return {movie: [f"{row.user},{row.stars:g},{_day(row.time)}" for row in some] for movie, some in by_movie}


def _prize_titles(folder: Path, films: Sequence[Film]) -> None:
    _lines(folder / "movie_titles.csv", [f"{film.number},{film.year},{film.title}" for film in films], "latin-1")


def netflix_combined(folder: Path, films: Sequence[Film], rows: Sequence[Row]) -> Reading:
    _prize_titles(folder, films)
    lines = [[f"{movie}:", *ratings] for movie, ratings in _sections(rows).items()]
    for number, part in enumerate((lines[:1], lines[1:])):
        if part:
            _lines(folder / f"combined_data_{number + 1}.txt", [line for some in part for line in some])
    return Reading()


def netflix_by_movie(folder: Path, films: Sequence[Film], rows: Sequence[Row]) -> Reading:
    _prize_titles(folder, films)
    (folder / "training_set").mkdir(exist_ok=True)
    for movie, ratings in _sections(rows).items():
        _lines(folder / "training_set" / f"mv_{movie:07}.txt", [f"{movie}:", *ratings])
    return Reading()


def _own_table(rows: Sequence[Row]) -> pa.Table:
    columns = zip(*rows, strict=True)
    return pa.table({"more": pa.nulls(len(rows), pa.string()), **dict(zip(OWN.values(), columns, strict=True))})


def _own_films(folder: Path, films: Sequence[Film]) -> Reading:
    lines = [f"{film.number};{film.year};{_quoted(film.title)};{'|'.join(film.genres)}" for film in films]
    _lines(folder / "films.csv", ["number;made;name;kinds", *lines])
    return Reading(OWN_MOVIES, folder / "films.csv", (1.0, 5.0))


def own_csv(folder: Path, films: Sequence[Film], rows: Sequence[Row]) -> Reading:
    arrow_csv.write_csv(_own_table(rows), folder / "own.csv")
    return _own_films(folder, films)


def own_parquet(folder: Path, films: Sequence[Film], rows: Sequence[Row]) -> Reading:
    table = _own_table(rows)
    times = pa.array([row.time for row in rows], pa.timestamp("s"))
    pq.write_table(table.set_column(table.column_names.index("at"), "at", times), folder / "own.parquet")
    return _own_films(folder, films)


LAYOUTS: dict[str, Callable[[Path, Sequence[Film], Sequence[Row]], Reading]] = {
    writer.__name__: writer
    for writer in (
        movielens_100k,
        movielens_dat,
        movielens_csv,
        netflix_csv,
        netflix_combined,
        netflix_by_movie,
        own_csv,
        own_parquet,
    )
}
FILE = {"own_csv": "own.csv", "own_parquet": "own.parquet"}
