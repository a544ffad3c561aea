"""How the gateway logs: lines for people or for machines, without a word of a person's."""

import logging
import time
import traceback
from functools import lru_cache
from types import TracebackType
from typing import TypeAlias

FORMATS = ("text", "json")
_FIELDS = "%(asctime)s %(levelname)s %(message)s"

# What logging.Formatter.formatException takes.
_ErrorInfo: TypeAlias = tuple[type[BaseException], BaseException, TracebackType | None] | tuple[None, None, None]


class Facts(dict[str, object]):
    """A line of the log that is facts: fields of its own in JSON, `name=value` in text."""

    def __str__(self) -> str:
        return " ".join([f"{name}={value}" for name, value in self.items()])


class _Discreet(logging.Formatter):
    """Tells errors by type and place only: their messages may quote what a caller sent."""

    def formatTime(self, record: logging.LogRecord, _: str | None = None) -> str:  # noqa: N802 - the name is logging's
        """Returns the local time to the millisecond, of which the system is asked for what changes once a second."""
        return f"{_local_second(int(record.created))},{int(record.msecs):03d}"

    def formatException(self, ei: _ErrorInfo) -> str:  # noqa: N802 - the name is logging's
        steps, error = [], ei[1]
        while error:
            steps.append("".join(traceback.format_tb(error.__traceback__)) + type(error).__qualname__)
            error = error.__cause__ or error.__context__
        return "\nled to:\n".join(reversed(steps))


@lru_cache(1)
def _local_second(seconds: int) -> str:
    return time.strftime(logging.Formatter.default_time_format, time.localtime(seconds))


def set_up_logging(level: str, line_format: str) -> None:
    """Logs what is at least of a level to stderr, in one of FORMATS."""
    handler = logging.StreamHandler()
    handler.setFormatter(_json_formatter() if line_format == "json" else _Discreet(_FIELDS))
    logging.basicConfig(level=level, handlers=[handler])
    # What no line has is not to be looked up for each: the place in the code, the thread, the process.
    logging._srcfile = None
    logging.logThreads = logging.logProcesses = logging.logMultiprocessing = False
    # gRPC tells it as an error, with a traceback, that a caller left before its answer.
    logging.getLogger("grpc._cython.cygrpc").addFilter(lambda record: "ExecuteBatchError" not in str(record.msg))


def _json_formatter() -> logging.Formatter:
    from pythonjsonlogger.json import JsonFormatter  # 2 MB, and text is the default

    class Json(_Discreet, JsonFormatter):
        """The same as a JSON object a line."""

    return Json(_FIELDS)
