"""Requests of every RPC, drawn from the descriptors: legal ones, hostile ones, and bytes that are no message."""

import math
import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from google.protobuf.descriptor import FieldDescriptor, MethodDescriptor
from google.protobuf.message import Message
from google.protobuf.message_factory import GetMessageClass
from pairrec.v1 import pair_recommendation_service_pb2 as service_pb2

from tests.tiny_release import GENRES, RATING_MAX, RATING_MIN, TinyRelease

SERVICE = service_pb2.DESCRIPTOR.services_by_name["PairRecommendationService"]
# Beyond the largest message that is taken.
TOO_MANY_BYTES = 1 << 20

_DOUBLES = (0.0, 0.5, 1.0, 3.0, 5.0, -0.0, -1.0, 1 + 1e-9, 1e308, 5e-324, math.nan, math.inf, -math.inf)
_INTEGERS = (0, 1, 2, 10, 100, 101, 1995, -1, -(2**31), 2**31 - 1, 4096, 5001)
_LENGTHS = (0, 1, 1, 2, 2, 3, 10, 100, 101)
_MANY = (1000, 1001, 5001, 20_000)
_STRINGS = (
    *("", " ", "\0", "-1", "nan", "m-1", "m99999999999999999999", "../../etc/passwd", "%s%n{}{0}", "'; drop table"),
    *("\n\r\t", "\u202e\u200b", "é\u0301", "\U0001f3ac", "İ", "Toy Story (1995)", "a" * 128, "a" * 129, "ß" * 10_000),
)


@dataclass(frozen=True)
class Request:
    """One call to come.

    Attributes:
        method: Full path of the RPC.
        data: What is sent.
        kind: What it is, for the summary.
        legal: Whether it can be answered, so that nothing but OK will do where the deadline allows it.
        timeout: Seconds, or None for the gateway's own deadline.
    """

    method: str
    data: bytes
    kind: str
    legal: bool
    timeout: float | None


class Requests:
    """Draws requests that a release could be sent; the same seed and number give the same request."""

    def __init__(self, release: TinyRelease, seed: int, continued: Mapping[str, Any]) -> None:
        """Takes, of each paged RPC, a request for a second page."""
        self._release, self._seed, self._continued = release, seed, continued

    def draw(self, number: int) -> Request:
        draw = _Draw(random.Random(f"{self._seed}/{number}"), self._release, self._continued)
        return draw.request()


class _Draw:
    def __init__(self, rng: random.Random, release: TinyRelease, continued: Mapping[str, Any]) -> None:
        self._rng, self._continued = rng, continued
        self._tokens = ["!!", "AAAA", "A" * 1000, *(request.page_token for request in continued.values())]
        self._user_ids = (*release.user_ids, "nobody")
        self._movie_ids = [f"m{row}" for row in range(release.num_movies)]
        self._room = rng.choice((200, 2000, 30_000))  # messages and strings a hostile request may still hold
        self._lengths: Sequence[int] = (0, 0, 1, 5, 30)  # of lists in a legal one

    def request(self) -> Request:
        rng = self._rng
        # The more there is to get wrong, the more often.
        [method] = rng.choices(SERVICE.methods, [1 + len(method.input_type.fields) for method in SERVICE.methods])
        kind, make = rng.choice(self._kinds())
        data = make(method)
        timeout = rng.choice((None, 0.001, 0.01, 0.05, 0.5, 3.0, 10.0))
        path = f"/{SERVICE.full_name}/{method.name}"
        if kind == "unknown method":
            path += "s"
        return Request(path, data, kind, legal=kind in ("legal", "as large as allowed"), timeout=timeout)

    def _kinds(self) -> list[tuple[str, Callable[[MethodDescriptor], bytes]]]:
        return [
            *[("legal", self._legal)] * 6,
            *[("hostile", self._hostile)] * 8,
            ("as large as allowed", self._largest),
            ("forged token", self._forged),
            *[("truncated", self._truncated)] * 2,
            *[("bits flipped", self._flipped)] * 2,
            ("random bytes", lambda _: self._rng.randbytes(self._rng.choice((1, 10, 1000, 100_000)))),
            ("unknown method", self._legal),
            *([("too large", self._too_large)] if self._rng.random() < 0.02 else []),
        ]

    def _truncated(self, method: MethodDescriptor) -> bytes:
        data = self._legal(method)
        return data[: self._rng.randrange(len(data) + 1)]

    def _flipped(self, method: MethodDescriptor) -> bytes:
        data = bytearray(self._legal(method))
        for _ in range(self._rng.randint(1, 8)):
            if data:
                data[self._rng.randrange(len(data))] ^= 1 << self._rng.randrange(8)
        return bytes(data)

    def _forged(self, method: MethodDescriptor) -> bytes:
        if method.name not in self._continued:
            return self._hostile(method)
        request = GetMessageClass(method.input_type).FromString(self._continued[method.name].SerializeToString())
        token, place = request.page_token, self._rng.randrange(len(request.page_token))
        request.page_token = token[:place] + self._rng.choice(("", "A", "_", "z")) + token[place + 1 :]
        return request.SerializeToString()

    def _largest(self, method: MethodDescriptor) -> bytes:
        self._lengths = (1000,)
        return self._legal(method)

    def _too_large(self, method: MethodDescriptor) -> bytes:
        return self._legal(method) + bytes(TOO_MANY_BYTES)

    def _legal(self, method: MethodDescriptor) -> bytes:
        message = GetMessageClass(method.input_type)()
        if isinstance(message, service_pb2.BatchRecommendPairsRequest):
            lengths, self._lengths = self._lengths, (0, 3)
            for _ in range(max(1, *lengths)):
                self._fill_legally(message.requests.add(page_size=5))
        else:
            self._fill_legally(message)
        return message.SerializeToString()

    def _fill_legally(self, message: Message) -> None:
        for field in message.DESCRIPTOR.fields:
            chosen = field.name in _ALWAYS or self._rng.random() < 0.5
            if chosen and not (field.name == "page_size" and message.page_size):
                self._set_legally(message, field)

    def _set_legally(self, message: Message, field: FieldDescriptor) -> None:
        rng, name = self._rng, field.name
        if name in ("first", "second", "member"):
            # Of two people the ids differ.
            self._member(getattr(message, name), self._user_ids[name == "second" :: 2])
        elif name == "filter":
            self._fill_legally(message.filter)
        elif name in ("genres", "excluded_genres"):
            getattr(message, name).extend(rng.sample(GENRES, rng.randint(0, 2)))
        elif name in ("movie_ids", "excluded_movie_ids"):
            getattr(message, name).extend(rng.choices([*self._movie_ids, "none"], k=rng.choice(self._lengths)))
        elif field.type == FieldDescriptor.TYPE_ENUM:
            # The last place of IncludeWatched but one is the second's, whom Recommend does not have.
            values = [value.number for value in field.enum_type.values if value.name != "INCLUDE_WATCHED_BY_SECOND"]
            setattr(message, name, rng.choice(values))
        elif name != "page_token":
            setattr(message, name, self._legal_scalar(field))

    def _legal_scalar(self, field: FieldDescriptor) -> Any:
        rng = self._rng
        if field.name == "user_id":
            return rng.choice(self._user_ids[:-1])
        if field.name == "movie_id":
            return rng.choice(self._movie_ids)
        if field.name == "query":
            return rng.choice(("movie 3", "Mvoie", "x", "3 (1993)", "é", "the", "z" * 200))
        if field.type == FieldDescriptor.TYPE_BOOL:
            return field.name == "share_history" or rng.random() < 0.5
        if field.type == FieldDescriptor.TYPE_DOUBLE:
            return rng.choice((0.0, 1.0, rng.random()))
        low = {"min_year": 1980, "max_year": 2010}.get(field.name)
        return rng.choice((low, low + 5)) if low else rng.choice((0, 1, 3, 10, 100, 2**31 - 1))

    def _member(self, member: Any, user_ids: Sequence[str]) -> None:
        rng = self._rng
        member.share_history = True
        if rng.random() < 0.7:
            member.user_id = rng.choice(user_ids)
        for movie_id in rng.choices([*self._movie_ids, "none"], k=rng.choice(self._lengths)):
            rating = rng.choice((None, RATING_MIN, 2.5, RATING_MAX))
            member.history.add(movie_id=movie_id, rating=rating)
        if rng.random() < 0.3 or not (member.user_id or member.history):
            member.genre_ratings[rng.choice(GENRES).upper()] = rng.choice((RATING_MIN, RATING_MAX))

    def _hostile(self, method: MethodDescriptor) -> bytes:
        message = GetMessageClass(method.input_type)()
        if self._rng.random() < 0.7:  # legal but for some fields: what a check lets pass goes deep
            message.ParseFromString(self._legal(method))
        self._spoil(message)
        return message.SerializeToString()

    def _spoil(self, message: Message) -> None:
        self._room -= 1
        for field in message.DESCRIPTOR.fields:
            if self._rng.random() < 0.25 and self._room > 0:
                self._spoil_field(message, field)

    def _spoil_field(self, message: Message, field: FieldDescriptor) -> None:
        if field.message_type and field.message_type.GetOptions().map_entry:
            for _ in range(self._length()):
                getattr(message, field.name)[self._string()] = self._rng.choice(_DOUBLES)
        elif field.is_repeated:
            values = getattr(message, field.name)
            for _ in range(self._length()):
                if field.message_type:
                    self._spoil(values.add())
                else:
                    values.append(self._scalar(field))
        elif field.message_type:
            self._spoil(getattr(message, field.name))
        else:
            setattr(message, field.name, self._scalar(field))

    def _length(self) -> int:
        length = self._rng.choice(_MANY if self._rng.random() < 0.05 else _LENGTHS)
        length = min(length, max(0, self._room))
        self._room -= length
        return length

    def _scalar(self, field: FieldDescriptor) -> Any:
        if field.type == FieldDescriptor.TYPE_STRING:
            return self._string()
        if field.type == FieldDescriptor.TYPE_BOOL:
            return self._rng.random() < 0.5
        if field.type == FieldDescriptor.TYPE_DOUBLE:
            return self._rng.choice(_DOUBLES)
        return self._rng.choice(_INTEGERS)

    def _string(self) -> str:
        rng = self._rng
        text = rng.choice((rng.choice(_STRINGS), *self._user_ids, *GENRES, rng.choice(self._movie_ids), *self._tokens))
        self._room -= len(text) // 100
        return text


# Required, or needed for what else may be set.
_ALWAYS = ("first", "second", "member", "user_id", "share_history", "movie_id", "query")
