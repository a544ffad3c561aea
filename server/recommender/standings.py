"""Standings: what people make of the whole catalogue, each asked about once however many pairs they are in."""

from collections import OrderedDict
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from server.recommender import predictions
from server.recommender.catalog import Catalog
from server.recommender.embeddings import EmbeddingCache, embed
from server.recommender.members import complete
from server.recommender.models import PADDING_ROW, Models, Rows
from server.recommender.objective import Order
from server.recommender.preferences import Found
from server.recommender.queries import Member

Places = NDArray[np.intp]

# Movies of all people of one call to the models, and of all pairs worked on at once: they fit a core's cache.
_MAX_CELLS = 2**17
# What is kept: so many bytes a movie of each person, who has a line in each of the arrays below.
_KEPT_BYTES, _BYTES_A_MOVIE = 2**28, 17


class Standings:
    """Everyone's order of the whole catalogue, nothing left out; the one unused for longest goes first.

    For batches: the models are asked about people and not about pairs.

    Attributes:
        max_pairs: How many pairs can be asked about at once.
    """

    def __init__(self, models: Models, catalog: Catalog) -> None:
        """Keeps standings of the people of one release, as its models see them."""
        self.catalog = catalog
        self.max_pairs = max(1, _MAX_CELLS // catalog.num_movies)
        self._models = models
        capacity = max(2 * self.max_pairs, _KEPT_BYTES // (_BYTES_A_MOVIE * catalog.num_movies))
        shape = (capacity, catalog.num_movies)
        self._row, self._rank = np.empty(shape, np.int32), np.empty(shape, np.int32)
        self._score, self._rating = np.empty(shape, np.float32), np.empty(shape, np.float32)
        self._watched = np.zeros(shape, bool)
        self._place: OrderedDict[str, int] = OrderedDict()

    async def places(self, user_ids: Sequence[str]) -> Places:
        """Returns where the standings of different people are, `[n]`; they stay there until the next call.

        Args:
            user_ids: Of those in `max_pairs` pairs at most; someone unknown has a stranger's standing.

        Raises:
            ModelsUnavailableError: A model does not answer, be it the ranking head alone.
            DeadlineExceededError: One does not answer in time.
        """
        missing = []
        for user_id in user_ids:
            if user_id in self._place:
                self._place.move_to_end(user_id)
            else:
                missing.append(user_id)
        for start in range(0, len(missing), self.max_pairs):
            await self._ask(missing[start : start + self.max_pairs])
        return np.array([self._place[user_id] for user_id in user_ids], np.intp)

    def find(self, places: Places) -> Found:
        """Finds the joined candidates of pairs, less what either has watched, as `prefer` has them from the index.

        Args:
            places: `[p, 2]`, of `max_pairs` pairs at most.
        """
        people, pair = places.ravel(), np.repeat(np.arange(len(places)), 2)[:, np.newaxis]
        excluded = self._watched[places[:, 0]] | self._watched[places[:, 1]]
        best_first = self._row[people]
        left = ~_take(excluded, pair, best_first)
        rank = np.cumsum(left, axis=1, dtype=np.int32)
        own = left & (rank <= self.catalog.info.candidates)
        candidates = np.zeros_like(excluded)
        candidates[np.repeat(pair, own.sum(axis=1)), best_first[own]] = True
        joined = _pack(candidates)
        rows = np.repeat(joined, 2, axis=0)
        real, asked, lines = rows >= 0, np.maximum(rows, 0), np.arange(len(people))[:, np.newaxis]
        person = people[:, np.newaxis]
        rank = np.where(real, _take(rank, lines, _take(self._rank, person, asked) - 1), 0)
        score = _take(self._score, person, asked).astype(np.float64)
        return joined, Order(score, rank), np.where(real, _take(self._rating, person, asked), np.float32(np.nan)), ""

    async def _ask(self, user_ids: Sequence[str]) -> None:
        people = [complete(self.catalog, Member(user_id)) for user_id in user_ids]
        embedding = await embed(self._models, len(self.catalog.info.genres), EmbeddingCache(), people)
        # As many people in every call, since how many there are changes the last digits of what is said of each.
        embedding = np.resize(embedding, (self.max_pairs, embedding.shape[1]))
        shape = (self.max_pairs, self.catalog.num_movies)
        rows = np.broadcast_to(np.arange(shape[1], dtype=np.int32), shape)
        nothing = np.full((self.max_pairs, 1), PADDING_ROW, np.int32)
        order = await predictions.rank_movies(self._models, embedding, nothing, rows)
        rating = await predictions.predict_stars(self._models, embedding, rows)
        for line, person in enumerate(people):
            place = self._free_place()
            self._rank[place], self._score[place] = order.rank[line], order.score[line]
            self._rating[place] = rating[line]
            self._row[place, order.rank[line] - 1] = rows[line]
            self._watched[place] = False
            self._watched[place, person.history.rows] = True
            self._place[user_ids[line]] = place

    def _free_place(self) -> int:
        if len(self._place) < len(self._rank):
            return len(self._place)
        return self._place.popitem(last=False)[1]


def _take(values: NDArray[Any], line: NDArray[Any], column: NDArray[Any]) -> NDArray[Any]:
    """Returns `values[line, column]`, in half the time."""
    return values.ravel().take(line * values.shape[1] + column)


def _pack(marked: NDArray[np.bool_]) -> Rows:
    """Returns the marked columns of each line, `[n, w] int32`, ascending, then -1; w is at least 1."""
    counts = marked.sum(axis=1)
    packed = np.full((len(marked), max(1, counts.max())), PADDING_ROW, np.int32)
    packed[np.arange(packed.shape[1]) < counts[:, np.newaxis]] = np.nonzero(marked)[1]
    return packed
