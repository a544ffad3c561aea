from google.api import field_behavior_pb2 as _field_behavior_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class PopularOrder(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    POPULAR_ORDER_UNSPECIFIED: _ClassVar[PopularOrder]
    POPULAR_ORDER_HIGHEST_RATED: _ClassVar[PopularOrder]
    POPULAR_ORDER_MOST_RATED: _ClassVar[PopularOrder]
POPULAR_ORDER_UNSPECIFIED: PopularOrder
POPULAR_ORDER_HIGHEST_RATED: PopularOrder
POPULAR_ORDER_MOST_RATED: PopularOrder

class Movie(_message.Message):
    __slots__ = ("movie_id", "title", "year", "genres", "rating_count", "mean_rating")
    MOVIE_ID_FIELD_NUMBER: _ClassVar[int]
    TITLE_FIELD_NUMBER: _ClassVar[int]
    YEAR_FIELD_NUMBER: _ClassVar[int]
    GENRES_FIELD_NUMBER: _ClassVar[int]
    RATING_COUNT_FIELD_NUMBER: _ClassVar[int]
    MEAN_RATING_FIELD_NUMBER: _ClassVar[int]
    movie_id: str
    title: str
    year: int
    genres: _containers.RepeatedScalarFieldContainer[str]
    rating_count: int
    mean_rating: float
    def __init__(self, movie_id: _Optional[str] = ..., title: _Optional[str] = ..., year: _Optional[int] = ..., genres: _Optional[_Iterable[str]] = ..., rating_count: _Optional[int] = ..., mean_rating: _Optional[float] = ...) -> None: ...

class MovieFilter(_message.Message):
    __slots__ = ("genres", "excluded_genres", "min_year", "max_year", "excluded_movie_ids", "min_rating_count")
    GENRES_FIELD_NUMBER: _ClassVar[int]
    EXCLUDED_GENRES_FIELD_NUMBER: _ClassVar[int]
    MIN_YEAR_FIELD_NUMBER: _ClassVar[int]
    MAX_YEAR_FIELD_NUMBER: _ClassVar[int]
    EXCLUDED_MOVIE_IDS_FIELD_NUMBER: _ClassVar[int]
    MIN_RATING_COUNT_FIELD_NUMBER: _ClassVar[int]
    genres: _containers.RepeatedScalarFieldContainer[str]
    excluded_genres: _containers.RepeatedScalarFieldContainer[str]
    min_year: int
    max_year: int
    excluded_movie_ids: _containers.RepeatedScalarFieldContainer[str]
    min_rating_count: int
    def __init__(self, genres: _Optional[_Iterable[str]] = ..., excluded_genres: _Optional[_Iterable[str]] = ..., min_year: _Optional[int] = ..., max_year: _Optional[int] = ..., excluded_movie_ids: _Optional[_Iterable[str]] = ..., min_rating_count: _Optional[int] = ...) -> None: ...

class SimilarMovie(_message.Message):
    __slots__ = ("movie", "score")
    MOVIE_FIELD_NUMBER: _ClassVar[int]
    SCORE_FIELD_NUMBER: _ClassVar[int]
    movie: Movie
    score: float
    def __init__(self, movie: _Optional[_Union[Movie, _Mapping]] = ..., score: _Optional[float] = ...) -> None: ...

class PredictedRating(_message.Message):
    __slots__ = ("movie", "predicted_rating")
    MOVIE_FIELD_NUMBER: _ClassVar[int]
    PREDICTED_RATING_FIELD_NUMBER: _ClassVar[int]
    movie: Movie
    predicted_rating: float
    def __init__(self, movie: _Optional[_Union[Movie, _Mapping]] = ..., predicted_rating: _Optional[float] = ...) -> None: ...

class MovieRating(_message.Message):
    __slots__ = ("movie", "rating", "predicted_rating")
    MOVIE_FIELD_NUMBER: _ClassVar[int]
    RATING_FIELD_NUMBER: _ClassVar[int]
    PREDICTED_RATING_FIELD_NUMBER: _ClassVar[int]
    movie: Movie
    rating: float
    predicted_rating: float
    def __init__(self, movie: _Optional[_Union[Movie, _Mapping]] = ..., rating: _Optional[float] = ..., predicted_rating: _Optional[float] = ...) -> None: ...
