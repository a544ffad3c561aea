import asyncio
from collections import Counter
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.recommender import recommend
from server.recommender.lists import PersonList, Preference
from server.recommender.models import QUERY_TOWER, RANKING_HEAD
from server.recommender.queries import MILLION, Member, Objective, PairQuery, PersonQuery
from server.recommender.recommend import Recommender
from tests.tiny_release import STRANGER, random_release, ranks
from tests.unit.recommender.conftest import Tiny
from tests.unit.recommender.queries import PAIRS, PEOPLE, allowed, changed, history, scores_and_stars, watched


@given(query=PAIRS)
def test_weight_one_is_the_firsts_own_list_and_zero_the_seconds(tiny: Tiny, query: PairQuery) -> None:
    """Under the same exclusions, as far as one person's candidates go: stars, reasons, and how they are spread too."""
    query = changed(query, size=tiny.release.k)
    for weight, name in ((MILLION, "first"), (0, "second")):
        [pair] = tiny.pairs(replace(query, first_weight_millionths=weight))
        [own] = tiny.people(alone(tiny, query, name))
        of_pair = [(entry.row, getattr(entry, name)) for entry in pair.entries]
        of_person = [(entry.row, entry.preference) for entry in own.entries]
        assert list(map(unscored, of_pair)) == list(map(unscored, of_person))
        assert list(map(score, of_pair)) == pytest.approx(list(map(score, of_person)), abs=1e-5)


def unscored(entry: tuple[int, Preference]) -> str:
    """Everything but the score as text, since NaN is not equal to itself."""
    return f"{entry[0]} {entry[1]._replace(score=0)}"


def score(entry: tuple[int, Preference]) -> float:
    return entry[1].score


def alone(tiny: Tiny, query: PairQuery, name: str) -> PersonQuery:
    """The query of one of a pair, which leaves out what the other has watched."""
    member, other = getattr(query, name), query.second if name == "first" else query.first
    others = [] if other.include_watched else list(watched(tiny.release, other))
    also = [] if query.wanted.excluded_rows is None else query.wanted.excluded_rows.tolist()
    return PersonQuery(member, replace(query.wanted, excluded_rows=np.array([*others, *also], np.int32)))


def ranked(answer: PersonList) -> list[tuple[int, int]]:
    return [(entry.row, entry.preference.rank) for entry in answer.entries]


@given(query=PEOPLE.map(lambda query: replace(query, wanted=replace(query.wanted, diversity=0.0))))
def test_own_list_equals_exhaustive_ranking(tiny: Tiny, query: PersonQuery) -> None:
    [answer] = tiny.people(query)
    may_hold = allowed(tiny.release, [query.member], query.wanted)
    liking = query.wanted.objective is Objective.LIKE and query.wanted.use_stars
    of_person = ranks(tiny.release, scores_and_stars(tiny.release, query.member), may_hold, liking)
    assert ranked(answer) == list(of_person.items())[: min(query.wanted.size, tiny.release.k)]


@given(queries=st.lists(PEOPLE, max_size=5))
def test_batch_gives_what_single_calls_give(tiny: Tiny, queries: list[PersonQuery]) -> None:
    assert repr(tiny.people(*queries)) == repr([tiny.people(query)[0] for query in queries])


@given(query=PEOPLE.filter(lambda query: len(query.member.history.rows) > 0))
def test_newer_facts_over_a_stored_history_are_the_whole_history_of_a_guest(tiny: Tiny, query: PersonQuery) -> None:
    whole = replace(query.member, user_id="", history=history(watched(tiny.release, query.member)))
    answer, guest = tiny.people(query, replace(query, member=whole))
    assert repr(answer.entries) == repr(guest.entries)


def test_a_history_goes_before_tastes_and_a_stored_one_too(tiny: Tiny) -> None:
    tastes = np.array([5, 1, np.nan], np.float32)
    for member in (Member("1"), Member(history=history({3: 4.0}))):
        answer, with_tastes = tiny.people(PersonQuery(member), PersonQuery(replace(member, genre_ratings=tastes)))
        assert answer == with_tastes


def test_tastes_count_for_a_user_who_has_watched_nothing(tmp_path: Path) -> None:
    release = random_release()
    tiny = Tiny(tmp_path, replace(release, histories=((), *release.histories[1:])))
    tastes = np.array([5, 1, np.nan], np.float32)
    user, guest = tiny.people(*(PersonQuery(Member(user_id, genre_ratings=tastes)) for user_id in ("1", "")))
    assert user == guest


def test_someone_forgotten_is_a_stranger_though_the_tower_knows_them(tmp_path: Path) -> None:
    tiny = Tiny(tmp_path, random_release(forgotten=("2",)))
    forgotten, stranger, fresh, guest = tiny.people(
        PersonQuery(Member("2")),
        PersonQuery(Member(STRANGER)),
        PersonQuery(Member("2", history({3: 4.0}))),
        PersonQuery(Member("", history({3: 4.0}))),
    )
    assert (forgotten.entries, forgotten.unknown_members) == (stranger.entries, ("2",))
    assert (fresh.entries, fresh.unknown_members) == (guest.entries, ("2",))


def test_unknown_ids_are_named_and_guests_are_not(tiny: Tiny) -> None:
    known, guest, unknown = tiny.people(*(PersonQuery(Member(user_id)) for user_id in ("1", "", STRANGER)))
    assert (known.unknown_members, guest.unknown_members, unknown.unknown_members) == ((), (), (STRANGER,))


def test_ratings_are_predicted_for_any_movie(tiny: Tiny) -> None:
    rows = np.array([[3, 0, -1], [39, 39, 1], [-1, -1, 7]], np.int32)
    users = ["2", STRANGER, "2"]
    stars = asyncio.run(tiny.recommender.predict_ratings([Member(user) for user in users], rows))
    expected = tiny.release.stars[[[tiny.release.line(user)] for user in users], rows]
    np.testing.assert_allclose(stars, np.where(rows < 0, np.nan, expected), rtol=1e-6)


def test_many_ratings_are_predicted_in_parts_of_one_embedding(tiny: Tiny, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(recommend, "_MAX_STARS", 16)
    asked: list[str] = []

    async def predict(model: str, signature: str, inputs: dict) -> dict:
        asked.append(model)
        return await tiny.models.predict(model, signature, inputs)

    rows = np.stack([np.arange(40, dtype=np.int32)] * 2)
    recommender = Recommender(SimpleNamespace(predict=predict), tiny.catalog)
    stars = asyncio.run(recommender.predict_ratings([Member("2"), Member(history=history({3: 4.0}))], rows))
    np.testing.assert_allclose(stars, tiny.release.stars[[tiny.release.line("2"), -1]], rtol=1e-6)
    assert Counter(asked) == {QUERY_TOWER: 2, RANKING_HEAD: 5}  # histories of two widths


@pytest.mark.parametrize("shape", [(0, 0), (0, 3)])
def test_nobody_asked_is_nobody_rated(tiny: Tiny, shape: tuple[int, int]) -> None:
    assert asyncio.run(tiny.recommender.predict_ratings([], np.zeros(shape, np.int32))).shape == shape


def test_similar_movies_come_with_their_cosine_the_most_alike_first(tiny: Tiny) -> None:
    directions = tiny.catalog.directions(np.arange(40, dtype=np.int32))
    cosines = directions @ directions[7]
    cosines[7] = -2
    found = asyncio.run(tiny.recommender.similar_movies(7, 4))
    best = np.argsort(-cosines, kind="stable")[:4]
    assert [cosine for _, cosine in found] == pytest.approx(cosines[best].tolist(), abs=1e-6)
    assert 7 not in [row for row, _ in found]
