"""Turns the gateway's own values into messages; the one place that does."""

from collections.abc import Iterable, Mapping
from math import isnan

import grpc
from google.protobuf import any_pb2
from google.rpc import error_details_pb2, status_pb2
from pairrec.v1 import movie_pb2, recommendation_pb2, release_pb2
from pairrec.v1 import pair_recommendation_service_pb2 as service_pb2

from server.errors import InvalidRequestError, PairrecError
from server.gateway.model_states import ModelState
from server.recommender.catalog import Catalog, Movie
from server.recommender.lists import PairEntry, PairList, Preference
from server.recommender.release_info import ReleaseInfo, SystemMetrics, TrainingData

ERROR_DOMAIN = "pairrec"


def pair_response(answer: PairList, catalog: Catalog) -> service_pb2.RecommendPairResponse:
    """Writes a pair's list with the movies of the catalogue it came from."""
    return service_pb2.RecommendPairResponse(
        recommendations=[_recommendation(entry, catalog.movie(entry.row)) for entry in answer.entries],
        release_version=catalog.info.version,
        source=recommendation_pb2.SOURCE_MODEL,
        unknown_members=answer.unknown_members,
    )


def release_response(
    info: ReleaseInfo, states: Iterable[ModelState], skipped: Mapping[int, str]
) -> service_pb2.GetReleaseResponse:
    """Writes what is known of the release that answers, and of those that do not."""
    release = release_pb2.Release(
        release_version=info.version,
        data=_training_data(info.data),
        metrics=[_system_metrics(metrics) for metrics in info.metrics],
        models=[_model_state(state, info.version) for state in states],
    )
    release.create_time.FromDatetime(info.created)
    response = service_pb2.GetReleaseResponse(release=release)
    for version, reason in skipped.items():
        response.skipped_releases.add(release_version=version, reason=reason)
    return response


def error_status(error: PairrecError) -> status_pb2.Status:
    """Writes an error as a status with ErrorInfo, and BadRequest where fields are bad."""
    info = error_details_pb2.ErrorInfo(domain=ERROR_DOMAIN, reason=error.reason)
    details = [_packed(info)]
    if isinstance(error, InvalidRequestError):
        bad_request = error_details_pb2.BadRequest()
        for fault in error.faults:
            bad_request.field_violations.add(field=fault.field, description=fault.description)
        details.append(_packed(bad_request))
    code = grpc.StatusCode[error.status].value[0]
    return status_pb2.Status(code=code, message=str(error), details=details)


def _packed(message: error_details_pb2.ErrorInfo | error_details_pb2.BadRequest) -> any_pb2.Any:
    packed = any_pb2.Any()
    packed.Pack(message)
    return packed


def _recommendation(entry: PairEntry, movie: Movie) -> recommendation_pb2.PairRecommendation:
    return recommendation_pb2.PairRecommendation(
        movie=_movie(movie),
        pair_score=entry.pair_score,
        first=_preference(entry.first),
        second=_preference(entry.second),
    )


def _movie(movie: Movie) -> movie_pb2.Movie:
    return movie_pb2.Movie(
        movie_id=movie.movie_id,
        title=movie.title,
        year=movie.year,
        genres=movie.genres,
        rating_count=movie.rating_count,
        mean_rating=0 if isnan(movie.mean_rating) else movie.mean_rating,
    )


def _preference(preference: Preference) -> recommendation_pb2.MemberPreference:
    return recommendation_pb2.MemberPreference(
        score=preference.score, rank=preference.rank, predicted_rating=preference.rating
    )


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
