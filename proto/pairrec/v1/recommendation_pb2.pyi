from google.api import field_behavior_pb2 as _field_behavior_pb2
from pairrec.v1 import movie_pb2 as _movie_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class Objective(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    OBJECTIVE_UNSPECIFIED: _ClassVar[Objective]
    OBJECTIVE_WATCH: _ClassVar[Objective]
    OBJECTIVE_LIKE: _ClassVar[Objective]

class Strategy(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    STRATEGY_UNSPECIFIED: _ClassVar[Strategy]
    STRATEGY_RANK_FUSION: _ClassVar[Strategy]
    STRATEGY_WEIGHTED_AVERAGE: _ClassVar[Strategy]
    STRATEGY_LEAST_MISERY: _ClassVar[Strategy]
    STRATEGY_MOST_PLEASURE: _ClassVar[Strategy]
    STRATEGY_PROPORTIONAL: _ClassVar[Strategy]

class IncludeWatched(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    INCLUDE_WATCHED_UNSPECIFIED: _ClassVar[IncludeWatched]
    INCLUDE_WATCHED_NONE: _ClassVar[IncludeWatched]
    INCLUDE_WATCHED_BY_FIRST: _ClassVar[IncludeWatched]
    INCLUDE_WATCHED_BY_SECOND: _ClassVar[IncludeWatched]
    INCLUDE_WATCHED_BOTH: _ClassVar[IncludeWatched]

class Source(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    SOURCE_UNSPECIFIED: _ClassVar[Source]
    SOURCE_MODEL: _ClassVar[Source]
    SOURCE_MODEL_WITHOUT_STARS: _ClassVar[Source]
    SOURCE_FALLBACK_POPULAR: _ClassVar[Source]
OBJECTIVE_UNSPECIFIED: Objective
OBJECTIVE_WATCH: Objective
OBJECTIVE_LIKE: Objective
STRATEGY_UNSPECIFIED: Strategy
STRATEGY_RANK_FUSION: Strategy
STRATEGY_WEIGHTED_AVERAGE: Strategy
STRATEGY_LEAST_MISERY: Strategy
STRATEGY_MOST_PLEASURE: Strategy
STRATEGY_PROPORTIONAL: Strategy
INCLUDE_WATCHED_UNSPECIFIED: IncludeWatched
INCLUDE_WATCHED_NONE: IncludeWatched
INCLUDE_WATCHED_BY_FIRST: IncludeWatched
INCLUDE_WATCHED_BY_SECOND: IncludeWatched
INCLUDE_WATCHED_BOTH: IncludeWatched
SOURCE_UNSPECIFIED: Source
SOURCE_MODEL: Source
SOURCE_MODEL_WITHOUT_STARS: Source
SOURCE_FALLBACK_POPULAR: Source

class RatedMovie(_message.Message):
    __slots__ = ("movie_id", "rating")
    MOVIE_ID_FIELD_NUMBER: _ClassVar[int]
    RATING_FIELD_NUMBER: _ClassVar[int]
    movie_id: str
    rating: float
    def __init__(self, movie_id: _Optional[str] = ..., rating: _Optional[float] = ...) -> None: ...

class Member(_message.Message):
    __slots__ = ("user_id", "history", "genre_ratings", "share_history")
    class GenreRatingsEntry(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: str
        value: float
        def __init__(self, key: _Optional[str] = ..., value: _Optional[float] = ...) -> None: ...
    USER_ID_FIELD_NUMBER: _ClassVar[int]
    HISTORY_FIELD_NUMBER: _ClassVar[int]
    GENRE_RATINGS_FIELD_NUMBER: _ClassVar[int]
    SHARE_HISTORY_FIELD_NUMBER: _ClassVar[int]
    user_id: str
    history: _containers.RepeatedCompositeFieldContainer[RatedMovie]
    genre_ratings: _containers.ScalarMap[str, float]
    share_history: bool
    def __init__(self, user_id: _Optional[str] = ..., history: _Optional[_Iterable[_Union[RatedMovie, _Mapping]]] = ..., genre_ratings: _Optional[_Mapping[str, float]] = ..., share_history: _Optional[bool] = ...) -> None: ...

class MemberPreference(_message.Message):
    __slots__ = ("score", "rank", "predicted_rating", "reasons")
    SCORE_FIELD_NUMBER: _ClassVar[int]
    RANK_FIELD_NUMBER: _ClassVar[int]
    PREDICTED_RATING_FIELD_NUMBER: _ClassVar[int]
    REASONS_FIELD_NUMBER: _ClassVar[int]
    score: float
    rank: int
    predicted_rating: float
    reasons: _containers.RepeatedCompositeFieldContainer[_movie_pb2.Movie]
    def __init__(self, score: _Optional[float] = ..., rank: _Optional[int] = ..., predicted_rating: _Optional[float] = ..., reasons: _Optional[_Iterable[_Union[_movie_pb2.Movie, _Mapping]]] = ...) -> None: ...

class PairRecommendation(_message.Message):
    __slots__ = ("movie", "pair_score", "first", "second")
    MOVIE_FIELD_NUMBER: _ClassVar[int]
    PAIR_SCORE_FIELD_NUMBER: _ClassVar[int]
    FIRST_FIELD_NUMBER: _ClassVar[int]
    SECOND_FIELD_NUMBER: _ClassVar[int]
    movie: _movie_pb2.Movie
    pair_score: float
    first: MemberPreference
    second: MemberPreference
    def __init__(self, movie: _Optional[_Union[_movie_pb2.Movie, _Mapping]] = ..., pair_score: _Optional[float] = ..., first: _Optional[_Union[MemberPreference, _Mapping]] = ..., second: _Optional[_Union[MemberPreference, _Mapping]] = ...) -> None: ...

class Recommendation(_message.Message):
    __slots__ = ("movie", "preference")
    MOVIE_FIELD_NUMBER: _ClassVar[int]
    PREFERENCE_FIELD_NUMBER: _ClassVar[int]
    movie: _movie_pb2.Movie
    preference: MemberPreference
    def __init__(self, movie: _Optional[_Union[_movie_pb2.Movie, _Mapping]] = ..., preference: _Optional[_Union[MemberPreference, _Mapping]] = ...) -> None: ...
