"""Who rated what when, gathered from blocks of rows."""

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from trainer.data.blocks import Block
from trainer.data.columns import Column, require, seconds, whole_numbers
from trainer.data.titles import MAX_ID

_MAX_TEXT = 200

Read = Callable[[Column], NDArray[Any]]


@dataclass(frozen=True)
class Fields:
    """What a data set calls the four columns; `time` may be None."""

    user: str
    movie: str
    rating: str
    time: str | None


@dataclass(frozen=True, eq=False)
class Rows:
    """All rows in the order of the file, [n] each; `user` and `movie` are what readers made of them."""

    user: NDArray[np.int32]
    movie: NDArray[np.int32]
    rating: NDArray[np.float32]
    timestamp: NDArray[np.int64]


def gather(
    blocks: Iterable[Block], fields: Fields, readers: tuple[Read, Read, Read], on_rows: Callable[[int], None]
) -> Rows:
    """Reads all blocks, of which only numbers are kept.

    Args:
        blocks: Of one file or more.
        fields: Which of their columns are read; times are 0 where there are none.
        readers: Of distinct values of user, movie and rating; each raises DataError for a value that is wrong.
        on_rows: Called after each block with how many rows are read.

    Raises:
        DataError: A value is wrong.
    """
    user, movie, rating = map(_Once, readers)
    parts, done = [], 0
    for block in blocks:
        people, movies = user.read(block, fields.user), movie.read(block, fields.movie)
        given = rating.read(block, fields.rating)
        times = seconds(block.column(fields.time)) if fields.time else np.zeros(len(people), np.int64)
        parts.append((people.astype(np.int32), movies.astype(np.int32), given.astype(np.float32), times))
        done += len(people)
        on_rows(done)
    return Rows(*(np.concatenate(column) for column in zip(*parts, strict=True)))


@dataclass(frozen=True)
class Names:
    """Numbers ids in the order in which they first come.

    Attributes:
        as_numbers: Whether ids are whole numbers, so that 07 is 7; otherwise any text but none.
        listed: The ids there may be; None: any.
        allowed: What these are, for messages.
        number: The number of each id.
    """

    as_numbers: bool
    listed: Collection[str] | None
    allowed: str
    number: dict[str, int] = field(default_factory=dict)

    def read(self, column: Column) -> NDArray[np.int32]:
        """Returns the numbers of ids [n].

        Raises:
            DataError: An id is none, or not listed.
        """
        ids = canonical(column, as_numbers=self.as_numbers)
        if self.listed is not None:
            require(column, [each in self.listed for each in ids], self.allowed)
        return np.array([self.number.setdefault(each, len(self.number)) for each in ids], np.int32)

    def places(self, place_of: Mapping[str, int]) -> NDArray[np.int32]:
        """Returns for each number the place that `place_of` gives its id."""
        return np.array([place_of[each] for each in self.number], np.int32)


def canonical(column: Column, *, as_numbers: bool) -> list[str]:
    """Returns ids as they are compared.

    Raises:
        DataError: An id is none.
    """
    if as_numbers:
        return [str(number) for number in whole_numbers(column, 1, MAX_ID).tolist()]
    ids: list[str] = column.values.to_pylist()
    require(column, [bool(each.strip()) and len(each) <= _MAX_TEXT for each in ids], f"1 to {_MAX_TEXT} characters")
    return ids


class _Once:
    """Reads each value of a column once, however many blocks it is in."""

    def __init__(self, read: Read) -> None:
        self._read = read
        self._place: dict[str, int] = {}
        self._values: NDArray[Any] = np.zeros(0)

    def read(self, block: Block, name: str) -> NDArray[Any]:
        column, codes = block.distinct(name)
        texts = column.values.to_pylist()
        new = np.array([i for i, text in enumerate(texts) if text not in self._place], np.intp)
        if len(new):
            self._values = np.concatenate((self._values, self._read(column.take(new))))
            self._place |= {texts[i]: len(self._place) + k for k, i in enumerate(new.tolist())}
        return self._values[[self._place[text] for text in texts]][codes]
