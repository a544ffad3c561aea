"""What a list of movies says to a person: its headline, its columns, and what there is to remark."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from google.protobuf.message import Message
from pairrec.v1 import movie_pb2, recommendation_pb2
from pairrec.v1 import pair_recommendation_service_pb2 as service_pb2

Cells = tuple[str, ...]

_SOURCES = {
    recommendation_pb2.SOURCE_MODEL_WITHOUT_STARS: "Without predicted stars",
    recommendation_pb2.SOURCE_FALLBACK_POPULAR: "Popular movies, picked for nobody",
}


def headline(request: Message, otherwise: str) -> str:
    """Says for whom a list for two is and how it was made; of other lists what is said `otherwise`."""
    if not isinstance(request, service_pb2.RecommendPairRequest):
        return otherwise[0].upper() + otherwise[1:]
    first, second = request.first.user_id or "the first", request.second.user_id or "the second"
    weights = f"{first} (weight {request.first_weight:g}) and {second} ({round(1 - request.first_weight, 6):g})"
    objective = recommendation_pb2.Objective.Name(request.objective).partition("_")[2].lower()
    strategy = recommendation_pb2.Strategy.Name(request.strategy).partition("_")[2].lower().replace("_", " ")
    return f"For {weights}: what both will likely {objective}, by {strategy}"


def _stars_and_rank(preference: recommendation_pb2.MemberPreference) -> Cells:
    stars = f"{preference.predicted_rating:.1f}" if preference.HasField("predicted_rating") else ""
    return stars, str(preference.rank)


def _rating(entry: movie_pb2.MovieRating) -> str:
    return f"{entry.rating:.1f}" if entry.HasField("rating") else ""


def _catalogued(movie: movie_pb2.Movie) -> Cells:
    return movie.movie_id, str(movie.rating_count), f"{movie.mean_rating:.2f}" if movie.rating_count else ""


# The columns beside the movie, by what a list has as entries.
COLUMNS: Mapping[str, tuple[Cells, Callable[[Any], Cells]]] = {
    "PairRecommendation": (
        ("pair\nscore", "first\nstars", "first\nrank", "second\nstars", "second\nrank"),
        lambda entry: (f"{entry.pair_score:.4f}", *_stars_and_rank(entry.first), *_stars_and_rank(entry.second)),
    ),
    "Recommendation": (
        ("score", "stars", "rank"),
        lambda entry: (f"{entry.preference.score:.4f}", *_stars_and_rank(entry.preference)),
    ),
    "PredictedRating": (("stars",), lambda entry: (f"{entry.predicted_rating:.1f}",)),
    "MovieRating": (("stars", "predicted"), lambda entry: (_rating(entry), f"{entry.predicted_rating:.1f}")),
    "SimilarMovie": (("score",), lambda entry: (f"{entry.score:.3f}",)),
    "Movie": (("id", "ratings", "mean"), _catalogued),
}


def remarks(response: Any) -> Iterator[str]:  # noqa: ANN401 - any list; not all have the same fields
    """Says what was unknown, and why a list is not of all models."""
    for each in getattr(response, "unknown_members", ()):
        yield f"The release knows nobody called {each}: what most people watch stands in, unless more was said of them."
    for each in getattr(response, "unknown_movie_ids", ()):
        yield f"The release knows no movie with the id {each}: left out."
    if getattr(response, "source", None) in _SOURCES:
        yield f"{_SOURCES[response.source]}: {response.fallback_reason}"


def reasons(entry: Any) -> Iterator[str]:  # noqa: ANN401 - any entry of a list
    """Says what of each person's history speaks for a movie."""
    for field, value in entry.ListFields():
        if titles := [movie.title for movie in getattr(value, "reasons", ())]:
            who = {"preference": "this person"}.get(field.name, f"the {field.name}")
            yield f"{entry.movie.title}: {who} liked {'; '.join(titles)}"
