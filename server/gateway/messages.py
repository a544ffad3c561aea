"""Turns the gateway's own values into messages; the one place that does."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cache
from math import isnan
from secrets import token_hex
from typing import Any, TypeAlias

import grpc
from google.protobuf import any_pb2, duration_pb2
from google.protobuf.message import Message
from google.rpc import error_details_pb2, status_pb2
from pairrec.v1 import movie_pb2, release_pb2
from pairrec.v1 import pair_recommendation_service_pb2 as service_pb2

from server.errors import FieldFault, GatewayFullError, InvalidRequestError, PairrecError
from server.gateway.checks_lists import Asked
from server.gateway.model_states import ModelState
from server.recommender.catalog import Catalog
from server.recommender.lists import PairList, PersonList, Preference
from server.recommender.models import Floats, Rows
from server.recommender.queries import History, PairQuery, PersonQuery
from server.recommender.release_info import ReleaseInfo, SystemMetrics, TrainingData

# Errors travel as metadata, of which clients take 8 KB unless told otherwise: details in base64, the message among them
# and once more by itself, where a byte that is no plain ASCII takes three.
_MAX_FAULTS_BYTES, _BYTES_AROUND_A_FAULT = 3000, 8
_MAX_MESSAGE_BYTES = 600
_RETRY_DELAY = duration_pb2.Duration(seconds=1)
ERROR_DOMAIN = "pairrec"

# What a message within another is written from: made first and copied in, a list would take twice as long.
_Fields: TypeAlias = Mapping[str, Any]


def pair_response(asked: Asked[PairQuery], answer: PairList, catalog: Catalog) -> service_pb2.RecommendPairResponse:
    """Writes the page of a pair's list that was asked for."""
    entries = [
        {
            "movie": _movie(catalog, entry.row),
            "pair_score": entry.pair_score,
            "first": _preference(entry.first, catalog),
            "second": _preference(entry.second, catalog),
        }
        for entry in answer.entries[asked.page.part]
    ]
    return service_pb2.RecommendPairResponse(recommendations=entries, **_list_fields(asked, answer, catalog))


def person_response(asked: Asked[PersonQuery], answer: PersonList, catalog: Catalog) -> service_pb2.RecommendResponse:
    """Writes the page of a person's own list that was asked for."""
    entries = [
        {"movie": _movie(catalog, entry.row), "preference": _preference(entry.preference, catalog)}
        for entry in answer.entries[asked.page.part]
    ]
    return service_pb2.RecommendResponse(recommendations=entries, **_list_fields(asked, answer, catalog))


def batch_result(
    asked: Asked[PairQuery], answer: PairList | PairrecError, catalog: Catalog
) -> service_pb2.BatchRecommendPairsResult:
    """Writes what one request of a batch got."""
    if isinstance(answer, PairrecError):
        return batch_error(answer)
    return service_pb2.BatchRecommendPairsResult(response=pair_response(asked, answer, catalog))


def batch_error(error: PairrecError) -> service_pb2.BatchRecommendPairsResult:
    """Writes the error that one request of a batch got."""
    return service_pb2.BatchRecommendPairsResult(error=error_status(error))


def movies(catalog: Catalog, rows: Iterable[int]) -> list[movie_pb2.Movie]:
    """Writes the movies in some rows."""
    return [movie_pb2.Movie(**_movie(catalog, row)) for row in rows]


def predicted_ratings(catalog: Catalog, rows: Rows, stars: Floats) -> list[movie_pb2.PredictedRating]:
    """Writes movies with the stars someone would give, `[n]` each."""
    rated = zip(rows.tolist(), stars.tolist(), strict=True)
    return [movie_pb2.PredictedRating(movie=_movie(catalog, row), predicted_rating=value) for row, value in rated]


def movie_ratings(catalog: Catalog, history: History, stars: Floats) -> list[movie_pb2.MovieRating]:
    """Writes what someone rated, with the stars they were predicted to give, `[n]`."""
    rated = zip(history.rows.tolist(), history.ratings.tolist(), stars.tolist(), strict=True)
    return [
        movie_pb2.MovieRating(movie=_movie(catalog, row), rating=_given(given), predicted_rating=predicted)
        for row, given, predicted in rated
    ]


def similar_movies(catalog: Catalog, found: Iterable[tuple[int, float]]) -> list[movie_pb2.SimilarMovie]:
    """Writes movies by row with how like another each is."""
    return [movie_pb2.SimilarMovie(movie=_movie(catalog, row), score=score) for row, score in found]


def release_response(
    info: ReleaseInfo, states: Iterable[ModelState], skipped: Mapping[int, str]
) -> service_pb2.GetReleaseResponse:
    """Writes what is known of the release that answers, and of those that do not."""
    release = release_pb2.Release(
        release_version=info.version,
        data=_training_data(info.data),
        metrics=[_system_metrics(metrics) for metrics in info.metrics],
        models=[_model_state(state, info.version) for state in states],
        genres=info.genres,
        rating_min=info.rating_min,
        rating_max=info.rating_max,
    )
    release.create_time.FromDatetime(info.created)
    response = service_pb2.GetReleaseResponse(release=release)
    for version, reason in skipped.items():
        response.skipped_releases.add(release_version=version, reason=reason)
    return response


def error_status(error: PairrecError) -> status_pb2.Status:
    """Writes an error as a status with ErrorInfo, and BadRequest where fields are bad."""
    details = [*_details_of_all(error.reason)]
    if isinstance(error, InvalidRequestError):
        bad_request = error_details_pb2.BadRequest()
        for fault in _shown(error.faults):
            bad_request.field_violations.add(field=fault.field, description=fault.description)
        details.append(_packed(bad_request))
    code = grpc.StatusCode[error.status].value[0]
    return status_pb2.Status(code=code, message=_cut(str(error)), details=details)


@cache
def _details_of_all(reason: str) -> tuple[any_pb2.Any, ...]:
    info = _packed(error_details_pb2.ErrorInfo(domain=ERROR_DOMAIN, reason=reason))
    retry = error_details_pb2.RetryInfo(retry_delay=_RETRY_DELAY)
    return (info, _packed(retry)) if reason == GatewayFullError.reason else (info,)


def _packed(message: Message) -> any_pb2.Any:
    packed = any_pb2.Any()
    packed.Pack(message)
    return packed


def _shown(faults: Sequence[FieldFault]) -> Iterator[FieldFault]:
    """Yields as many faults as travel."""
    room = _MAX_FAULTS_BYTES
    for i, fault in enumerate(faults):
        room -= len("".join(fault).encode()) + _BYTES_AROUND_A_FAULT
        if room < 0:
            yield FieldFault("request", f"has {len(faults) - i} more faults; mend these first")
            return
        yield fault


def _cut(text: str) -> str:
    data = text.encode()
    return text if len(data) <= _MAX_MESSAGE_BYTES else f"{data[:_MAX_MESSAGE_BYTES].decode(errors='ignore')}..."


def _list_fields(
    asked: Asked[PairQuery] | Asked[PersonQuery], answer: PairList | PersonList, catalog: Catalog
) -> _Fields:
    """Returns the fields that every list has."""
    version, source = catalog.info.version, answer.source
    return {
        "next_page_token": asked.page.next_token(len(answer.entries), version, source),
        "release_version": version,
        "recommendation_id": token_hex(16),
        "source": "SOURCE_UNSPECIFIED" if asked.validate_only else f"SOURCE_{source.name}",
        "fallback_reason": answer.fault,
        "unknown_members": answer.unknown_members,
        "unknown_movie_ids": asked.unknown_movie_ids,
    }


def _movie(catalog: Catalog, row: int) -> _Fields:
    return vars(catalog.movie(row))  # named as the message's are


def _preference(preference: Preference, catalog: Catalog) -> _Fields:
    score, rank, rating, reasons = preference
    fields: dict[str, Any] = {"score": score, "rank": rank}
    if not isnan(rating):
        fields["predicted_rating"] = rating
    if reasons:
        fields["reasons"] = [_movie(catalog, row) for row in reasons]
    return fields


def _given(stars: float) -> float | None:
    return None if isnan(stars) else stars


def _training_data(data: TrainingData) -> release_pb2.TrainingData:
    return release_pb2.TrainingData(
        name=data.name,
        fingerprint=data.fingerprint,
        license=data.license,
        user_count=data.num_users,
        movie_count=data.num_movies,
        rating_count=data.num_ratings,
    )


def _system_metrics(metrics: SystemMetrics) -> release_pb2.SystemMetrics:
    return release_pb2.SystemMetrics(system=metrics.system, served=metrics.served, values=dict(metrics.values))


def _model_state(state: ModelState, version: int) -> release_pb2.ModelState:
    return release_pb2.ModelState(model=state.model, version=version, state=state.state)
