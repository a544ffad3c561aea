import numpy as np

from server.recommender.embeddings import EmbeddingCache


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
