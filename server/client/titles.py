"""Which movie someone means by an id or a title."""

import sys
from collections.abc import Iterable, Sequence

from pairrec.v1 import movie_pb2
from pairrec.v1 import pair_recommendation_service_pb2 as service_pb2

from server.client.client import PairrecClient
from server.spelling import spellings, split_year, words

_NUM_SUGGESTIONS = 5


class TitleError(ValueError):
    """Some names mean no movie, or more than one; a line of the message each."""


class Movies:
    """The movies of the release that answers, as people name them."""

    def __init__(self, client: PairrecClient) -> None:
        self._client = client

    def liked(self, names: Sequence[str]) -> list[dict[str, object]]:
        """Returns movies as watched and given the highest rating of the scale; raises as `ids` does."""
        ids = self.ids(names)
        stars = self._client.get_release().release.rating_max
        return [{"movie_id": each, "rating": stars} for each in ids]

    def rated(self, ratings: Sequence[tuple[str, float]]) -> list[dict[str, object]]:
        """Returns movies as watched and rated, given their names and stars; raises as `ids` does."""
        ids = self.ids([name for name, _ in ratings])
        return [{"movie_id": each, "rating": stars} for each, (_, stars) in zip(ids, ratings, strict=True)]

    def ids(self, names: Sequence[str]) -> list[str]:
        """Returns the movie id of each name: an id, or a title with or without its year, never a guess.

        An id goes before a title that is spelt like it; standard error says so.

        Raises:
            TitleError: Names what else the unknown and ambiguous ones could be.
        """
        # Of the calls that name unknown ids this one needs no person and no model.
        request = service_pb2.ListPopularMoviesRequest(page_size=1, filter={"excluded_movie_ids": names})
        titles = set(self._client.list_popular_movies(request).unknown_movie_ids)
        ids, faults = [], []
        for name in names:
            found = self._client.search_movies(service_pb2.SearchMoviesRequest(query=name, page_size=100)).movies
            called_so = [movie for movie in found if movie.movie_id != name and _is_called(movie, name)]
            if name not in titles:
                ids.append(name)
                if called_so:
                    sys.stderr.write(f"pairrec: {name} is taken as an id; as a title it is {_named(called_so)}\n")
            elif len(called_so) == 1:
                ids.append(called_so[0].movie_id)
            else:
                faults.append(_fault(name, called_so, found))
        if faults:
            raise TitleError("\n".join(faults))
        return ids


def _fault(name: str, called_so: Sequence[movie_pb2.Movie], found: Sequence[movie_pb2.Movie]) -> str:
    if called_so:
        return f"several movies are called {name!r}: {_named(called_so)}; add the year or give the id"
    remedy = f"did you mean {_named(found[:_NUM_SUGGESTIONS])}?" if found else "nothing is spelt like it"
    return f"no movie is called {name!r}; {remedy}"


def _is_called(movie: movie_pb2.Movie, name: str) -> bool:
    """Whether the name is the movie's title or, as "Il Postino (The Postman)" has two, one of them."""
    title, year = split_year(name)
    one_of_them = spellings(title)[-1] in spellings(movie.title) and year in (None, movie.year)
    return one_of_them or words(name) == words(movie.title)


def _named(movies: Iterable[movie_pb2.Movie]) -> str:
    return ", ".join(f"{movie.title} ({movie.year or 'no year'}), id {movie.movie_id}" for movie in movies)
