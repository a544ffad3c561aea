"""Reading MovieLens-100K's format."""

import re
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from trainer.data import DataError, load
from trainer.data.loading import LICENSES
from trainer.data.movielens_100k import STANDARD_GENRES


def test_movies_are_numbered_by_ascending_id_rated_or_not(write_folder, flags):
    folder = write_folder({"u.data": ["7\t10\t5\t100"]})
    assert [movie.movie_id for movie in load(folder).movies] == ["2", "3", "10"]


def test_title_and_year_are_told_apart(write_folder):
    found = [(movie.title, movie.year) for movie in load(write_folder()).movies]
    assert found == [("Matrix, The", 1999), ("unknown", 0), ("Amélie", 2001)]


@pytest.mark.parametrize("title", ["Time III: A (x) (1995) (V)", "Time III: A (x) (1995) ", "Time III: A (x) (1995)"])
def test_mark_and_space_after_the_year_do_not_count(write_folder, flags, title):
    movie = load(write_folder({"u.item": [f"{i}|{title}||||{flags}" for i in (2, 3, 10)]})).movies[0]
    assert (movie.title, movie.year) == ("Time III: A (x)", 1995)


@pytest.mark.parametrize(("given", "lowest"), [("3", 1.0), ("3.0", 1.0), ("3.5", 0.5), ("0.5", 0.5)])
def test_half_stars_widen_the_scale(write_folder, given, lowest):
    data = load(write_folder({"u.data": ["7\t10\t5\t100", f"7\t2\t{given}\t200"]}))
    assert data.rating.tolist() == [5, float(given)]
    assert (data.rating_min, data.rating_max) == (lowest, 5)


def test_interactions_stand_in_file_order_repeated_ones_included(write_folder):
    data = load(write_folder())
    assert data.user_ids.tolist() == ["7", "12"]
    assert data.user_ids[data.user].tolist() == ["7", "12", "7", "7"]
    assert data.row.tolist() == [2, 0, 1, 2]
    assert data.rating.tolist() == [5, 1, 4, 2]
    assert data.timestamp.tolist() == [100, 300, 200, 400]
    assert [a.dtype.name for a in (data.user, data.row, data.rating, data.timestamp)] == [
        *("int32", "int32", "float32", "int64")
    ]


def test_ids_of_one_title_and_year_are_one_movie(write_folder, flags):
    """The lowest id stands for both, whichever comes first in the file, and gets both ids' ratings."""
    items = [f"{i}|{title}||||{flags}" for i, title in ((10, "A (1990)"), (3, "A (1991)"), (2, "A (1990)"))]
    data = load(write_folder({"u.item": items}))
    assert [(movie.movie_id, movie.alias_ids) for movie in data.movies] == [("2", ("10",)), ("3", ())]
    assert data.row.tolist() == [0, 0, 1, 0]


def test_movies_of_unknown_year_stay_apart(write_folder, flags):
    data = load(write_folder({"u.item": [f"{i}|unknown||||{flags}" for i in (2, 3, 10)]}))
    assert len(data.movies) == 3


def test_standard_genres_hold_without_u_genre(write_folder):
    data = load(write_folder())
    assert data.genres == STANDARD_GENRES
    assert data.movies[0].genres == ("Western",)


def test_u_genre_names_the_genres(write_folder):
    items = ["2|A (1990)||||1|1", "3|B (1990)||||0|1", "10|C (1990)||||0|0"]
    data = load(write_folder({"u.item": items, "u.genre": ["Slow|0", "Fast|1", ""]}))
    assert [movie.genres for movie in data.movies] == [("Slow", "Fast"), ("Fast",), ()]


def test_u_user_may_be_missing(write_folder):
    assert len(load(write_folder({"u.user": None})).user_ids) == 2


def test_windows_line_ends_and_a_missing_last_newline_are_accepted(write_folder):
    folder = write_folder({"u.data": None})
    (folder / "u.data").write_bytes(b"7\t10\t5\t100\r\n12\t2\t1\t300")
    assert load(folder).timestamp.tolist() == [100, 300]


@pytest.mark.parametrize(
    ("file", "line", "field"),
    [
        ("u.data", "7\t10\t6\t100", "rating is '6', allowed is whole or half stars from 0.5 to 5"),
        ("u.data", "7\t10\t0\t100", "rating is '0'"),
        ("u.data", "7\t10\t3.7\t100", "rating is '3.7'"),
        ("u.data", "7\t11\t3\t100", "item id is '11', allowed is a movie id of u.item"),
        ("u.data", "8\t10\t3\t100", "user id is '8', allowed is a user id of u.user"),
        ("u.data", "7\t10\t3\t881250949000", "timestamp is '881250949000'"),
        ("u.data", "7\t10\t3", "allowed is 4 fields separated by '\\t'"),
        ("u.data", "7\t10\t3\t²", "the line begins with '7\\t10\\t3\\t²', allowed is text in UTF-8"),
        ("u.data", "", "the line is ''"),
        (
            "u.item",
            "10|Again (1990)||||" + "|".join("0" * 19),
            "movie id is '10', allowed is one that no earlier",
        ),
        ("u.item", "11| ||||" + "|".join("0" * 19), "movie title is ' '"),
        ("u.item", "11|A (1990)||||2|" + "|".join("0" * 18), "flag of genre unknown is '2'"),
        ("u.user", "7|30|F|other|1", "user id is '7', allowed is one that no earlier line has"),
        ("u.user", "8|old|F|other|1", "age is 'old', allowed is a whole number from 0 to 150"),
    ],
)
def test_malformed_line_is_named(write_folder, file, line, field):
    folder = write_folder()
    lines = (folder / file).read_text(encoding="latin-1").splitlines()
    lines.insert(2, line)
    write_folder({file: lines})
    with pytest.raises(DataError, match=re.escape(f"{folder / file}, line 3: ")) as error:
        load(folder)
    assert field in str(error.value)


@pytest.mark.parametrize(("line", "field"), [("War|2", "genre index"), ("Slow|1", "genre is"), ("|1", "genre is")])
def test_malformed_u_genre_is_named(write_folder, line, field):
    with pytest.raises(DataError, match=f"u.genre, line 2: {field}"):
        load(write_folder({"u.genre": ["Slow|0", line]}))


BROKEN_VALUES = st.sampled_from(["", "-1", "+1", " 1", "1.25", "1e3", "x", "१", "9" * 30, "0x1", "nan", "1_0"])


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(number=st.integers(0, 3), field=st.integers(0, 3), value=BROKEN_VALUES)
def test_any_broken_field_of_u_data_names_its_line(write_folder, number, field, value):
    lines = ["7\t10\t5\t100", "12\t2\t1\t300", "7\t3\t4\t200", "7\t10\t2\t400"]
    fields = lines[number].split("\t")
    fields[field] = value.encode("latin-1", "replace").decode("latin-1")
    lines[number] = "\t".join(fields)
    with pytest.raises(DataError, match=f"u.data, line {number + 1}: "):
        load(write_folder({"u.data": lines}))


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(number=st.integers(0, 3), field=st.integers(0, 3), more=st.booleans())
def test_any_missing_or_surplus_field_names_its_line(write_folder, number, field, more):
    lines = ["7\t10\t5\t100", "12\t2\t1\t300", "7\t3\t4\t200", "7\t10\t2\t400"]
    fields = lines[number].split("\t")
    lines[number] = "\t".join([*fields, fields[field]] if more else fields[:field] + fields[field + 1 :])
    with pytest.raises(DataError, match=f"u.data, line {number + 1}: the line is "):
        load(write_folder({"u.data": lines}))


@pytest.mark.parametrize("name", ["u.data", "u.item"])
def test_missing_file_is_named(write_folder, name):
    with pytest.raises(DataError, match=f"{name}: cannot be read .No such file or directory.; give a folder"):
        load(write_folder({name: None}))


@pytest.mark.parametrize("name", ["u.data", "u.item", "u.user", "u.genre"])
def test_empty_file_is_named(write_folder, name):
    with pytest.raises(DataError, match=f"{name}: the file is empty"):
        load(write_folder({name: []}))


def test_folder_in_place_of_a_file_is_named(write_folder):
    folder = write_folder({"u.data": None})
    (folder / "u.data").mkdir()
    with pytest.raises(DataError, match=r"u.data: cannot be read \(Is a directory\)"):
        load(folder)


def test_a_folder_of_ones_own_is_called_by_its_name_and_has_nobodys_terms(write_folder, monkeypatch):
    written = write_folder()
    folder = written.rename(written.with_name("ml-100k"))
    monkeypatch.chdir(folder)
    for path in (folder, Path()):
        assert (load(path).name, load(path).license) == ("ml-100k", "Terms not stated; supplied with --data.")
    assert load(folder, "ml-100k").license == LICENSES["ml-100k"]
