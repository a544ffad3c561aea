from dataclasses import replace

import numpy as np
import pyarrow as pa
import pytest

from server.recommender.catalog import Catalog
from server.recommender.titles import TitleSearch
from tests.tiny_release import random_release, write_catalog

MOVIES = (
    ("Godfather, The", 1972),
    ("Godfather: Part II, The", 1974),
    ("Star Wars", 1977),
    ("Star Trek: The Wrath of Khan", 1982),
    ("Toy Story", 1995),
    ("Misérables, Les", 1995),
    ("Enfer, L'", 1994),
    ("Shanghai Triad (Yao a yao yao dao waipo qiao)", 1995),
    ("Contempt (Mépris, Le)", 1963),
    ("E.T. the Extra-Terrestrial", 1982),
    ("M*A*S*H", 1970),
    ("Sabrina", 1954),
    ("Sabrina", 1995),
    ("2001: A Space Odyssey", 1968),
    ("Lion King, The", 1994),
    ("Beauty and the Beast", 1991),
    ("Twelve Monkeys", 1995),
    ("Schindler's List", 1993),
    ("Die Hard", 1988),
    ("Net, The", 1995),
    ("Été", 1999),
    ("???", 0),
)


@pytest.fixture(scope="module")
def catalog(tmp_path_factory: pytest.TempPathFactory) -> Catalog:
    """Later movies were rated more often."""
    folder = tmp_path_factory.mktemp("titles") / "1"
    release = random_release(num_users=len(MOVIES), num_movies=len(MOVIES))
    histories = tuple(tuple(range(first, len(MOVIES))) for first in range(len(MOVIES)))
    write_catalog(folder, 1, replace(release, histories=histories))
    path = folder / "movies.arrow"
    batch = pa.ipc.open_file(path.read_bytes()).get_batch(0)
    columns = {name: batch[name] for name in batch.schema.names}
    columns |= {"title": pa.array([title for title, _ in MOVIES])}
    columns |= {"year": pa.array(np.array([year for _, year in MOVIES], np.int32))}
    changed = pa.record_batch(columns)
    with pa.OSFile(str(path), "wb") as file, pa.ipc.new_file(file, changed.schema) as writer:
        writer.write_batch(changed)
    return Catalog.open(folder)


def found(catalog: Catalog, query: str, size: int = 10) -> list[str]:
    return [f"{catalog.movie(row).title} {catalog.movie(row).year}" for row in TitleSearch(catalog).search(query, size)]


@pytest.mark.parametrize(
    ("query", "best"),
    [
        ("STAR WARS", "Star Wars 1977"),
        ("starwars", "Star Wars 1977"),
        ("toy stroy", "Toy Story 1995"),
        ("godfather", "Godfather, The 1972"),
        ("The Godfather", "Godfather, The 1972"),
        ("Godfather, The (1972)", "Godfather, The 1972"),
        ("godfather 2", "Godfather: Part II, The 1974"),
        ("wrath of kahn", "Star Trek: The Wrath of Khan 1982"),
        ("les miserables", "Misérables, Les 1995"),
        ("MISÉRABLES", "Misérables, Les 1995"),
        ("l’enfer", "Enfer, L' 1994"),
        ("The Twelve Monkeys", "Twelve Monkeys 1995"),
        ("enfer", "Enfer, L' 1994"),
        ("shanghai triad", "Shanghai Triad (Yao a yao yao dao waipo qiao) 1995"),
        ("yao a yao yao dao waipo qiao", "Shanghai Triad (Yao a yao yao dao waipo qiao) 1995"),
        ("le mepris", "Contempt (Mépris, Le) 1963"),
        ("ET", "E.T. the Extra-Terrestrial 1982"),
        ("e.t.", "E.T. the Extra-Terrestrial 1982"),
        ("mash", "M*A*S*H 1970"),
        ("sabrina", "Sabrina 1995"),
        ("sabrina (1954)", "Sabrina 1954"),
        ("sabrina 1954", "Sabrina 1954"),
        ("sabrina 1900", "Sabrina 1995"),
        ("2001", "2001: A Space Odyssey 1968"),
        ("beauty & the beast", "Beauty and the Beast 1991"),
        ("12 monkeys", "Twelve Monkeys 1995"),
        ("schindlers", "Schindler's List 1993"),
        ("die hard", "Die Hard 1988"),
        ("ete", "Été 1999"),
        ("???", "??? 0"),
        ("(Star Wars)", "Star Wars 1977"),
        ("Toy Story ()", "Toy Story 1995"),
    ],
)
def test_titles_are_found_as_people_remember_them(catalog: Catalog, query: str, best: str) -> None:
    assert found(catalog, query)[0] == best


@pytest.mark.parametrize("query", ["xyzzy", "amelie", "king kong", "harry potter", "!!!", "Яблоко", "a" * 200])
def test_what_is_like_nothing_finds_nothing(catalog: Catalog, query: str) -> None:
    assert found(catalog, query) == []


def test_equal_matches_go_by_how_many_rated_them(catalog: Catalog) -> None:
    assert found(catalog, "star") == ["Star Trek: The Wrath of Khan 1982", "Star Wars 1977"]
    assert found(catalog, "star", 1) == ["Star Trek: The Wrath of Khan 1982"]


def test_short_words_are_as_written(catalog: Catalog) -> None:
    assert found(catalog, "et") == ["E.T. the Extra-Terrestrial 1982"]


@pytest.mark.parametrize("query", [" ", "(", "()", "1995", "(1995)", ", The", "the", "\x00", "\ud7ff", "w " * 100])
def test_any_text_is_searched_for(catalog: Catalog, query: str) -> None:
    assert len(found(catalog, query)) <= 10
