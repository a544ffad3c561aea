"""Whether a release is whole: its catalogue opens, and its three models belong to it."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from server.errors import ReleaseError
from server.recommender.catalog import Catalog
from server.recommender.models import MOVIE_INDEX, QUERY_TOWER, RANKING_HEAD, Models
from server.recommender.predictions import embed_users, find_candidates, find_similar, predict_stars, rank_movies
from server.recommender.row_sets import pad_rows

# Each uses a part of the query embedding only: one of another size would not fail, but answer what is wrong.
TAKE_EMBEDDINGS = (MOVIE_INDEX, RANKING_HEAD)


def open_catalog(root: Path, version: int) -> Catalog:
    """Maps the catalogue of a release.

    Raises:
        ReleaseError: It is not whole, or that of another release.
    """
    catalog = Catalog.open(root / "catalog" / str(version))
    if catalog.info.version != version:
        raise ReleaseError(f"release.json says it is version {catalog.info.version}")
    return catalog


async def try_models(models: Models, catalog: Catalog) -> None:
    """Asks every model what is ever asked, for one known user, and whether the last movie is the catalogue's last.

    Raises:
        ReleaseError: The models know other people or movies than the catalogue.
        PairrecError: They do not answer, or not as the signatures promise.
    """
    embedding, known = await embed_users(models, [catalog.user_id(0)], len(catalog.info.genres))
    if not known.all():
        raise ReleaseError(f"{QUERY_TOWER} does not know the first user of the catalogue")
    excluded = pad_rows([catalog.history(catalog.user_id(0)).rows])
    await find_candidates(models, embedding, excluded)
    # The last movie, and the place after it, which every model must take for padding.
    rows = np.array([[catalog.num_movies - 1, catalog.num_movies]], np.int32)
    order = await rank_movies(models, embedding, pad_rows([np.empty(0, np.int32)]), rows)
    if order.rank[0, 0] == 0:
        raise ReleaseError(f"{MOVIE_INDEX} has fewer movies than the catalogue's {catalog.num_movies}")
    await predict_stars(models, embedding, rows)
    await find_similar(models, catalog.num_movies - 1)


def check_width(model: str, shape: Sequence[int | None], embedding_dim: int) -> None:
    """Checks what a model of `TAKE_EMBEDDINGS` says of the query embeddings it takes.

    Args:
        model: Its name.
        shape: The shape they must have; a dimension of any size is None or -1.
        embedding_dim: The size they have in its release.

    Raises:
        ReleaseError: It takes them in another size.
    """
    if len(shape) != 2 or shape[1] not in (embedding_dim, None, -1):
        must = f"must take [-1, {embedding_dim}]"
        raise ReleaseError(f"{model} takes query embeddings of shape {list(shape)}, {must}")
