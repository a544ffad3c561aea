import datetime

from google.protobuf import timestamp_pb2 as _timestamp_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class TrainingData(_message.Message):
    __slots__ = ("name", "fingerprint", "license", "user_count", "movie_count", "rating_count")
    NAME_FIELD_NUMBER: _ClassVar[int]
    FINGERPRINT_FIELD_NUMBER: _ClassVar[int]
    LICENSE_FIELD_NUMBER: _ClassVar[int]
    USER_COUNT_FIELD_NUMBER: _ClassVar[int]
    MOVIE_COUNT_FIELD_NUMBER: _ClassVar[int]
    RATING_COUNT_FIELD_NUMBER: _ClassVar[int]
    name: str
    fingerprint: str
    license: str
    user_count: int
    movie_count: int
    rating_count: int
    def __init__(self, name: _Optional[str] = ..., fingerprint: _Optional[str] = ..., license: _Optional[str] = ..., user_count: _Optional[int] = ..., movie_count: _Optional[int] = ..., rating_count: _Optional[int] = ...) -> None: ...

class SystemMetrics(_message.Message):
    __slots__ = ("system", "served", "values")
    class ValuesEntry(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: str
        value: float
        def __init__(self, key: _Optional[str] = ..., value: _Optional[float] = ...) -> None: ...
    SYSTEM_FIELD_NUMBER: _ClassVar[int]
    SERVED_FIELD_NUMBER: _ClassVar[int]
    VALUES_FIELD_NUMBER: _ClassVar[int]
    system: str
    served: bool
    values: _containers.ScalarMap[str, float]
    def __init__(self, system: _Optional[str] = ..., served: _Optional[bool] = ..., values: _Optional[_Mapping[str, float]] = ...) -> None: ...

class ModelState(_message.Message):
    __slots__ = ("model", "version", "state")
    MODEL_FIELD_NUMBER: _ClassVar[int]
    VERSION_FIELD_NUMBER: _ClassVar[int]
    STATE_FIELD_NUMBER: _ClassVar[int]
    model: str
    version: int
    state: str
    def __init__(self, model: _Optional[str] = ..., version: _Optional[int] = ..., state: _Optional[str] = ...) -> None: ...

class SkippedRelease(_message.Message):
    __slots__ = ("release_version", "reason")
    RELEASE_VERSION_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    release_version: int
    reason: str
    def __init__(self, release_version: _Optional[int] = ..., reason: _Optional[str] = ...) -> None: ...

class Release(_message.Message):
    __slots__ = ("release_version", "create_time", "data", "metrics", "models", "genres", "rating_min", "rating_max")
    RELEASE_VERSION_FIELD_NUMBER: _ClassVar[int]
    CREATE_TIME_FIELD_NUMBER: _ClassVar[int]
    DATA_FIELD_NUMBER: _ClassVar[int]
    METRICS_FIELD_NUMBER: _ClassVar[int]
    MODELS_FIELD_NUMBER: _ClassVar[int]
    GENRES_FIELD_NUMBER: _ClassVar[int]
    RATING_MIN_FIELD_NUMBER: _ClassVar[int]
    RATING_MAX_FIELD_NUMBER: _ClassVar[int]
    release_version: int
    create_time: _timestamp_pb2.Timestamp
    data: TrainingData
    metrics: _containers.RepeatedCompositeFieldContainer[SystemMetrics]
    models: _containers.RepeatedCompositeFieldContainer[ModelState]
    genres: _containers.RepeatedScalarFieldContainer[str]
    rating_min: float
    rating_max: float
    def __init__(self, release_version: _Optional[int] = ..., create_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., data: _Optional[_Union[TrainingData, _Mapping]] = ..., metrics: _Optional[_Iterable[_Union[SystemMetrics, _Mapping]]] = ..., models: _Optional[_Iterable[_Union[ModelState, _Mapping]]] = ..., genres: _Optional[_Iterable[str]] = ..., rating_min: _Optional[float] = ..., rating_max: _Optional[float] = ...) -> None: ...
