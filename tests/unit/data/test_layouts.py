"""The same ratings in every layout are the same data; what is malformed is named."""

import gzip
import re
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.unit.data.written import DAY, FILE, FILMS, LAYOUTS, OWN, ROWS, Film, Row
from trainer.data import DataError, Reading, load


def written(layout, folder, films=FILMS, rows=ROWS):
    """Writes a layout; returns what `load` is given."""
    reading = LAYOUTS[layout](folder, films, rows)
    return folder / FILE[layout] if layout in FILE else folder, reading


def loaded(layout, folder, *data):
    path, reading = written(layout, folder, *data)
    return load(path, reading=reading)


def rows_of(data):
    movie_ids = np.array([movie.movie_id for movie in data.movies])
    columns = data.user_ids[data.user].tolist(), movie_ids[data.row].tolist(), data.rating.tolist()
    return sorted(zip(*columns, data.timestamp.tolist(), strict=True))


def expected(layout, rows):
    return sorted((str(r.user), str(r.movie), r.stars, 0 if layout == "netflix_csv" else r.time) for r in rows)


@pytest.mark.parametrize("layout", LAYOUTS)
def test_every_layout_gives_the_same_data(layout, tmp_path):
    data = loaded(layout, tmp_path)
    assert rows_of(data) == expected(layout, ROWS)
    assert data.user_ids.tolist() == ["7", "12"]
    by_number = sorted(FILMS)
    assert [(movie.movie_id, movie.title, movie.year) for movie in data.movies] == [
        (str(film.number), film.title, film.year) for film in by_number
    ]
    if "netflix" not in layout:
        assert [movie.genres for movie in data.movies] == [film.genres for film in by_number]
    assert (data.rating_min, data.rating_max) == (1, 5)


TITLES = st.text(st.sampled_from("ab é,\"|;:.'&"), min_size=1, max_size=12).map(str.strip)
STARS = st.integers(1, 10).map(lambda half: half / 2)


@st.composite
def data_sets(draw):
    titles = draw(
        st.lists(TITLES.filter(lambda t: t and t[0] != '"' and "::" not in t), min_size=1, max_size=5, unique=True)
    )
    films = [Film(number, title, 1950 + number, ("Drama",)) for number, title in enumerate(titles, 1)]
    row = st.tuples(st.integers(1, 30), st.integers(1, len(films)), STARS, st.integers(0, 20_000).map(DAY.__mul__))
    return films, [Row(*values) for values in draw(st.lists(row, min_size=1, max_size=12))]


@settings(max_examples=40, deadline=None)
@given(data_sets(), st.sampled_from([*LAYOUTS]))
def test_what_is_written_is_what_is_read(data, layout):
    films, rows = data
    if layout == "movielens_100k":
        films = [film._replace(title=film.title.replace("|", "/")) for film in films]
    if layout.startswith("movielens_dat"):
        films = [film._replace(title=f"x{film.title}x") for film in films]
    with TemporaryDirectory() as name:
        path, reading = written(layout, Path(name), films, rows)
        data = load(path, reading=replace(reading, scale=(0.5, 5.0)))
    assert rows_of(data) == expected(layout, rows)
    assert [movie.title for movie in data.movies] == [film.title for film in films]


CSV = ("movielens_csv", "ratings.csv", "movies.csv")
DAT = ("movielens_dat", "ratings.dat", "movies.dat")
NETFLIX = ("netflix_csv", "Netflix_Dataset_Rating.csv", "Netflix_Dataset_Movie.csv")
PRIZE = ("netflix_combined", "combined_data_1.txt", "movie_titles.csv")
BY_MOVIE = ("netflix_by_movie", "training_set/mv_0000002.txt", "movie_titles.csv")
HUNDRED = ("movielens_100k", "u.data", "u.item")
OWN_CSV = ("own_csv", "own.csv", "films.csv")
TEXT = (HUNDRED, DAT, CSV, NETFLIX, PRIZE, BY_MOVIE, OWN_CSV)


def complaint(layout, folder, file, change):
    """Changes the bytes of a file and returns what is said."""
    path, reading = written(layout, folder)
    (folder / file).write_bytes(change((folder / file).read_bytes()))
    with pytest.raises(DataError) as error:
        load(path, reading=reading)
    assert str(error.value).startswith(str(folder / file))
    return str(error.value).removeprefix(str(folder / file))


@pytest.mark.parametrize(("layout", "ratings", "movies"), TEXT)
def test_an_empty_file_is_named(layout, ratings, movies, tmp_path):
    for file in (ratings, movies):
        assert complaint(layout, tmp_path, file, lambda _: b"").startswith(": the file is empty")


@pytest.mark.parametrize(("layout", "ratings", "movies"), TEXT)
def test_a_file_cut_off_within_a_line_is_named_with_the_line(layout, ratings, movies, tmp_path):
    for file in (ratings, movies):
        said = complaint(layout, tmp_path, file, lambda text: text.rstrip(b"\n").rpartition(b"\n")[0] + b"\n4")
        assert re.match(r", line \d: the line is '4', allowed is \d+ fields separated by ", said)


@pytest.mark.parametrize(("layout", "ratings", "movies"), TEXT)
def test_one_file_in_place_of_the_other_is_named(layout, ratings, movies, tmp_path):
    written(layout, tmp_path)
    wrong = (tmp_path / movies).read_bytes()
    assert re.match(", line [12]: ", complaint(layout, tmp_path, ratings, lambda _: wrong))


@pytest.mark.parametrize(("layout", "ratings", "movies"), TEXT)
def test_utf_16_is_named(layout, ratings, movies, tmp_path):
    for file in (ratings, movies):
        said = complaint(layout, tmp_path, file, lambda text: text.decode("latin-1").encode("utf-16"))
        assert said.startswith(": this is UTF-16 or no text at all, allowed is UTF-8")


@pytest.mark.parametrize("layout", ["movielens_csv", "own_csv"])
def test_a_title_that_is_no_utf_8_is_named(layout, tmp_path):
    file = "movies.csv" if layout == "movielens_csv" else "films.csv"
    said = complaint(layout, tmp_path, file, lambda text: text.decode().encode("latin-1"))
    assert re.match(r", line 3: the line begins with '10[,;].*é', allowed is text in UTF-8", said)


@pytest.mark.parametrize(("layout", "ratings", "movies"), TEXT)
def test_a_byte_order_mark_windows_line_ends_and_blank_lines_at_the_end_do_not_matter(
    layout, ratings, movies, tmp_path
):
    path, reading = written(layout, tmp_path)
    for file in (ratings, movies):
        text = (tmp_path / file).read_bytes().decode("utf-8" if "csv" in layout else "latin-1")
        (tmp_path / file).write_bytes(b"\xef\xbb\xbf" + text.replace("\n", "\r\n").encode() + b"\r\n\r\n")
    data = load(path, reading=reading)
    assert rows_of(data) == expected(layout, ROWS)
    assert data.movies[-1].title == FILMS[1].title


WRONG = {
    "an unknown movie": (b"2", b"4", "is '4', allowed is a movie id of "),
    "a rating beyond the scale": (b"4", b"6", "is '6"),
    "a rating of 0": (b"4", b"0", "is '0"),
    "a person who is no number": (b"7", b"x", "is 'x', allowed is a whole number from 1 "),
}


@pytest.mark.parametrize("wrong", WRONG)
@pytest.mark.parametrize("layout", ["movielens_100k", "movielens_dat", "movielens_csv", "netflix_csv"])
def test_a_wrong_value_is_named_with_its_line(layout, wrong, tmp_path):
    """The third rating is 7's of movie 2: 4 stars."""
    old, new, said = WRONG[wrong]
    path, reading = written(layout, tmp_path)
    file = tmp_path / next(ratings for name, ratings, _ in TEXT if name == layout)
    lines = file.read_bytes().splitlines(keepends=True)
    place = 2 if layout in ("movielens_100k", "movielens_dat") else 3
    fields = re.split(rb"([,:\t]+)", lines[place].strip())
    lines[place] = (
        b"".join(field.replace(old, new) if field[:1] == old and len(field) < 4 else field for field in fields) + b"\n"
    )
    file.write_bytes(b"".join(lines))
    with pytest.raises(DataError, match=re.escape(f"{file}, line {place + 1}: ")) as error:
        load(path, reading=reading)
    assert said in str(error.value)


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("7,6,2005-01-01", "line 3: rating is '6', allowed is whole or half stars from 0.5 to 5"),
        ("7,3,2005-02-30", "line 3: date is '2005-02-30', allowed is Unix seconds from 0 to "),
        ("x,3,2005-02-01", "line 3: user id is 'x', allowed is a whole number"),
        ("9:", "line 4: section is '9', allowed is a movie id of movie_titles.csv"),
        ("x:", "line 4: section is 'x', allowed is a whole number"),
        ("7,3", "line 3: the line is '7,3', allowed is 3 fields separated by ','"),
    ],
)
def test_lines_of_the_netflix_prize_count_the_lines_between(line, said, tmp_path):
    path, _ = written("netflix_combined", tmp_path)
    (tmp_path / "combined_data_1.txt").write_text(f"2:\n7,3,2005-01-01\n{line}\n8,3,2005-01-01\n")
    with pytest.raises(DataError, match=re.escape(said)):
        load(path)


@pytest.mark.parametrize(
    ("lines", "said"),
    [
        (b"7:x:10::5::100\n", ", line 1: between two separators is 'x', allowed is nothing"),
        (b"7::10::5::\xe9\n", ", line 1: the line begins with '7::10::5::\xe9', allowed is text in UTF-8"),
        (b"7::10::5::1\n7::\xe9\n", ", line 2: the line begins with '7::\xe9', allowed is text in UTF-8"),
        (b"\n\n", ": the file is empty"),
        (b"7::10::5::1\n\n7::10::5::1\n", ", line 2: the line is ''"),
    ],
)
def test_lines_with_two_separators_are_checked_between_them(lines, said, tmp_path):
    assert complaint("movielens_dat", tmp_path, "ratings.dat", lambda _: lines).startswith(said)


def test_ratings_before_the_first_movie_are_named(tmp_path):
    path, _ = written("netflix_combined", tmp_path)
    (tmp_path / "combined_data_1.txt").write_text("7,3,2005-01-01\n2:\n")
    with pytest.raises(DataError, match="line 1: section is '', allowed is a whole number"):
        load(path)


@pytest.mark.parametrize(
    ("line", "title", "year"),
    [
        (
            "5,1974,At Home Among Strangers, A Stranger Among His Own",
            "At Home Among Strangers, A Stranger Among His Own",
            1974,
        ),
        ('5,1974,"At Home, Away"', "At Home, Away", 1974),
        ('5,1974,"Say ""No"""', 'Say "No"', 1974),
        ('5,1974,"Crocodile" Dundee', '"Crocodile" Dundee', 1974),
        ('5,1974,"A" and "B"', '"A" and "B"', 1974),
        ("5,NULL,Nameless", "Nameless", 0),
        ("5,,Nameless", "Nameless", 0),
        ("5,1974.0,Made of floats", "Made of floats", 1974),
    ],
)
def test_netflix_names_may_hold_commas_and_quotes(line, title, year, tmp_path):
    path, _ = written("netflix_csv", tmp_path)
    file = tmp_path / "Netflix_Dataset_Movie.csv"
    file.write_text(f"{file.read_text()}{line}\n")
    movie = load(path).movies[2]
    assert (movie.movie_id, movie.title, movie.year) == ("5", title, year)


def test_ids_of_one_title_and_year_are_one_movie_in_every_layout(tmp_path):
    for layout in LAYOUTS:
        folder = tmp_path / layout
        folder.mkdir()
        films = (*FILMS, Film(11, "Matrix, The", 1999, ("Action", "Sci-Fi")), Film(12, "Matrix, The", 2021, ()))
        data = loaded(layout, folder, films, (*ROWS, Row(7, 11, 3, 5 * DAY)))
        assert [(movie.movie_id, movie.alias_ids) for movie in data.movies][:2] == [("2", ("11",)), ("3", ())]
        assert len(data.movies) == 4
        assert np.bincount(data.row, minlength=4).tolist() == [3, 0, 2, 0]


def test_a_folder_without_any_known_file_is_told_what_is_known(tmp_path):
    (tmp_path / "mine.csv").write_text("a,b\n")
    with pytest.raises(DataError, match=r"holds no ratings, known are MovieLens 100K \(u.data\); .*--columns"):
        load(tmp_path)


def test_a_folder_with_two_layouts_is_refused(tmp_path):
    written("movielens_dat", tmp_path)
    written("movielens_csv", tmp_path)
    with pytest.raises(DataError, match=r"holds files of MovieLens 1M and 10M and MovieLens latest, .*move the others"):
        load(tmp_path)


def test_one_file_of_a_layout_can_be_given(tmp_path):
    path, _ = written("netflix_combined", tmp_path)
    assert len(load(path / "combined_data_2.txt").user) == 2
    with pytest.raises(DataError, match=r"movie_titles\.csv: unknown by its name; name its columns with --columns"):
        load(path / "movie_titles.csv")


def test_the_terms_of_a_layout_are_kept(tmp_path):
    data = loaded("netflix_csv", tmp_path)
    assert data.license.startswith(
        "Terms not stated; supplied with --data. Where it is Netflix Prize data: for research"
    )
    assert data.name == tmp_path.name


def test_a_gzipped_file_of_ones_own_is_read(tmp_path):
    (tmp_path / "own.csv.gz").write_bytes(gzip.compress(b"u,m,r\na,b,3\n"))
    data = load(tmp_path / "own.csv.gz", reading=Reading({"user": "u", "movie": "m", "rating": "r"}))
    assert rows_of(data) == [("a", "b", 3, 0)]


def test_rows_are_reported_as_they_are_read(tmp_path):
    path, reading = written("movielens_csv", tmp_path)
    reported = []
    load(path, reading=reading, on_rows=reported.append)
    assert reported[-1] == len(ROWS)


def own(folder, text, scale=None, columns=OWN):
    (folder / "own.csv").write_text(text)
    return load(folder / "own.csv", reading=Reading(columns, scale=scale))


@pytest.mark.parametrize(
    ("ratings", "low", "high"),
    [
        ((1, 3), 1, 5),
        ((5,), 1, 5),
        ((0.5, 4), 0.5, 5),
        ((0, 4), 0, 5),
        ((3.7,), 0, 5),
        ((2, 9), 0, 10),
        ((0, 80), 0, 100),
    ],
)
def test_the_scale_is_found_in_the_ratings(ratings, low, high, tmp_path):
    data = own(tmp_path, "who,film,stars,at\n" + "".join(f"a,{i},{stars},0\n" for i, stars in enumerate(ratings)))
    assert (data.rating_min, data.rating_max) == (low, high)
    assert data.rating.tolist() == pytest.approx(ratings)


def test_a_given_scale_holds(tmp_path):
    text = "who,film,stars,at\na,b,-3,0\n"
    data = own(tmp_path, text, scale=(-10, 10))
    assert (data.rating.tolist(), data.rating_min, data.rating_max) == ([-3], -10, 10)
    with pytest.raises(DataError, match=r"line 2: stars is '-3', allowed is a number from 0 to 100 \(another scale"):
        own(tmp_path, text)


def test_ids_of_ones_own_are_any_text(tmp_path):
    data = own(tmp_path, 'who,film,stars,at\n"Zoë, B.",tt01,3,0\n10,tt1,4,0\n9,tt01,5,0\n')
    assert data.user_ids.tolist() == ["9", "10", "Zoë, B."]
    assert [movie.movie_id for movie in data.movies] == ["tt01", "tt1"]
    assert [movie.title for movie in data.movies] == ["tt01", "tt1"]


@pytest.mark.parametrize("time", ["1104537600", "2005-01-01", "2005-01-01T00:00:00Z", "2005-01-01 01:00:00+01:00"])
def test_times_are_seconds_or_iso_8601(time, tmp_path):
    assert own(tmp_path, f"who,film,stars,at\na,b,3,{time}\n").timestamp.tolist() == [1_104_537_600]


@pytest.mark.parametrize("separator", [",", "\t", ";", "|"])
def test_columns_without_names_are_counted(separator, tmp_path):
    text = "".join(separator.join(line) + "\n" for line in (("a", "x", "m", "4"), ("b", "x", "m", "2")))
    data = own(tmp_path, text, columns={"user": "1", "movie": "3", "rating": "4"})
    assert rows_of(data) == [("a", "m", 4, 0), ("b", "m", 2, 0)]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("who,film,stars\na,b,3\n", "line 1: column 'at' is there 0 times, allowed is once; found are 'who', 'film'"),
        ("who,who,film,stars,at\n", "line 1: column 'who' is there 2 times"),
        ("who,film,stars,at\n,b,3,0\n", "line 2: who is '', allowed is 1 to 200 characters"),
        ("who,film,stars,at\na,b,3,soon\n", "line 2: at is 'soon', allowed is Unix seconds"),
        ("who,film,stars,at\na,b,nan,0\n", "line 2: stars is 'nan', allowed is a number from 0 to 100"),
        ("who,film,stars,at\na,b,3,0\n\nc,d,3,0\n", "line 3: the line is '', allowed is 4 fields"),
        ("who,film,stars,at\n", "no line follows the header"),
        ("who,film,stars,at", "no line follows the header"),
        ("", "the file is empty"),
    ],
)
def test_a_fault_in_a_file_of_ones_own_is_named(text, said, tmp_path):
    with pytest.raises(DataError, match=re.escape(said)):
        own(tmp_path, text)


THREE = {key: OWN[key] for key in ("user", "movie", "rating")}


@pytest.mark.parametrize("num_lines", [1, 10_000, 1_000_000], ids=["at its start", "past its header", "far on"])
def test_a_gzipped_file_that_is_cut_off_is_named(num_lines, tmp_path):
    lines = np.random.default_rng(0).integers(1, 1_000_000, num_lines).tolist()
    text = "who,film,stars\n" + "".join(f"{user},b,3\n" for user in lines)
    (tmp_path / "own.csv.gz").write_bytes(gzip.compress(text.encode(), 1)[:-12])
    with pytest.raises(
        DataError, match=r"own\.csv\.gz: cannot be read \(Truncated .*; it is damaged: fetch or write it"
    ):
        load(tmp_path / "own.csv.gz", reading=Reading(THREE))


def test_a_folder_in_place_of_a_file_of_ones_own_is_named(tmp_path):
    with pytest.raises(DataError, match=r"is a folder, --columns is for a table; give one file"):
        load(tmp_path, reading=Reading(THREE))


def test_the_end_of_a_parquet_files_name_may_be_in_capitals(tmp_path):
    path, reading = written("own_parquet", tmp_path)
    assert len(load(path.rename(tmp_path / "OWN.PARQUET"), reading=reading).rating) == len(ROWS)


def test_blanks_around_genres_do_not_count(tmp_path):
    data = loaded("own_csv", tmp_path, (*FILMS, Film(11, "Spaced", 1990, (" Drama ", "Sci-Fi", " "))))
    assert data.movies[-1].genres == ("Drama", "Sci-Fi")
    assert data.genres == ("Action", "Comedy", "Drama", "Sci-Fi")


@pytest.mark.parametrize("other", ["mv_0000002.txt", "training_set/mv_0000002.txt", "movie_titles.txt"])
def test_a_netflix_prize_that_is_there_twice_is_refused(other, tmp_path):
    path, _ = written("netflix_combined", tmp_path)
    (tmp_path / other).parent.mkdir(exist_ok=True)
    (tmp_path / other).write_text("2:\n7,3,2005-01-01\n")
    with pytest.raises(DataError, match=r"holds files of .*\.txt, allowed is one of them; move the others elsewhere"):
        load(path)


def test_each_rating_has_its_own_date_though_dates_repeat(tmp_path):
    times = ["2005-01-02", "86400", "2005-01-02", "1970-01-01", "86400"]
    data = own(tmp_path, "who,film,stars,at\n" + "".join(f"a,{i},3,{time}\n" for i, time in enumerate(times)))
    assert data.timestamp.tolist() == [1_104_624_000, 86_400, 1_104_624_000, 0, 86_400]


@pytest.mark.parametrize(("content", "said"), [(b"", "cannot be read as Parquet"), (b"PAR1 not", "cannot be read as")])
def test_a_broken_parquet_file_is_named(content, said, tmp_path):
    path, reading = written("own_parquet", tmp_path)
    path.write_bytes(content)
    with pytest.raises(DataError, match=f"own.parquet: {said}"):
        load(path, reading=reading)
