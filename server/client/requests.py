"""From a command line to the request it stands for."""

import argparse
from typing import Any

from google.protobuf.message import Message

from server.client.commands import Command
from server.client.titles import Movies, TitleError


def build(command: Command, arguments: argparse.Namespace, movies: Movies) -> Message:
    """Returns the request that the given flags fill; what no flag names is left open.

    Raises:
        TitleError: Says of every flag which of its titles are not known, or not clear.
        ValueError: A value is what no message can hold, such as an id that is not Unicode.
    """
    fields: dict[str, Any] = {}
    faults = []
    for flag in command.flags:
        value = getattr(arguments, flag.key)
        if value is not None:
            try:
                _put(fields, flag.path.split("."), flag.read(movies, value))
            except TitleError as error:
                faults += [f"{flag.name}: {line}" for line in str(error).splitlines()]
    if faults:
        raise TitleError("\n".join(faults))
    return command.request(**fields)


def _put(fields: dict[str, Any], path: list[str], value: object) -> None:
    *parents, last = path
    for parent in parents:
        fields = fields.setdefault(parent, {})
    fields[last] = [*fields.get(last, []), *value] if isinstance(value, list) else value
