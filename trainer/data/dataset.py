"""The values training starts from: movies, people, and who rated what when."""

import hashlib
import json
from dataclasses import astuple, dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Movie:
    """One movie of the catalogue.

    Attributes:
        movie_id: Its id in the data; where several ids mean this movie, the lowest.
        title: The title without the year, as the data spells it ("Matrix, The").
        year: The year of first release; 0 when the data does not say.
        genres: Its genres, in the order of `Dataset.genres`; may be empty.
        alias_ids: The other ids that mean this movie, ascending.
    """

    movie_id: str
    title: str
    year: int
    genres: tuple[str, ...]
    alias_ids: tuple[str, ...] = ()


@dataclass(frozen=True, eq=False)
class Dataset:
    """Movies, people and the interactions between them.

    The four columns hold one entry an interaction, in file order, repeated (person, movie) pairs included.

    Attributes:
        name: What the data is called, such as "ml-100k".
        license: The terms of use, in one sentence.
        movies: The catalogue; a movie's place in it is its row.
        genres: Every genre a movie can have, in the order of the data.
        user_ids: The people's ids, [u] str, ascending by number.
        user: Who rated: index into `user_ids`, [n] int32.
        row: Which movie: index into `movies`, [n] int32.
        rating: Stars from `rating_min` to `rating_max`, [n] float32.
        timestamp: When, in Unix seconds, [n] int64.
        rating_min: The fewest stars the scale has.
        rating_max: The most stars the scale has.
    """

    name: str
    license: str
    movies: tuple[Movie, ...]
    genres: tuple[str, ...]
    user_ids: NDArray[np.str_]
    user: NDArray[np.int32]
    row: NDArray[np.int32]
    rating: NDArray[np.float32]
    timestamp: NDArray[np.int64]
    rating_min: float
    rating_max: float

    def take(self, index: NDArray[Any]) -> "Dataset":
        """Keeps the interactions at `index`, in its order; movies, people and rows stay as they are.

        Args:
            index: [m] whole numbers below n, or [n] bool.

        Returns:
            A data set of those interactions alone; an empty `index` gives one without any.
        """
        return replace(
            self,
            user=self.user[index],
            row=self.row[index],
            rating=self.rating[index],
            timestamp=self.timestamp[index],
        )

    def of_people(self, kept: NDArray[np.bool_]) -> "Dataset":
        """Keeps some people, [u] bool, and their interactions; movies and rows stay as they are."""
        number = np.cumsum(kept, dtype=np.int32) - 1
        taken = self.take(kept[self.user])
        return replace(taken, user_ids=self.user_ids[kept], user=number[taken.user])

    def latest(self) -> "Dataset":
        """Keeps one interaction a person and movie: the newest, the later in the file among equally new ones.

        Returns:
            The kept interactions, still in file order; the same again when called on what it returned.
        """
        order = self._canonical_order()
        user, row = self.user[order], self.row[order]
        last = np.ones(len(order), dtype=bool)
        last[:-1] = (user[1:] != user[:-1]) | (row[1:] != row[:-1])
        return self.take(np.sort(order[last]))

    def fingerprint(self) -> str:
        """Names the data: 64 hexadecimal digits, the same for the same data and only for it.

        SHA-256 over the movies, genres, people, scale and interactions. The order of the interactions in the
        file does not count, except among those of one person, movie and second, where `latest` goes by it.
        The name and the terms do not count either.
        """
        movies = [astuple(movie) for movie in self.movies]
        head = [movies, self.genres, self.user_ids.tolist(), self.rating_min, self.rating_max]
        digest = hashlib.sha256(json.dumps(head).encode())
        order = self._canonical_order()
        for column in (self.user, self.row, self.rating, self.timestamp):
            digest.update(column[order].astype(column.dtype.newbyteorder("<")).tobytes())
        return digest.hexdigest()

    def _canonical_order(self) -> NDArray[np.intp]:
        """Sorts by person, row, time; lexsort is stable, so equal ones stay in file order."""
        return np.lexsort((self.timestamp, self.row, self.user))
