"""Predicts the stars that one person would give."""

import numpy as np

from server.gateway.checks_movies import Predictable
from server.gateway.page_token import Page
from server.recommender.models import Floats, Rows
from server.recommender.recommend import Recommender


async def predict_page(recommender: Recommender, asked: Predictable, page: Page) -> tuple[Rows, Floats, str]:
    """Predicts the stars for the movies asked for: rows and stars, `[n]` each, and what asks for the next page.

    Named movies come all, in their order; of every movie a page, the highest first, equal ones by row.
    """
    rows = np.arange(recommender.catalog.num_movies, dtype=np.int32) if asked.rows is None else asked.rows
    [stars] = await recommender.predict_ratings([asked.member], rows[np.newaxis])
    if asked.rows is not None:
        return rows, stars, ""
    order = np.argsort(-stars, kind="stable")[page.part]
    return rows[order], stars[order], page.next_token(len(rows), recommender.catalog.info.version)
