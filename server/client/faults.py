"""What went wrong with a call, in words for the person at the terminal."""

import re
from collections.abc import Iterable

import grpc
from google.rpc import code_pb2, error_details_pb2, status_pb2
from grpc_status import rpc_status

from server.client.flags import Flag


def explain(error: grpc.RpcError, address: str, flags: Iterable[Flag]) -> list[str]:
    """Says in one line a fault why a call to `address` failed, naming the flag where one is to blame."""
    code, details = error.code(), " ".join((error.details() or "").split())
    status: status_pb2.Status | None = rpc_status.from_call(error)
    if status is not None:  # the gateway's own: a connection that fails carries none
        return explain_status(status, flags)
    if code is grpc.StatusCode.UNAVAILABLE:
        remedy = "start one with `make serve`, or name another with --address or PAIRREC_ADDRESS"
        return [f"no gateway answers at {address}: {remedy}", f"({details})"]
    if code is grpc.StatusCode.DEADLINE_EXCEEDED:
        return [f"{address} did not answer in time; --timeout SECONDS allows it more"]
    return [f"{address} answered {code.name}: {details}"]


def explain_status(status: status_pb2.Status, flags: Iterable[Flag]) -> list[str]:
    """Says what an error of the gateway's means, in one line a bad field; a field no flag fills keeps its name."""
    bad_request = error_details_pb2.BadRequest()
    lines = [
        f"{_flag_of(violation.field, flags)}: {_in_flags(violation.description, flags)}"
        for detail in status.details
        if detail.Unpack(bad_request)
        for violation in bad_request.field_violations
    ]
    return lines or [f"{' '.join(status.message.split())} ({code_pb2.Code.Name(status.code)})"]


def _flag_of(field: str, flags: Iterable[Flag]) -> str:
    """Names the flag and which of its values: "first.history[2].rating" is "--first-rated #3".

    A flag fills what is within its own field; a field without a flag of its own has the first one within it.
    """
    path = re.sub(r"\[[^]]*\]", "", field) + "."
    names = [flag.name for flag in flags if path.startswith(f"{flag.path}.") or flag.path.startswith(path)]
    which = "".join(f" #{int(key) + 1}" if key.isdecimal() else f" {key}" for key in re.findall(r"\[([^]]*)\]", field))
    return names[0] + which if names else field


def _in_flags(description: str, flags: Iterable[Flag]) -> str:
    """Turns the fields that a description names into flags."""
    names = {flag.path.removeprefix("filter."): flag.name for flag in flags}
    return re.sub(r"[a-z]+(?:[._][a-z]+)+", lambda field: names.get(field[0], field[0]), description)
