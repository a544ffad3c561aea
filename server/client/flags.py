"""The flags of `pairrec`: what each is called, which field of a request it fills, and how."""

import argparse
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from google.protobuf.internal.enum_type_wrapper import EnumTypeWrapper
from pairrec.v1 import movie_pb2, recommendation_pb2

from server.client.titles import Movies
from server.flag_values import number

_LONGEST_NAME = 128  # characters of a movie id
_CONSENT = "this person consents: the answer may show or reveal which movies are in their history"


@dataclass(frozen=True)
class Flag:
    """One flag, or, named without dashes, one argument known by its place.

    Attributes:
        name: As it is typed.
        path: The field of the request that it fills, such as "filter.genres"; a list adds to what is there.
        help: What it does, for people.
        options: What else argparse needs to know.
        read: Turns what argparse made of it into what the field holds.
    """

    name: str
    path: str
    help: str
    options: Mapping[str, Any] = field(default_factory=dict)
    read: Callable[[Movies, Any], object] = lambda _movies, value: value

    @property
    def key(self) -> str:
        """Where argparse leaves its value."""
        return self.name.lstrip("-").replace("-", "_")


def _movie_name(text: str) -> str:
    if not 1 <= len(text.strip()) <= _LONGEST_NAME:
        raise argparse.ArgumentTypeError(f"{text!r} must be a title or an id, of 1 to {_LONGEST_NAME} characters")
    return text.strip()


def _stars_for(text: str) -> tuple[str, float]:
    name, _, stars = text.rpartition("=")
    try:
        return _movie_name(name), float(stars)
    except (ValueError, argparse.ArgumentTypeError) as error:
        raise argparse.ArgumentTypeError(f"{text!r} must be a name, =, and a number of stars, as Fargo=4.5") from error


def _choice(name: str, path: str, about: str, enum: EnumTypeWrapper, default: str | None = None) -> Flag:
    """Returns a flag that takes an enum's names in short: "rank-fusion" for STRATEGY_RANK_FUSION."""
    unspecified, *names = enum.keys()
    prefix = unspecified.removesuffix("UNSPECIFIED")
    words = {each.removeprefix(prefix).removeprefix("BY_").lower().replace("_", "-"): each for each in names}
    return Flag(name, path, about, {"choices": words, "default": default}, lambda _movies, word: words[word])


_ON = {"action": "store_const", "const": True}
_NAMES = {"type": _movie_name, "nargs": "+", "metavar": "MOVIE"}
_GENRES = {"nargs": "+", "metavar": "GENRE"}
_NUMBER = {"type": number(int, -(2**31), 2**31 - 1), "metavar": "N"}  # what the request can hold
_REAL = {"type": float, "metavar": "X"}


def _member(user_flag: str, prefix: str, path: str) -> tuple[Flag, ...]:
    """Returns the flags that say who one person is: an id, or what is known of a guest, or both."""
    rated, tastes = ({"type": _stars_for, "nargs": "+", "metavar": f"{what}=STARS"} for what in ("MOVIE", "GENRE"))
    return (
        Flag(user_flag, f"{path}.user_id", "the person's id", {"metavar": "USER_ID"}),
        Flag(f"{prefix}rated", f"{path}.history", "movies watched and their stars: Fargo=4.5", rated, Movies.rated),
        Flag(f"{prefix}likes", f"{path}.history", "movies watched that deserve the most stars", _NAMES, Movies.liked),
        Flag(f"{prefix}tastes", f"{path}.genre_ratings", "stars a genre", tastes, lambda _movies, pairs: dict(pairs)),
        Flag(f"{prefix}share-history", f"{path}.share_history", _CONSENT, _ON),
    )


_FILTER = (
    Flag("--genres", "filter.genres", "only movies of one of these", _GENRES),
    Flag("--not-genres", "filter.excluded_genres", "no movies of any of these", _GENRES),
    Flag("--from-year", "filter.min_year", "of this year or later", _NUMBER),
    Flag("--to-year", "filter.max_year", "of this year or earlier", _NUMBER),
    Flag("--not-movies", "filter.excluded_movie_ids", "not these", _NAMES, Movies.ids),
    Flag("--min-ratings", "filter.min_rating_count", "movies that at least so many people rated", _NUMBER),
)
_LIST = (
    _choice("--objective", "objective", "what it is for", recommendation_pb2.Objective, "watch"),
    *_FILTER,
    Flag("--reasons", "with_reasons", "also what speaks for each movie; needs the consent of all", _ON),
    Flag("--diversity", "diversity", "0 to 1: how much movies unlike those before them are preferred", _REAL),
    Flag("--no-fallback", "allow_fallback", "rather fail than do without a model", {**_ON, "const": False}),
    Flag("--validate-only", "validate_only", "check the request and ask for no list", _ON),
)
_TOP = Flag("--top", "page_size", "how many, at most 100 (%(default)s)", {**_NUMBER, "default": 10})
_PAGE = (_TOP, Flag("--page-token", "page_token", "go on: what the page before printed", {"metavar": "TOKEN"}))
_WATCHED = ("--include-watched", "include_watched", "also movies they have watched; needs their consent")
_PAIR_LIST = (
    Flag("--first-weight", "first_weight", "how much the first counts, 0 to 1 (0.5)", {**_REAL, "default": 0.5}),
    _choice("--strategy", "strategy", "how two lists join", recommendation_pb2.Strategy, "rank-fusion"),
    *_LIST,
    _choice(*_WATCHED, recommendation_pb2.IncludeWatched),
    _TOP,
)
_FIRST, _SECOND = (_member(f"--{each}", f"--{each}-", each) for each in ("first", "second"))
_ALONE = _member("--user", "--", "member")
PAIR = (*_FIRST, *_SECOND, *_PAIR_LIST, _PAGE[1])
BATCH = (_FIRST[-1], _SECOND[-1], *_PAIR_LIST)  # the consent of all, or of none
RECOMMEND = (
    *_ALONE,
    *_LIST,
    Flag(*_WATCHED, {**_ON, "const": "INCLUDE_WATCHED_BY_FIRST"}),
    *_PAGE,
)
PREDICT = (Flag("movies", "movie_ids", "none: all, best first", {**_NAMES, "nargs": "*"}, Movies.ids), *_ALONE, *_PAGE)
RATED = (
    Flag("--user", "user_id", "the person's id", {"metavar": "USER_ID"}),
    Flag("--share-history", "share_history", _CONSENT, _ON),
    *_PAGE,
)
SIMILAR = (
    Flag("movie", "movie_id", "a title or an id", {"type": _movie_name}, lambda movies, name: movies.ids([name])[0]),
    _TOP,
)
POPULAR = (
    _choice("--order", "order_by", "which come first", movie_pb2.PopularOrder, "highest-rated"),
    Flag("--min-stars", "min_mean_rating", "movies of at least this mean rating", _REAL),
    *_FILTER,
    *_PAGE,
)
SEARCH = (Flag("title", "query", "a title or part of one, with or without its year"), _TOP)
