"""A trial of a release before it is served: models of another release must never answer for its catalogue."""

import numpy as np

from server.errors import ReleaseError
from server.recommender.catalog import Catalog
from server.recommender.models import MOVIE_INDEX, QUERY_TOWER, Models
from server.recommender.predictions import embed_users, find_candidates, predict_stars, rank_movies
from server.recommender.row_sets import pad_rows


async def try_models(models: Models, catalog: Catalog) -> None:
    """Asks every model what a list needs, for one known user, and whether the last movie is the catalogue's last.

    Raises:
        ReleaseError: The models know other people or movies than the catalogue.
        PairrecError: They do not answer, or not as the signatures promise.
    """
    embedding, known = await embed_users(models, [catalog.user_id(0)], len(catalog.info.genres))
    if not known.all():
        raise ReleaseError(f"{QUERY_TOWER} does not know the first user of the catalogue")
    excluded = pad_rows([catalog.history(catalog.user_id(0))])
    await find_candidates(models, embedding, excluded)
    # The last movie, and the place after it, which every model must take for padding.
    rows = np.array([[catalog.num_movies - 1, catalog.num_movies]], np.int32)
    order = await rank_movies(models, embedding, pad_rows([np.empty(0, np.int32)]), rows)
    if order.rank[0, 0] == 0:
        raise ReleaseError(f"{MOVIE_INDEX} has fewer movies than the catalogue's {catalog.num_movies}")
    await predict_stars(models, embedding, rows)
