import asyncio
from pathlib import Path

import pytest

from server.recommender.catalog import Catalog
from server.recommender.in_process import InProcessModels
from server.recommender.lists import PairList, PersonList
from server.recommender.queries import PairQuery, PersonQuery
from server.recommender.recommend import Recommender
from tests.tiny_release import TinyRelease, random_release, write_release


class Tiny:
    """A release and the recommender over its real models."""

    def __init__(self, root: Path, release: TinyRelease) -> None:
        write_release(root, 1, release)
        self.release = release
        self.models = InProcessModels(root, 1)
        self.catalog = Catalog.open(root / "catalog" / "1")
        self.recommender = Recommender(self.models, self.catalog)

    def pairs(self, *queries: PairQuery) -> list[PairList]:
        return asyncio.run(self.recommender.recommend_pairs(queries))

    def people(self, *queries: PersonQuery) -> list[PersonList]:
        return asyncio.run(self.recommender.recommend(queries))


@pytest.fixture(scope="session")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Tiny:
    return Tiny(tmp_path_factory.mktemp("tiny"), random_release())
