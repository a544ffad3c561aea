"""How the gateway logs: lines for people or for machines, without a word of a person's."""

import hmac
import logging
import traceback
from types import TracebackType
from typing import TypeAlias

from pythonjsonlogger.json import JsonFormatter

FORMATS = ("text", "json")
_FIELDS = "%(asctime)s %(levelname)s %(message)s"

# What logging.Formatter.formatException takes.
_ErrorInfo: TypeAlias = tuple[type[BaseException], BaseException, TracebackType | None] | tuple[None, None, None]


class Facts(dict[str, object]):
    """A line of the log that is facts: fields of its own in JSON, `name=value` in text."""

    def __str__(self) -> str:
        return " ".join(f"{name}={value}" for name, value in self.items())


class _Discreet(logging.Formatter):
    """Tells errors by type and place only: their messages may quote what a caller sent."""

    def formatException(self, ei: _ErrorInfo) -> str:  # noqa: N802 - the name is logging's
        steps, error = [], ei[1]
        while error:
            steps.append("".join(traceback.format_tb(error.__traceback__)) + type(error).__qualname__)
            error = error.__cause__ or error.__context__
        return "\nled to:\n".join(reversed(steps))


class _Json(_Discreet, JsonFormatter):
    """The same as a JSON object a line."""


def set_up_logging(level: str, line_format: str) -> None:
    """Logs what is at least of a level to stderr, in one of FORMATS."""
    handler = logging.StreamHandler()
    handler.setFormatter(_Json(_FIELDS) if line_format == "json" else _Discreet(_FIELDS))
    logging.basicConfig(level=level, handlers=[handler])
    # gRPC tells it as an error, with a traceback, that a caller left before its answer.
    logging.getLogger("grpc._cython.cygrpc").addFilter(lambda record: "ExecuteBatchError" not in str(record.msg))


def pseudonym(key: bytes, user_id: str) -> str:
    """Returns what stands for a user id in the log: the same for the same key, meaningless without it.

    Returns:
        The first 64 bits of HMAC-SHA256, as 16 hexadecimal digits.
    """
    return hmac.digest(key, user_id.encode(), "sha256").hex()[:16]
