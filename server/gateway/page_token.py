"""Which page of a list a request asks for, and the token that asks for the next one."""

import base64
import hashlib
import struct
from copy import deepcopy
from typing import Self, TypeAlias

from pairrec.v1 import pair_recommendation_service_pb2 as service_pb2

from server.errors import FieldFault
from server.frozen import frozen
from server.recommender.lists import Source

DEFAULT_PAGE_SIZE = 10
MAX_PAGE_SIZE = 100

# Format, release version, place of the source in _SOURCES, offset, digest of the request.
_LAYOUT = struct.Struct(">BqBi16s")
_FORMAT = 1
# The order is part of the token's layout.
_SOURCES = (None, Source.MODEL, Source.MODEL_WITHOUT_STARS, Source.FALLBACK_POPULAR)


PagedRequest: TypeAlias = (
    service_pb2.RecommendPairRequest
    | service_pb2.RecommendRequest
    | service_pb2.PredictRatingsRequest
    | service_pb2.ListRatedMoviesRequest
    | service_pb2.ListPopularMoviesRequest
)


@frozen
class Page:
    """One page of a list.

    Attributes:
        digest: Of the request without page size and token; the same on every page.
        size: How many entries at most.
        offset: How many entries came before.
        version: The release of the pages before; None on the first page.
        source: Where the pages before came from; None on the first page, and for lists that have no source.
        faults: What is wrong with the token.
    """

    digest: bytes
    size: int
    offset: int = 0
    version: int | None = None
    source: Source | None = None
    faults: tuple[FieldFault, ...] = ()

    @classmethod
    def of(cls, request: PagedRequest) -> Self:
        """Reads which page a request asks for; where its token is bad, the first one with a fault."""
        digest, size = _digest(request), page_size(request.page_size)
        if not request.page_token:
            return cls(digest, size)
        try:
            data = base64.b64decode(request.page_token, altchars=b"-_", validate=True)
            form, version, place, offset, of_request = _LAYOUT.unpack(data)
            source = _SOURCES[place]
        except (ValueError, struct.error, IndexError):
            return cls(digest, size, faults=_faults("is none that this service made; send next_page_token as it came"))
        if form != _FORMAT or of_request != digest or version < 1 or offset < 1:
            return cls(digest, size, faults=_faults("is of another request; only page_size may change between pages"))
        return cls(digest, size, offset, version, source)

    @property
    def depth(self) -> int:
        """How long the list must be to hold this page and to show whether there is a next one."""
        return self.offset + self.size + 1

    @property
    def part(self) -> slice:
        """The entries of this page in a list."""
        return slice(self.offset, self.offset + self.size)

    def next_token(self, num_entries: int, version: int, source: Source | None = None) -> str:
        """Returns what asks for the page after this one; empty where a list of `num_entries` has none."""
        end = self.offset + self.size
        if num_entries <= end:
            return ""
        data = _LAYOUT.pack(_FORMAT, version, _SOURCES.index(source), end, self.digest)
        return base64.urlsafe_b64encode(data).decode()


def page_size(asked: int) -> int:
    """Returns how many entries a request gets that asks for some number, 0 or more, of them."""
    return min(asked or DEFAULT_PAGE_SIZE, MAX_PAGE_SIZE)


def _digest(request: PagedRequest) -> bytes:
    rest = request
    if request.page_size or request.page_token:
        rest = deepcopy(request)
        rest.ClearField("page_size")
        rest.ClearField("page_token")
    content = type(request).__name__.encode() + rest.SerializeToString(deterministic=True)
    return hashlib.sha256(content).digest()[:16]


def _faults(description: str) -> tuple[FieldFault, ...]:
    return (FieldFault("page_token", description),)
