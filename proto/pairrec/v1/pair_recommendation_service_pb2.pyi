from google.api import field_behavior_pb2 as _field_behavior_pb2
from pairrec.v1 import recommendation_pb2 as _recommendation_pb2
from pairrec.v1 import release_pb2 as _release_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class RecommendPairRequest(_message.Message):
    __slots__ = ("first", "second", "first_weight", "objective", "strategy", "page_size")
    FIRST_FIELD_NUMBER: _ClassVar[int]
    SECOND_FIELD_NUMBER: _ClassVar[int]
    FIRST_WEIGHT_FIELD_NUMBER: _ClassVar[int]
    OBJECTIVE_FIELD_NUMBER: _ClassVar[int]
    STRATEGY_FIELD_NUMBER: _ClassVar[int]
    PAGE_SIZE_FIELD_NUMBER: _ClassVar[int]
    first: _recommendation_pb2.Member
    second: _recommendation_pb2.Member
    first_weight: float
    objective: _recommendation_pb2.Objective
    strategy: _recommendation_pb2.Strategy
    page_size: int
    def __init__(self, first: _Optional[_Union[_recommendation_pb2.Member, _Mapping]] = ..., second: _Optional[_Union[_recommendation_pb2.Member, _Mapping]] = ..., first_weight: _Optional[float] = ..., objective: _Optional[_Union[_recommendation_pb2.Objective, str]] = ..., strategy: _Optional[_Union[_recommendation_pb2.Strategy, str]] = ..., page_size: _Optional[int] = ...) -> None: ...

class RecommendPairResponse(_message.Message):
    __slots__ = ("recommendations", "release_version", "source", "unknown_members")
    RECOMMENDATIONS_FIELD_NUMBER: _ClassVar[int]
    RELEASE_VERSION_FIELD_NUMBER: _ClassVar[int]
    SOURCE_FIELD_NUMBER: _ClassVar[int]
    UNKNOWN_MEMBERS_FIELD_NUMBER: _ClassVar[int]
    recommendations: _containers.RepeatedCompositeFieldContainer[_recommendation_pb2.PairRecommendation]
    release_version: int
    source: _recommendation_pb2.Source
    unknown_members: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, recommendations: _Optional[_Iterable[_Union[_recommendation_pb2.PairRecommendation, _Mapping]]] = ..., release_version: _Optional[int] = ..., source: _Optional[_Union[_recommendation_pb2.Source, str]] = ..., unknown_members: _Optional[_Iterable[str]] = ...) -> None: ...

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
