"""Lists without models: popular movies, the same for everyone less what is left out."""

from collections.abc import Iterator, Sequence
from math import nan

from server.recommender.catalog import Catalog
from server.recommender.groups import excluded_rows
from server.recommender.lists import PairEntry, PairList, PersonEntry, PersonList, Preference, Source
from server.recommender.members import complete, unknown_ids
from server.recommender.popularity import popular_rows
from server.recommender.queries import ListQuery, Member, PairQuery, PersonQuery, PopularOrder


def popular_pairs(catalog: Catalog, queries: Sequence[PairQuery], fault: str) -> list[PairList]:
    """Answers pairs by the most rated movies they may be shown; weight, strategy, objective, diversity are ignored.

    A movie's scores are how many people rated it, its rank the place among all that is not left out.

    Args:
        catalog: The catalogue.
        queries: The pairs.
        fault: Why the models do not answer.
    """
    return [_popular_pair(catalog, query, fault) for query in queries]


def popular_lists(catalog: Catalog, queries: Sequence[PersonQuery], fault: str) -> list[PersonList]:
    """Answers one person each; see `popular_pairs`."""
    return [_popular_list(catalog, query, fault) for query in queries]


def _popular_pair(catalog: Catalog, query: PairQuery, fault: str) -> PairList:
    members = (query.first, query.second)
    popular = _popular(catalog, members, query.wanted)
    entries = tuple(PairEntry(row, liked.score, liked, liked) for row, liked in popular)
    return PairList(entries, unknown_ids(catalog, members), Source.FALLBACK_POPULAR, fault)


def _popular_list(catalog: Catalog, query: PersonQuery, fault: str) -> PersonList:
    entries = tuple(PersonEntry(row, liked) for row, liked in _popular(catalog, [query.member], query.wanted))
    return PersonList(entries, unknown_ids(catalog, [query.member]), Source.FALLBACK_POPULAR, fault)


def _popular(catalog: Catalog, members: Sequence[Member], wanted: ListQuery) -> Iterator[tuple[int, Preference]]:
    excluded = excluded_rows([complete(catalog, member) for member in members], wanted)
    rows = popular_rows(catalog, PopularOrder.MOST_RATED, wanted.filter, excluded)[: wanted.size]
    counts = catalog.column("rating_count")[rows]
    for rank, (row, count) in enumerate(zip(rows.tolist(), counts.tolist(), strict=True), start=1):
        yield row, Preference(float(count), rank, nan)
