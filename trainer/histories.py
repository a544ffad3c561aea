"""Who rated what as padded arrays: the form in which models take people, and sweeps take movies."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from trainer.data.dataset import Dataset

PADDING_ROW = -1


@dataclass(frozen=True)
class Histories:
    """Ragged lists of (row, rating), one list an owner, stored end to end.

    Attributes:
        offsets: [n + 1] int64; owner i has the entries offsets[i] to offsets[i + 1], exclusive.
        rows: [entries] int32.
        ratings: [entries] float32, in stars.
    """

    offsets: np.ndarray
    rows: np.ndarray
    ratings: np.ndarray

    @classmethod
    def of_people(cls, dataset: Dataset) -> Histories:
        """Returns each person's movies, oldest first, each movie once with its newest rating."""
        newest = dataset.latest()
        order = np.lexsort((newest.row, newest.timestamp, newest.user))
        return cls._grouped(newest.user[order], newest.row[order], newest.rating[order], len(newest.user_ids))

    @classmethod
    def _grouped(cls, owner: np.ndarray, rows: np.ndarray, ratings: np.ndarray, num_owners: int) -> Histories:
        offsets = np.concatenate(([0], np.cumsum(np.bincount(owner, minlength=num_owners))))
        return cls(offsets.astype(np.int64), rows.astype(np.int32), ratings.astype(np.float32))

    def __len__(self) -> int:
        """Returns how many owners there are, those with an empty list included."""
        return len(self.offsets) - 1

    @property
    def lengths(self) -> np.ndarray:
        """How many entries each owner has, [n] int64."""
        return np.diff(self.offsets)

    @property
    def owners(self) -> np.ndarray:
        """The owner of every entry, [entries] int32."""
        return np.repeat(np.arange(len(self), dtype=np.int32), self.lengths)

    @property
    def places(self) -> np.ndarray:
        """Where every entry stands in its owner's list, from 0, [entries] int64."""
        return np.arange(len(self.rows)) - np.repeat(self.offsets[:-1], self.lengths)

    def where(self, chosen: np.ndarray) -> Histories:
        """Returns what is left of the lists when only the entries in `chosen`, [entries] bool, stay."""
        return self._grouped(self.owners[chosen], self.rows[chosen], self.ratings[chosen], len(self))

    def transposed(self, num_rows: int) -> Histories:
        """Returns the same entries listed by row: who rated each of the `num_rows` movies."""
        order = np.argsort(self.rows, kind="stable")
        return self._grouped(self.rows[order], self.owners[order], self.ratings[order], num_rows)

    def of(self, owners: np.ndarray) -> Histories:
        """Returns the lists of `owners` [n] alone, who are from then on 0 to n - 1, in the order given."""
        source = self._entries(owners)
        offsets = np.concatenate(([0], np.cumsum(self.lengths[owners])))
        return Histories(offsets.astype(np.int64), self.rows[source], self.ratings[source])

    def joined(self, other: Histories) -> Histories:
        """Returns the entries of both, by the same owners, those of `other` last."""
        owners = np.concatenate((self.owners, other.owners))
        order = np.argsort(owners, kind="stable")
        rows, ratings = (
            np.concatenate(both)[order] for both in ((self.rows, other.rows), (self.ratings, other.ratings))
        )
        return self._grouped(owners[order], rows, ratings, len(self))

    def split(self, held_back: float, seed: int) -> tuple[Histories, Histories]:
        """Returns what is left, and a random share of all entries, of the same owners."""
        number = np.random.default_rng(seed).permutation(len(self.rows))
        is_held = number < round(held_back * len(number))
        left, held = (
            self._grouped(self.owners[part], self.rows[part], self.ratings[part], len(self))
            for part in (~is_held, is_held)
        )
        return left, held

    def counts(self, num_rows: int) -> np.ndarray:
        """Returns how often each row occurs, [num_rows] int64."""
        return np.bincount(self.rows, minlength=num_rows)

    def padded(self, owners: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Returns the lists of `owners` as rows [n, h] int32 and ratings [n, h] float32.

        h is the longest list, at least 1; the rest is padding, row -1 and rating NaN.
        """
        lengths = self.lengths[owners]
        filled = np.arange(max(1, lengths.max(initial=0))) < lengths[:, None]
        source = self._entries(owners)
        rows = np.full(filled.shape, PADDING_ROW, np.int32)
        ratings = np.full(filled.shape, np.nan, np.float32)
        rows[filled], ratings[filled] = self.rows[source], self.ratings[source]
        return rows, ratings

    def _entries(self, owners: np.ndarray) -> np.ndarray:
        """Returns where the lists of `owners` stand, end to end."""
        lengths = self.lengths[owners]
        first = self.offsets[owners] - (np.cumsum(lengths) - lengths)
        return np.repeat(first, lengths) + np.arange(lengths.sum())

    def encoded(self, encode: Callable[[np.ndarray, np.ndarray], np.ndarray], max_cells: int) -> np.ndarray:
        """Returns what `encode` makes of every owner's padded rows and ratings, [n, ...], a few owners at a time."""
        batches = list(self.batches(max_cells))
        by_batch = np.concatenate([encode(*self.padded(owners)) for owners in batches])
        return by_batch[np.argsort(np.concatenate(batches))]

    def batches(self, max_cells: int) -> Iterator[np.ndarray]:
        """Yields all owners in groups of similar length whose padded arrays hold at most `max_cells` cells.

        One owner with a longer list than that is a group alone.
        """
        lengths = np.maximum(1, self.lengths)
        order = np.argsort(-lengths, kind="stable")
        start = 0
        while start < len(order):
            size = max(1, max_cells // int(lengths[order[start]]))
            yield order[start : start + size]
            start += size
