from dataclasses import replace
from math import nan
from pathlib import Path

import numpy as np
import pytest

from server.recommender.catalog import Catalog
from server.recommender.queries import ListQuery, Member, PersonQuery
from server.recommender.reasons import find_reasons
from tests.tiny_release import random_release, write_catalog
from tests.unit.recommender.conftest import Tiny
from tests.unit.recommender.queries import history

# Cosines to movie 0: 1, .8, .6, .37, 0, -1 and so on.
CANDIDATES = np.array([[1, 0], [4, 3], [3, 4], [2, 5], [0, 1], *[[-1, 0]] * 5], np.float32)


@pytest.fixture
def catalog(tmp_path: Path) -> Catalog:
    release = random_release(num_users=1, num_movies=10)
    write_catalog(tmp_path / "1", 1, replace(release, candidates=CANDIDATES, histories=((0,),)))
    return Catalog.open(tmp_path / "1")


def reasons(catalog: Catalog, stars: dict[int, float], *rows: int) -> list[tuple[int, ...]]:
    return find_reasons(catalog, history(stars), np.array(rows, np.int32))


def test_the_three_most_alike_speak_strongest_first(catalog: Catalog) -> None:
    assert reasons(catalog, {3: 4.0, 2: 4.0, 1: 4.0, 4: 4.0, 5: 4.0}, 0) == [(1, 2, 3)]


def test_a_movie_is_no_reason_for_itself(catalog: Catalog) -> None:
    assert reasons(catalog, {0: 4.0, 1: 4.0}, 0, 1) == [(1,), (0,)]


def test_only_what_was_liked_speaks(catalog: Catalog) -> None:
    """Rated at least the person's own mean and the middle of the scale, here both 3, or watched and not rated."""
    assert reasons(catalog, {1: 2.0, 2: 3.0, 3: 4.0, 4: nan}, 0) == [(2, 3)]
    assert reasons(catalog, {1: nan, 2: nan}, 0) == [(1, 2)]
    assert reasons(catalog, {1: 1.0, 2: 1.0, 3: 3.0}, 0) == [(3,)]


def test_nothing_speaks_for_those_without_a_history(catalog: Catalog) -> None:
    assert reasons(catalog, {}, 0, 1) == [(), ()]


def test_reasons_come_from_the_newer_facts_too_and_only_when_asked_for(tiny: Tiny) -> None:
    member = Member("1", history({20: 5.0}))
    silent, told = tiny.people(
        PersonQuery(member, ListQuery(size=6)), PersonQuery(member, ListQuery(size=6, with_reasons=True))
    )
    whole = {*tiny.release.history("1"), 20}
    found = [row for entry in told.entries for row in entry.preference.reasons]
    assert 20 in found
    assert set(found) <= whole
    assert not any(entry.preference.reasons for entry in silent.entries)
