"""Popular movies: for those who ask for them, and for when the models cannot be reached."""

from server.recommender.catalog import Catalog
from server.recommender.models import Rows
from server.recommender.queries import MovieFilter, PopularOrder

EVERYTHING = MovieFilter()


def popular_rows(
    catalog: Catalog,
    order: PopularOrder,
    wanted: MovieFilter = EVERYTHING,
    excluded: Rows | None = None,
    min_mean_rating: float = 0.0,
) -> Rows:
    """Returns the rows of all movies that pass, most popular first, `[n] int32`.

    Args:
        catalog: The catalogue.
        order: What makes a movie popular.
        wanted: Which movies may be among them.
        excluded: Rows that may not.
        min_mean_rating: The least plain mean of stars; 0 for all, those that nobody rated included.
    """
    passes = catalog.allowed(wanted)
    if min_mean_rating > 0:
        passes &= catalog.column("mean_rating") >= min_mean_rating
    if excluded is not None:
        passes[excluded] = False
    rows = catalog.popular(order)
    return rows[passes[rows]]
