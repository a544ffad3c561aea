"""What went wrong with a call, in words for the person at the terminal."""

import grpc
from google.rpc import error_details_pb2, status_pb2
from grpc_status import rpc_status

_FLAG_OF_FIELD = {
    "first": "--first",
    "first.user_id": "--first",
    "second": "--second",
    "second.user_id": "--second",
    "first_weight": "--first-weight",
    "objective": "--objective",
    "strategy": "--strategy",
    "page_size": "--top",
}


def explain(error: grpc.RpcError, address: str) -> list[str]:
    """Says in one line a fault why a call to `address` failed, naming the flag where one is to blame."""
    code, details = error.code(), " ".join((error.details() or "").split())
    status: status_pb2.Status | None = rpc_status.from_call(error)
    if status is not None:  # the gateway's own: a connection that fails carries none
        return _violations(status) or [f"{details} ({code.name})"]
    if code is grpc.StatusCode.UNAVAILABLE:
        remedy = "start one with `make serve`, or name another with --address or PAIRREC_ADDRESS"
        return [f"no gateway answers at {address}: {remedy}", f"({details})"]
    if code is grpc.StatusCode.DEADLINE_EXCEEDED:
        return [f"{address} did not answer in time; --timeout SECONDS allows it more"]
    return [f"{address} answered {code.name}: {details}"]


def _violations(status: status_pb2.Status) -> list[str]:
    bad_request = error_details_pb2.BadRequest()
    return [
        f"{_FLAG_OF_FIELD.get(violation.field, violation.field)}: {violation.description}"
        for detail in status.details
        if detail.Unpack(bad_request)
        for violation in bad_request.field_violations
    ]
