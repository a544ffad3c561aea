from google.api import field_behavior_pb2 as _field_behavior_pb2
from google.rpc import status_pb2 as _status_pb2
from pairrec.v1 import movie_pb2 as _movie_pb2
from pairrec.v1 import recommendation_pb2 as _recommendation_pb2
from pairrec.v1 import release_pb2 as _release_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class RecommendPairRequest(_message.Message):
    __slots__ = ("first", "second", "first_weight", "objective", "strategy", "page_size", "page_token", "filter", "include_watched", "with_reasons", "diversity", "allow_fallback", "validate_only")
    FIRST_FIELD_NUMBER: _ClassVar[int]
    SECOND_FIELD_NUMBER: _ClassVar[int]
    FIRST_WEIGHT_FIELD_NUMBER: _ClassVar[int]
    OBJECTIVE_FIELD_NUMBER: _ClassVar[int]
    STRATEGY_FIELD_NUMBER: _ClassVar[int]
    PAGE_SIZE_FIELD_NUMBER: _ClassVar[int]
    PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    FILTER_FIELD_NUMBER: _ClassVar[int]
    INCLUDE_WATCHED_FIELD_NUMBER: _ClassVar[int]
    WITH_REASONS_FIELD_NUMBER: _ClassVar[int]
    DIVERSITY_FIELD_NUMBER: _ClassVar[int]
    ALLOW_FALLBACK_FIELD_NUMBER: _ClassVar[int]
    VALIDATE_ONLY_FIELD_NUMBER: _ClassVar[int]
    first: _recommendation_pb2.Member
    second: _recommendation_pb2.Member
    first_weight: float
    objective: _recommendation_pb2.Objective
    strategy: _recommendation_pb2.Strategy
    page_size: int
    page_token: str
    filter: _movie_pb2.MovieFilter
    include_watched: _recommendation_pb2.IncludeWatched
    with_reasons: bool
    diversity: float
    allow_fallback: bool
    validate_only: bool
    def __init__(self, first: _Optional[_Union[_recommendation_pb2.Member, _Mapping]] = ..., second: _Optional[_Union[_recommendation_pb2.Member, _Mapping]] = ..., first_weight: _Optional[float] = ..., objective: _Optional[_Union[_recommendation_pb2.Objective, str]] = ..., strategy: _Optional[_Union[_recommendation_pb2.Strategy, str]] = ..., page_size: _Optional[int] = ..., page_token: _Optional[str] = ..., filter: _Optional[_Union[_movie_pb2.MovieFilter, _Mapping]] = ..., include_watched: _Optional[_Union[_recommendation_pb2.IncludeWatched, str]] = ..., with_reasons: _Optional[bool] = ..., diversity: _Optional[float] = ..., allow_fallback: _Optional[bool] = ..., validate_only: _Optional[bool] = ...) -> None: ...

class RecommendPairResponse(_message.Message):
    __slots__ = ("recommendations", "next_page_token", "release_version", "recommendation_id", "source", "fallback_reason", "unknown_members", "unknown_movie_ids")
    RECOMMENDATIONS_FIELD_NUMBER: _ClassVar[int]
    NEXT_PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    RELEASE_VERSION_FIELD_NUMBER: _ClassVar[int]
    RECOMMENDATION_ID_FIELD_NUMBER: _ClassVar[int]
    SOURCE_FIELD_NUMBER: _ClassVar[int]
    FALLBACK_REASON_FIELD_NUMBER: _ClassVar[int]
    UNKNOWN_MEMBERS_FIELD_NUMBER: _ClassVar[int]
    UNKNOWN_MOVIE_IDS_FIELD_NUMBER: _ClassVar[int]
    recommendations: _containers.RepeatedCompositeFieldContainer[_recommendation_pb2.PairRecommendation]
    next_page_token: str
    release_version: int
    recommendation_id: str
    source: _recommendation_pb2.Source
    fallback_reason: str
    unknown_members: _containers.RepeatedScalarFieldContainer[str]
    unknown_movie_ids: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, recommendations: _Optional[_Iterable[_Union[_recommendation_pb2.PairRecommendation, _Mapping]]] = ..., next_page_token: _Optional[str] = ..., release_version: _Optional[int] = ..., recommendation_id: _Optional[str] = ..., source: _Optional[_Union[_recommendation_pb2.Source, str]] = ..., fallback_reason: _Optional[str] = ..., unknown_members: _Optional[_Iterable[str]] = ..., unknown_movie_ids: _Optional[_Iterable[str]] = ...) -> None: ...

class BatchRecommendPairsRequest(_message.Message):
    __slots__ = ("requests",)
    REQUESTS_FIELD_NUMBER: _ClassVar[int]
    requests: _containers.RepeatedCompositeFieldContainer[RecommendPairRequest]
    def __init__(self, requests: _Optional[_Iterable[_Union[RecommendPairRequest, _Mapping]]] = ...) -> None: ...

class BatchRecommendPairsResult(_message.Message):
    __slots__ = ("response", "error")
    RESPONSE_FIELD_NUMBER: _ClassVar[int]
    ERROR_FIELD_NUMBER: _ClassVar[int]
    response: RecommendPairResponse
    error: _status_pb2.Status
    def __init__(self, response: _Optional[_Union[RecommendPairResponse, _Mapping]] = ..., error: _Optional[_Union[_status_pb2.Status, _Mapping]] = ...) -> None: ...

class BatchRecommendPairsResponse(_message.Message):
    __slots__ = ("results",)
    RESULTS_FIELD_NUMBER: _ClassVar[int]
    results: _containers.RepeatedCompositeFieldContainer[BatchRecommendPairsResult]
    def __init__(self, results: _Optional[_Iterable[_Union[BatchRecommendPairsResult, _Mapping]]] = ...) -> None: ...

class RecommendRequest(_message.Message):
    __slots__ = ("member", "objective", "page_size", "page_token", "filter", "include_watched", "with_reasons", "diversity", "allow_fallback", "validate_only")
    MEMBER_FIELD_NUMBER: _ClassVar[int]
    OBJECTIVE_FIELD_NUMBER: _ClassVar[int]
    PAGE_SIZE_FIELD_NUMBER: _ClassVar[int]
    PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    FILTER_FIELD_NUMBER: _ClassVar[int]
    INCLUDE_WATCHED_FIELD_NUMBER: _ClassVar[int]
    WITH_REASONS_FIELD_NUMBER: _ClassVar[int]
    DIVERSITY_FIELD_NUMBER: _ClassVar[int]
    ALLOW_FALLBACK_FIELD_NUMBER: _ClassVar[int]
    VALIDATE_ONLY_FIELD_NUMBER: _ClassVar[int]
    member: _recommendation_pb2.Member
    objective: _recommendation_pb2.Objective
    page_size: int
    page_token: str
    filter: _movie_pb2.MovieFilter
    include_watched: _recommendation_pb2.IncludeWatched
    with_reasons: bool
    diversity: float
    allow_fallback: bool
    validate_only: bool
    def __init__(self, member: _Optional[_Union[_recommendation_pb2.Member, _Mapping]] = ..., objective: _Optional[_Union[_recommendation_pb2.Objective, str]] = ..., page_size: _Optional[int] = ..., page_token: _Optional[str] = ..., filter: _Optional[_Union[_movie_pb2.MovieFilter, _Mapping]] = ..., include_watched: _Optional[_Union[_recommendation_pb2.IncludeWatched, str]] = ..., with_reasons: _Optional[bool] = ..., diversity: _Optional[float] = ..., allow_fallback: _Optional[bool] = ..., validate_only: _Optional[bool] = ...) -> None: ...

class RecommendResponse(_message.Message):
    __slots__ = ("recommendations", "next_page_token", "release_version", "recommendation_id", "source", "fallback_reason", "unknown_members", "unknown_movie_ids")
    RECOMMENDATIONS_FIELD_NUMBER: _ClassVar[int]
    NEXT_PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    RELEASE_VERSION_FIELD_NUMBER: _ClassVar[int]
    RECOMMENDATION_ID_FIELD_NUMBER: _ClassVar[int]
    SOURCE_FIELD_NUMBER: _ClassVar[int]
    FALLBACK_REASON_FIELD_NUMBER: _ClassVar[int]
    UNKNOWN_MEMBERS_FIELD_NUMBER: _ClassVar[int]
    UNKNOWN_MOVIE_IDS_FIELD_NUMBER: _ClassVar[int]
    recommendations: _containers.RepeatedCompositeFieldContainer[_recommendation_pb2.Recommendation]
    next_page_token: str
    release_version: int
    recommendation_id: str
    source: _recommendation_pb2.Source
    fallback_reason: str
    unknown_members: _containers.RepeatedScalarFieldContainer[str]
    unknown_movie_ids: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, recommendations: _Optional[_Iterable[_Union[_recommendation_pb2.Recommendation, _Mapping]]] = ..., next_page_token: _Optional[str] = ..., release_version: _Optional[int] = ..., recommendation_id: _Optional[str] = ..., source: _Optional[_Union[_recommendation_pb2.Source, str]] = ..., fallback_reason: _Optional[str] = ..., unknown_members: _Optional[_Iterable[str]] = ..., unknown_movie_ids: _Optional[_Iterable[str]] = ...) -> None: ...

class PredictRatingsRequest(_message.Message):
    __slots__ = ("member", "movie_ids", "page_size", "page_token")
    MEMBER_FIELD_NUMBER: _ClassVar[int]
    MOVIE_IDS_FIELD_NUMBER: _ClassVar[int]
    PAGE_SIZE_FIELD_NUMBER: _ClassVar[int]
    PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    member: _recommendation_pb2.Member
    movie_ids: _containers.RepeatedScalarFieldContainer[str]
    page_size: int
    page_token: str
    def __init__(self, member: _Optional[_Union[_recommendation_pb2.Member, _Mapping]] = ..., movie_ids: _Optional[_Iterable[str]] = ..., page_size: _Optional[int] = ..., page_token: _Optional[str] = ...) -> None: ...

class PredictRatingsResponse(_message.Message):
    __slots__ = ("ratings", "next_page_token", "release_version", "unknown_members", "unknown_movie_ids")
    RATINGS_FIELD_NUMBER: _ClassVar[int]
    NEXT_PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    RELEASE_VERSION_FIELD_NUMBER: _ClassVar[int]
    UNKNOWN_MEMBERS_FIELD_NUMBER: _ClassVar[int]
    UNKNOWN_MOVIE_IDS_FIELD_NUMBER: _ClassVar[int]
    ratings: _containers.RepeatedCompositeFieldContainer[_movie_pb2.PredictedRating]
    next_page_token: str
    release_version: int
    unknown_members: _containers.RepeatedScalarFieldContainer[str]
    unknown_movie_ids: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, ratings: _Optional[_Iterable[_Union[_movie_pb2.PredictedRating, _Mapping]]] = ..., next_page_token: _Optional[str] = ..., release_version: _Optional[int] = ..., unknown_members: _Optional[_Iterable[str]] = ..., unknown_movie_ids: _Optional[_Iterable[str]] = ...) -> None: ...

class ListRatedMoviesRequest(_message.Message):
    __slots__ = ("user_id", "share_history", "page_size", "page_token")
    USER_ID_FIELD_NUMBER: _ClassVar[int]
    SHARE_HISTORY_FIELD_NUMBER: _ClassVar[int]
    PAGE_SIZE_FIELD_NUMBER: _ClassVar[int]
    PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    user_id: str
    share_history: bool
    page_size: int
    page_token: str
    def __init__(self, user_id: _Optional[str] = ..., share_history: _Optional[bool] = ..., page_size: _Optional[int] = ..., page_token: _Optional[str] = ...) -> None: ...

class ListRatedMoviesResponse(_message.Message):
    __slots__ = ("ratings", "next_page_token", "release_version")
    RATINGS_FIELD_NUMBER: _ClassVar[int]
    NEXT_PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    RELEASE_VERSION_FIELD_NUMBER: _ClassVar[int]
    ratings: _containers.RepeatedCompositeFieldContainer[_movie_pb2.MovieRating]
    next_page_token: str
    release_version: int
    def __init__(self, ratings: _Optional[_Iterable[_Union[_movie_pb2.MovieRating, _Mapping]]] = ..., next_page_token: _Optional[str] = ..., release_version: _Optional[int] = ...) -> None: ...

class FindSimilarMoviesRequest(_message.Message):
    __slots__ = ("movie_id", "page_size")
    MOVIE_ID_FIELD_NUMBER: _ClassVar[int]
    PAGE_SIZE_FIELD_NUMBER: _ClassVar[int]
    movie_id: str
    page_size: int
    def __init__(self, movie_id: _Optional[str] = ..., page_size: _Optional[int] = ...) -> None: ...

class FindSimilarMoviesResponse(_message.Message):
    __slots__ = ("movies", "release_version")
    MOVIES_FIELD_NUMBER: _ClassVar[int]
    RELEASE_VERSION_FIELD_NUMBER: _ClassVar[int]
    movies: _containers.RepeatedCompositeFieldContainer[_movie_pb2.SimilarMovie]
    release_version: int
    def __init__(self, movies: _Optional[_Iterable[_Union[_movie_pb2.SimilarMovie, _Mapping]]] = ..., release_version: _Optional[int] = ...) -> None: ...

class ListPopularMoviesRequest(_message.Message):
    __slots__ = ("order_by", "min_rating_count", "min_mean_rating", "filter", "page_size", "page_token")
    ORDER_BY_FIELD_NUMBER: _ClassVar[int]
    MIN_RATING_COUNT_FIELD_NUMBER: _ClassVar[int]
    MIN_MEAN_RATING_FIELD_NUMBER: _ClassVar[int]
    FILTER_FIELD_NUMBER: _ClassVar[int]
    PAGE_SIZE_FIELD_NUMBER: _ClassVar[int]
    PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    order_by: _movie_pb2.PopularOrder
    min_rating_count: int
    min_mean_rating: float
    filter: _movie_pb2.MovieFilter
    page_size: int
    page_token: str
    def __init__(self, order_by: _Optional[_Union[_movie_pb2.PopularOrder, str]] = ..., min_rating_count: _Optional[int] = ..., min_mean_rating: _Optional[float] = ..., filter: _Optional[_Union[_movie_pb2.MovieFilter, _Mapping]] = ..., page_size: _Optional[int] = ..., page_token: _Optional[str] = ...) -> None: ...

class ListPopularMoviesResponse(_message.Message):
    __slots__ = ("movies", "next_page_token", "release_version", "unknown_movie_ids")
    MOVIES_FIELD_NUMBER: _ClassVar[int]
    NEXT_PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    RELEASE_VERSION_FIELD_NUMBER: _ClassVar[int]
    UNKNOWN_MOVIE_IDS_FIELD_NUMBER: _ClassVar[int]
    movies: _containers.RepeatedCompositeFieldContainer[_movie_pb2.Movie]
    next_page_token: str
    release_version: int
    unknown_movie_ids: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, movies: _Optional[_Iterable[_Union[_movie_pb2.Movie, _Mapping]]] = ..., next_page_token: _Optional[str] = ..., release_version: _Optional[int] = ..., unknown_movie_ids: _Optional[_Iterable[str]] = ...) -> None: ...

class SearchMoviesRequest(_message.Message):
    __slots__ = ("query", "page_size")
    QUERY_FIELD_NUMBER: _ClassVar[int]
    PAGE_SIZE_FIELD_NUMBER: _ClassVar[int]
    query: str
    page_size: int
    def __init__(self, query: _Optional[str] = ..., page_size: _Optional[int] = ...) -> None: ...

class SearchMoviesResponse(_message.Message):
    __slots__ = ("movies", "release_version")
    MOVIES_FIELD_NUMBER: _ClassVar[int]
    RELEASE_VERSION_FIELD_NUMBER: _ClassVar[int]
    movies: _containers.RepeatedCompositeFieldContainer[_movie_pb2.Movie]
    release_version: int
    def __init__(self, movies: _Optional[_Iterable[_Union[_movie_pb2.Movie, _Mapping]]] = ..., release_version: _Optional[int] = ...) -> None: ...

class GetReleaseRequest(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class GetReleaseResponse(_message.Message):
    __slots__ = ("release", "skipped_releases")
    RELEASE_FIELD_NUMBER: _ClassVar[int]
    SKIPPED_RELEASES_FIELD_NUMBER: _ClassVar[int]
    release: _release_pb2.Release
    skipped_releases: _containers.RepeatedCompositeFieldContainer[_release_pb2.SkippedRelease]
    def __init__(self, release: _Optional[_Union[_release_pb2.Release, _Mapping]] = ..., skipped_releases: _Optional[_Iterable[_Union[_release_pb2.SkippedRelease, _Mapping]]] = ...) -> None: ...
