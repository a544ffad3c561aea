"""Keeps the query embeddings of people lately asked about, so that they need not be predicted again."""

from collections import OrderedDict

from server.recommender.models import Floats

DEFAULT_CAPACITY = 10_000


class EmbeddingCache:
    """Query embeddings `[d] float32` of known users of one release; the one unused for longest goes first."""

    def __init__(self, capacity: int = DEFAULT_CAPACITY) -> None:
        self._capacity = capacity
        self._embeddings: OrderedDict[str, Floats] = OrderedDict()

    def get(self, user_id: str) -> Floats | None:
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
