"""From people to a list: embed, retrieve, rank, order by the objective, fuse, spread, cut."""

import asyncio
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import field
from itertools import chain, starmap

import numpy as np

from server.frozen import frozen
from server.recommender import predictions
from server.recommender.catalog import Catalog
from server.recommender.diversity import diversify
from server.recommender.embeddings import EmbeddingCache, embed
from server.recommender.fusion import Columns, Picks, Votes, best_columns, fuse
from server.recommender.groups import Group, complete_group
from server.recommender.lists import PairEntry, PairList, PersonEntry, PersonList, Preference, Source
from server.recommender.members import Person, complete, unknown_ids
from server.recommender.models import Floats, Models, Rows
from server.recommender.preferences import Preferences, prefer
from server.recommender.queries import MILLION, ListQuery, Member, PairQuery, PersonQuery, Strategy
from server.recommender.reasons import find_reasons
from server.recommender.row_sets import padded_width
from server.recommender.standings import Standings, prefer_standing

# Rows that groups leave out or hold, of all members, in one call to the models: so many are 4 MiB.
_MAX_CELLS = 1 << 20
# Movies a call to the ranking head: a hundred thousand at once would take it tens of megabytes.
_MAX_STARS = 16_384


@frozen
class Recommender:
    """Recommends movies from one release.

    A batch gives what single calls give: the same movies, scores to 1e-5, order free between movies closer
    than that. Every method raises what `models` raises; but where only the ranking head fails, lists come without
    stars.

    Attributes:
        models: Of the release.
        catalog: Of the release.
        embeddings: Of its known users.
        standings: Of its known users, where lists may be made of what the models said of them before; else None.
    """

    models: Models
    catalog: Catalog
    embeddings: EmbeddingCache = field(default_factory=EmbeddingCache)
    standings: Standings | None = None

    async def recommend_pairs(self, queries: Sequence[PairQuery]) -> list[PairList]:
        """Makes one list for each pair; shorter than asked for only when candidates run out."""
        groups = [complete_group(self.catalog, (query.first, query.second), query.wanted) for query in queries]
        lists: dict[int, PairList] = {}
        for places, preferences in await self._preferences(groups):
            picks = self._fuse([queries[place] for place in places], preferences)
            for index, place in enumerate(places):
                if lists:
                    await asyncio.sleep(0)  # others get their turn: a hundred movies with reasons take milliseconds
                lists[place] = self._pair_list(groups[place], preferences, index, picks[index])
        return [lists[place] for place in range(len(queries))]

    async def recommend(self, queries: Sequence[PersonQuery]) -> list[PersonList]:
        """Makes each person's own list; shorter than asked for only when candidates run out."""
        groups = [complete_group(self.catalog, (query.member,), query.wanted) for query in queries]
        lists: dict[int, PersonList] = {}
        for places, preferences in await self._preferences(groups):
            ranks = preferences.rank[:, 0]
            sizes = [self._depth(queries[place].wanted) for place in places]
            columns = best_columns(np.where(ranks > 0, -ranks, -np.inf), sizes)
            for index, place in enumerate(places):
                lists[place] = self._person_list(groups[place], preferences, index, columns[index])
        return [lists[place] for place in range(len(queries))]

    async def predict_ratings(self, members: Sequence[Member], movie_row: Rows) -> Floats:
        """Predicts the stars each person would give.

        Args:
            members: n people; someone unknown gets what a stranger would give.
            movie_row: `[n, c] int32`; -1 is padding.

        Returns:
            `[n, c] float32` stars; NaN for padding.
        """
        if not members:
            return np.empty(movie_row.shape, np.float32)
        embedding = await self._embed([complete(self.catalog, member) for member in members])
        stars = [np.empty((len(members), 0), np.float32)]
        for start in range(0, movie_row.shape[1], step := max(1, _MAX_STARS // len(members))):
            rows = movie_row[:, start : start + step]
            stars.append(await predictions.predict_stars(self.models, embedding, rows))
        return np.concatenate(stars, axis=1)

    async def similar_movies(self, row: int, size: int) -> list[tuple[int, float]]:
        """Finds up to `size` movies most like the one in a row, and their cosines; the most alike first."""
        rows, cosines = await predictions.find_similar(self.models, row)
        found = rows >= 0
        return list(zip(rows[found][:size].tolist(), cosines[found][:size].tolist(), strict=True))

    async def _embed(self, people: Sequence[Person]) -> Floats:
        return await embed(self.models, len(self.catalog.info.genres), self.embeddings, people)

    async def _preferences(self, groups: Sequence[Group]) -> list[tuple[list[int], Preferences]]:
        """Returns what groups make of their candidates, those that ask the models alike together by their places."""
        made = await self._standing(groups)
        standing = set(chain.from_iterable(places for places, _ in made))
        left = [place for place in range(len(groups)) if place not in standing]
        if not left:
            return made
        people = list(chain.from_iterable(groups[place].people for place in left))
        embedding = (await self._embed(people)).reshape(len(left), -1, self.catalog.info.embedding_dim)
        members = dict(zip(left, embedding, strict=True))
        alike: defaultdict[tuple[bool, bool], list[int]] = defaultdict(list)
        for place in left:
            alike[groups[place].allowed_rows is None, groups[place].wanted.use_stars].append(place)
        for places in chain.from_iterable(_parts(groups, alike_places) for alike_places in alike.values()):
            asked, of_each = [groups[place] for place in places], np.concatenate([members[place] for place in places])
            made.append((places, await prefer(self.models, self.catalog.info, asked, of_each)))
        return made

    async def _standing(self, groups: Sequence[Group]) -> list[tuple[list[int], Preferences]]:
        """Returns the same of those groups whose members all have a standing."""
        made: list[tuple[list[int], Preferences]] = []
        if self.standings is None:
            return made
        known = [place for place, group in enumerate(groups) if group.wanted.use_stars and group.is_stored]
        for start in range(0, len(known), self.standings.max_pairs):
            if made:
                await asyncio.sleep(0)  # others get their turn
            places = known[start : start + self.standings.max_pairs]
            asked = [groups[place] for place in places]
            made.append((places, await prefer_standing(self.models, self.standings, asked)))
        return made

    def _fuse(self, queries: Sequence[PairQuery], preferences: Preferences) -> dict[int, Picks]:
        """Returns the movies of each query by its place; those of one strategy are fused together."""
        first_weights = [query.first_weight_millionths for query in queries]
        weight = np.array([(first, MILLION - first) for first in first_weights], np.int64)
        picks: dict[int, Picks] = {}
        by_strategy: defaultdict[Strategy, list[int]] = defaultdict(list)
        for i, query in enumerate(queries):
            by_strategy[query.strategy].append(i)
        for strategy, index in by_strategy.items():
            of_these = slice(None) if len(by_strategy) == 1 else index  # a slice copies nothing
            columns = (preferences.score[of_these], preferences.rank[of_these], weight[of_these])
            votes = Votes(*columns, self.catalog.info.candidates)
            picks |= zip(index, fuse(strategy, votes, [self._depth(queries[i].wanted) for i in index]), strict=True)
        return picks

    def _depth(self, wanted: ListQuery) -> int:
        """Returns how much of a fused list the wanted one is picked from: so much is spread, whatever its size."""
        return max(wanted.size, self.catalog.info.candidates) if wanted.diversity else wanted.size

    def _spread(self, wanted: ListQuery, rows: Rows) -> Columns | slice:
        """Returns the places of a fused list that the wanted one holds, in its order."""
        if not wanted.diversity:
            return slice(wanted.size)
        places = np.arange(min(wanted.size, len(rows)))
        directions = self.catalog.directions(rows[: self.catalog.info.candidates])
        places[: len(directions)] = diversify(directions, wanted.diversity, wanted.size)
        return places

    def _pair_list(self, group: Group, preferences: Preferences, index: int, picks: Picks) -> PairList:
        rows = preferences.movie_row[index].take(picks.columns)
        places = self._spread(group.wanted, rows)
        members = self._members(group, preferences, index, picks.columns[places])
        values = zip(rows[places].tolist(), picks.score[places].tolist(), *members, strict=True)
        return PairList(tuple(starmap(PairEntry, values)), *self._remarks(group, preferences))

    def _person_list(self, group: Group, preferences: Preferences, index: int, columns: Columns) -> PersonList:
        rows = preferences.movie_row[index].take(columns)
        places = self._spread(group.wanted, rows)
        members = self._members(group, preferences, index, columns[places])
        values = zip(rows[places].tolist(), *members, strict=True)
        return PersonList(tuple(starmap(PersonEntry, values)), *self._remarks(group, preferences))

    def _members(
        self, group: Group, preferences: Preferences, index: int, columns: Columns
    ) -> Iterator[list[Preference]]:
        """Yields what each member of the group at `index` makes of some columns."""
        of_all = (preferences.score, preferences.rank, preferences.rating)
        values = [of[index].take(columns, axis=1).tolist() for of in of_all]
        if group.wanted.with_reasons:
            rows = preferences.movie_row[index, columns]
            values.append([find_reasons(self.catalog, person.history, rows) for person in group.people])
        for of_member in zip(*values, strict=True):
            yield list(starmap(Preference, zip(*of_member, strict=True)))

    def _remarks(self, group: Group, preferences: Preferences) -> tuple[tuple[str, ...], Source, str]:
        unknown = unknown_ids(self.catalog, [person.member for person in group.people])
        source = Source.MODEL_WITHOUT_STARS if preferences.fault else Source.MODEL
        return unknown, source, preferences.fault


def _parts(groups: Sequence[Group], places: Sequence[int]) -> Iterator[list[int]]:
    """Parts groups by how wide their rows are, so that a call has few cells, and one wide group does not widen all."""
    part: list[int] = []
    for place in sorted(places, key=lambda place: groups[place].width):
        if part and (len(part) + 1) * len(groups[place].people) * padded_width(groups[place].width) > _MAX_CELLS:
            yield part
            part = []
        part.append(place)
    yield part
