from google.api import field_behavior_pb2 as _field_behavior_pb2
from pairrec.v1 import movie_pb2 as _movie_pb2
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Mapping as _Mapping
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

class Source(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    SOURCE_UNSPECIFIED: _ClassVar[Source]
    SOURCE_MODEL: _ClassVar[Source]
OBJECTIVE_UNSPECIFIED: Objective
OBJECTIVE_WATCH: Objective
OBJECTIVE_LIKE: Objective
STRATEGY_UNSPECIFIED: Strategy
STRATEGY_RANK_FUSION: Strategy
STRATEGY_WEIGHTED_AVERAGE: Strategy
STRATEGY_LEAST_MISERY: Strategy
STRATEGY_MOST_PLEASURE: Strategy
STRATEGY_PROPORTIONAL: Strategy
SOURCE_UNSPECIFIED: Source
SOURCE_MODEL: Source

class Member(_message.Message):
    __slots__ = ("user_id",)
    USER_ID_FIELD_NUMBER: _ClassVar[int]
    user_id: str
    def __init__(self, user_id: _Optional[str] = ...) -> None: ...

class MemberPreference(_message.Message):
    __slots__ = ("score", "rank", "predicted_rating")
    SCORE_FIELD_NUMBER: _ClassVar[int]
    RANK_FIELD_NUMBER: _ClassVar[int]
    PREDICTED_RATING_FIELD_NUMBER: _ClassVar[int]
    score: float
    rank: int
    predicted_rating: float
    def __init__(self, score: _Optional[float] = ..., rank: _Optional[int] = ..., predicted_rating: _Optional[float] = ...) -> None: ...

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
