"""Reads the plain values of a request: notes every fault, so that all are named at once, and every unknown id."""

import json
from collections.abc import Iterable, Sequence
from enum import Enum
from functools import cached_property
from math import inf
from typing import TypeVar

from google.protobuf.internal.enum_type_wrapper import EnumTypeWrapper

from server.errors import FieldFault, InvalidRequestError
from server.recommender.catalog import Catalog

MAX_ID_LENGTH = 128
_MAX_QUOTED = 40
_MAX_NAMED_GENRES = 400

T = TypeVar("T")
E = TypeVar("E", bound=Enum)


class Reading:
    """One request being read against one catalogue.

    Attributes:
        catalog: What decides which ids, genres and ratings there are.
        unknown_movie_ids: The movie ids met that the catalogue does not know, each once.
    """

    def __init__(self, catalog: Catalog, faults: Iterable[FieldFault] = ()) -> None:
        self.catalog = catalog
        self.unknown_movie_ids: dict[str, None] = {}
        self._faults = list(faults)

    def finish(self) -> None:
        """Ends the reading.

        Raises:
            InvalidRequestError: There were faults; it names them all.
        """
        if self._faults:
            raise InvalidRequestError(self._faults)

    def fault(self, field: str, description: str) -> None:
        """Notes what is wrong with a field."""
        self._faults.append(FieldFault(field, description))

    def require(self, holds: bool, field: str, otherwise: str) -> bool:
        """Notes a fault unless something holds; returns whether it does."""
        if not holds:
            self.fault(field, otherwise)
        return holds

    def number(self, field: str, value: float, least: float, most: float) -> bool:
        """Returns whether a number is within bounds, both inclusive; NaN never is."""
        if least <= value <= most:  # and no text for what holds, as most of it does
            return True
        self.fault(field, f"is {value}; must be {least:g} to {most:g}")
        return False

    def at_least_zero(self, field: str, value: float) -> bool:
        """Returns whether a number is 0 or more, and finite."""
        return 0 <= value < inf or self.require(False, field, f"is {value}; must be 0 or more")

    def text(self, field: str, value: str, most: int = MAX_ID_LENGTH) -> bool:
        """Returns whether a text has 1 to `most` characters."""
        size = len(value)
        return 1 <= size <= most or self.require(False, field, f"has {size} characters; must have 1 to {most}")

    def some(self, field: str, values: Sequence[T], most: int) -> Sequence[T]:
        """Returns repeated values, or none of them where there are too many."""
        fits = self.require(len(values) <= most, field, f"has {len(values)} entries; must have {most} at most")
        return values if fits else ()

    def choice(self, field: str, value: int, kind: EnumTypeWrapper, default: E) -> E:
        """Returns what a value of a proto enum stands for; the default for 0 and for numbers that it does not have."""
        if not value:
            return default
        found = kind.DESCRIPTOR.values_by_number.get(value)
        if found is None:
            self.fault(field, f"is {value}; must be one of {', '.join(kind.keys())}")
            return default
        name = found.name.removeprefix(kind.Name(0).removesuffix("UNSPECIFIED"))
        return type(default).__members__.get(name, default)

    def row(self, field: str, movie_id: str) -> int | None:
        """Returns the row of a movie; None, and a note, where nobody knows it."""
        row = self.catalog.row_of(movie_id)
        if self.text(field, movie_id) and row is None:
            self.unknown_movie_ids[movie_id] = None
        return row

    def rows(self, field: str, movie_ids: Sequence[str], most: int) -> list[int]:
        """Returns the rows of those movies that are known, in their order."""
        named = enumerate(self.some(field, movie_ids, most))
        rows = (self.row(f"{field}[{i}]", movie_id) for i, movie_id in named)
        return [row for row in rows if row is not None]

    @cached_property
    def _genres(self) -> dict[str, int]:
        return {genre.casefold(): i for i, genre in enumerate(self.catalog.info.genres)}

    def genre(self, field: str, name: str) -> int | None:
        """Returns the place of a genre, whatever its case; None, and a fault, where the release has none such."""
        place = self._genres.get(name.casefold())
        if place is None:
            known = ", ".join(self.catalog.info.genres)[:_MAX_NAMED_GENRES]
            allowed = f"must be one of {known}" if known else "must be left out: this release knows no genres"
            self.fault(field, f"is {quoted(name)}; {allowed}")
        return place


def quoted(text: str) -> str:
    """Returns a caller's text for a message: in quotes, in ASCII, cut short."""
    return json.dumps(text if len(text) <= _MAX_QUOTED else f"{text[:_MAX_QUOTED]}...")
