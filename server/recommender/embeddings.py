"""Query embeddings: predicted by the query tower, and kept for people lately asked about."""

from collections import OrderedDict
from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby
from typing import TypeAlias

import numpy as np

from server.recommender import predictions
from server.recommender.members import Person
from server.recommender.models import Floats, Models
from server.recommender.queries import Member
from server.recommender.row_sets import padded_width

DEFAULT_CAPACITY = 10_000

# History cells a call. So many took the query tower of MovieLens-100K .1 s and 125 MB.
_MAX_CELLS = 16_384

# A user id where that alone says who is asked about, empty for a stranger; else a place among the people asked about.
_Key: TypeAlias = str | int


class EmbeddingCache:
    """Query embeddings `[d] float32` of known users of one release; the one unused for longest goes first."""

    def __init__(self, capacity: int = DEFAULT_CAPACITY) -> None:
        self._capacity = capacity
        self._embeddings: OrderedDict[_Key, Floats] = OrderedDict()

    def get(self, user_id: _Key) -> Floats | None:
        """Returns a user's embedding, or None when it is not here."""
        embedding = self._embeddings.get(user_id)
        if embedding is not None:
            self._embeddings.move_to_end(user_id)
        return embedding

    def put(self, user_id: str, embedding: Floats) -> None:
        """Keeps a copy of a known user's embedding; a view would keep the whole batch it came in alive."""
        self._embeddings[user_id] = embedding.copy()
        self._embeddings.move_to_end(user_id)
        if len(self._embeddings) > self._capacity:
            self._embeddings.popitem(last=False)


async def embed(models: Models, num_genres: int, kept: EmbeddingCache, people: Sequence[Person]) -> Floats:
    """Returns everyone's query embedding, `[n, d] float32`; predicts only what is not kept, and each user once.

    The embeddings of those who are told by their user id alone are kept.
    """
    keys: list[_Key] = [person.told.user_id if person.is_stored else place for place, person in enumerate(people)]
    embeddings = {key: embedding for key in keys if (embedding := kept.get(key)) is not None}
    asked = {key: person.told for key, person in zip(keys, people, strict=True) if key not in embeddings}
    # One after the other: what the query tower holds in memory is bounded for one call only.
    for chunk in _chunks(asked):
        answer = await predictions.embed_members(models, [asked[key] for key in chunk], num_genres)
        embeddings |= zip(chunk, answer.embedding, strict=True)
    for user_id in asked:
        if isinstance(user_id, str):
            kept.put(user_id, embeddings[user_id])
    return np.stack([embeddings[key] for key in keys])


def _chunks(asked: Mapping[_Key, Member]) -> Iterator[list[_Key]]:
    """Parts people by the width of their histories, so that few cells are padding, and keeps to the most cells."""
    widths = {key: _width(told) for key, told in asked.items()}
    for width, alike in groupby(sorted(asked, key=widths.__getitem__), key=widths.__getitem__):
        keys, size = list(alike), max(1, _MAX_CELLS // width)
        yield from (keys[start : start + size] for start in range(0, len(keys), size))


def _width(told: Member) -> int:
    return padded_width(len(told.history.rows)) if len(told.history.rows) else 1
