"""Any query of the tiny release, and what it means there."""

from dataclasses import replace
from math import nan

import numpy as np
from hypothesis import strategies as st

from server.recommender.queries import (
    MILLION,
    History,
    ListQuery,
    Member,
    MovieFilter,
    Objective,
    PairQuery,
    PersonQuery,
    Strategy,
)
from tests.tiny_release import GENRES, STRANGER, TinyRelease, random_release, rating_of

USERS = random_release().user_ids
ROWS = st.integers(0, 39)
STARS = st.sampled_from((1.0, 2.5, 4.0, 5.0, nan))


def history(stars: dict[int, float]) -> History:
    return History(np.array(list(stars), np.int32), np.array(list(stars.values()), np.float32))


def members(user_ids: tuple[str, ...]) -> st.SearchStrategy[Member]:
    histories = st.just({}) | st.dictionaries(ROWS, STARS, max_size=8)
    tastes = st.none() | st.tuples(*[STARS] * len(GENRES)).map(lambda stars: np.array(stars, np.float32))
    return st.builds(Member, st.sampled_from(user_ids), histories.map(history), tastes, st.booleans())


FILTERS = st.just(MovieFilter()) | st.builds(
    MovieFilter,
    genres=st.sampled_from(((), ("Comedy",), ("Drama", "War"), ("War",))),
    excluded_genres=st.sampled_from(((), ("Drama",))),
    min_year=st.none() | st.integers(1990, 2030),
    max_year=st.none() | st.integers(1990, 2030),
    min_rating_count=st.integers(0, 2),
)
# Six candidates a person: around that lists change.
SIZES = st.integers(1, 8) | st.integers(1, 50)
LISTS = st.builds(
    ListQuery,
    st.sampled_from(Objective),
    SIZES,
    st.none() | st.lists(ROWS, max_size=12).map(lambda rows: np.array(rows, np.int32)),
    FILTERS,
    st.sampled_from((0.0, 0.0, 0.3, 1.0)),
    st.booleans(),
    st.booleans(),
)
WEIGHTS = st.sampled_from((0, 1, MILLION // 2, MILLION)) | st.integers(0, MILLION)
PAIRS = st.builds(
    PairQuery,
    members(("", *USERS[:3])),
    members(("", *USERS[3:], STRANGER)),
    WEIGHTS,
    st.sampled_from(Strategy),
    LISTS,
)
PEOPLE = st.builds(PersonQuery, members(("", *USERS, STRANGER)), LISTS)


def changed(query: PairQuery, **changes: object) -> PairQuery:
    return replace(query, wanted=replace(query.wanted, **changes))


def watched(release: TinyRelease, member: Member) -> dict[int, float]:
    """Stars by row, oldest first; the rule for newer facts, told once more."""
    stars = {row: rating_of(row) for row in release.history(member.user_id)}
    for row, newer in zip(member.history.rows.tolist(), member.history.ratings.tolist(), strict=True):
        before = stars.pop(row, nan)
        stars[row] = before if np.isnan(newer) else newer
    return stars


def scores_and_stars(release: TinyRelease, member: Member) -> tuple[np.ndarray, np.ndarray]:
    """What the models make of someone, `[movies]` each."""
    seen, line = watched(release, member), release.line(member.user_id)
    if len(member.history.rows):
        return release.scores_by_history(seen), release.stars[-1]
    if not seen and member.genre_ratings is not None and not np.isnan(member.genre_ratings).all():
        return release.scores_by_taste(member.genre_ratings), release.stars[-1]
    return (release.scores(member.user_id), release.stars[line]) if seen else (release.scores(""), release.stars[-1])


def allowed(release: TinyRelease, people: list[Member], wanted: ListQuery) -> set[int]:
    """The rows that a list may hold, one by one."""
    left_out = {row for member in people if not member.include_watched for row in watched(release, member)}
    left_out |= set() if wanted.excluded_rows is None else set(wanted.excluded_rows.tolist())
    return {row for row in range(release.num_movies) if row not in left_out and passes(release, row, wanted.filter)}


def passes(release: TinyRelease, row: int, wanted: MovieFilter) -> bool:
    genres, year = set(GENRES[: row % 3]), 1990 + row
    count = sum(row in rows for rows in release.known.values())
    return (
        (not wanted.genres or bool(genres & set(wanted.genres)))
        and not genres & set(wanted.excluded_genres)
        and (wanted.min_year is None or year >= wanted.min_year)
        and (wanted.max_year is None or year <= wanted.max_year)
        and count >= wanted.min_rating_count
    )
