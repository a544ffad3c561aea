import asyncio

import numpy as np
import pytest

from server.recommender import embeddings
from server.recommender.embeddings import EmbeddingCache, embed
from server.recommender.members import complete
from server.recommender.queries import Member
from tests.tiny_release import GENRES
from tests.unit.recommender.conftest import Tiny
from tests.unit.recommender.queries import history


def test_the_one_unused_for_longest_goes_first() -> None:
    cache = EmbeddingCache(capacity=2)
    cache.put("a", np.array([1.0]))
    cache.put("b", np.array([2.0]))
    cache.get("a")
    cache.put("c", np.array([3.0]))
    assert cache.get("b") is None
    assert [cache.get(user_id) for user_id in "ac"] == [1.0, 3.0]


def test_a_kept_embedding_does_not_hold_its_batch() -> None:
    cache = EmbeddingCache()
    cache.put("a", np.zeros((1000, 2))[0])
    assert cache.get("a").base is None


class Recorded:
    """The tower of a release, and the shapes of the histories it was asked about."""

    def __init__(self, tiny: Tiny) -> None:
        self._tiny = tiny
        self.shapes: list[tuple[int, int]] = []
        self.kept = EmbeddingCache()

    async def predict(self, model: str, signature: str, inputs: dict) -> dict:
        self.shapes.append(inputs["history_row"].shape)
        return await self._tiny.models.predict(model, signature, inputs)

    def embed(self, members: list[Member]) -> np.ndarray:
        people = [complete(self._tiny.catalog, member) for member in members]
        return asyncio.run(embed(self, len(GENRES), self.kept, people))


def test_people_without_a_history_are_not_padded_to_those_with(tiny: Tiny) -> None:
    recorded = Recorded(tiny)
    recorded.embed([Member("1"), Member(history=history({3: 4.0})), Member("2"), Member(history=history({5: 1.0}))])
    assert sorted(recorded.shapes) == [(2, 1), (2, 64)]


def test_calls_hold_a_bounded_number_of_cells(tiny: Tiny, monkeypatch: pytest.MonkeyPatch) -> None:
    members = [Member(history=history({row: 4.0})) for row in range(5)]
    whole = Recorded(tiny).embed(members)
    monkeypatch.setattr(embeddings, "_MAX_CELLS", 128)
    recorded = Recorded(tiny)
    assert recorded.embed(members).tolist() == whole.tolist()
    assert recorded.shapes == [(2, 64), (2, 64), (1, 64)]


def test_only_what_a_user_id_alone_says_is_kept(tiny: Tiny) -> None:
    """A guest's history, a user's newer facts and tastes are asked about each time."""
    recorded = Recorded(tiny)
    tastes = np.array([5, 1, 1], np.float32)
    members = [
        Member("1"),
        Member("1", history({9: 2.0})),
        Member(genre_ratings=tastes),
        Member(history=history({9: 2.0})),
    ]
    first, again = recorded.embed(members), recorded.embed(members)
    assert first.tolist() == again.tolist()
    assert sorted(recorded.shapes) == [(1, 1), (2, 1), (2, 64), (2, 64)]
