from base64 import b64encode
from urllib.parse import quote

import pytest
from google.rpc import error_details_pb2

from server.errors import FieldFault, InvalidRequestError, NotFoundError
from server.gateway.messages import error_status


def details(faults: list[FieldFault]) -> error_details_pb2.BadRequest:
    bad_request = error_details_pb2.BadRequest()
    assert error_status(InvalidRequestError(faults)).details[1].Unpack(bad_request)
    return bad_request


def test_every_fault_is_named() -> None:
    faults = [FieldFault(f"requests[{i}]", "is bad") for i in range(50)]
    named = details(faults).field_violations
    assert [(fault.field, fault.description) for fault in named] == faults


@pytest.mark.parametrize("length", [1, 400])
def test_more_faults_than_metadata_can_carry_are_counted(length: int) -> None:
    """Clients take 8 KB of metadata, in which the details and the message travel, unless they are told otherwise."""
    faults = [FieldFault(f"first.history[{i}].rating", "x" * length) for i in range(1000)]
    *named, last = details(faults).field_violations
    assert last.description == f"has {1000 - len(named)} more faults; mend these first"
    status = error_status(InvalidRequestError(faults))
    assert len(status.SerializeToString()) * 4 / 3 + len(status.message) < 7000


def test_an_error_without_fields_has_its_reason_alone() -> None:
    status, info = error_status(NotFoundError("no such movie")), error_details_pb2.ErrorInfo()
    [detail] = status.details
    assert detail.Unpack(info)
    assert (status.code, status.message, info.domain, info.reason) == (5, "no such movie", "pairrec", "NOT_FOUND")


@pytest.mark.parametrize("letter", ["x", "ж", "映", "%", "\n", "😀"])
@pytest.mark.parametrize("length", [10, 400])
def test_errors_fit_into_metadata_as_they_travel(letter: str, length: int) -> None:
    faults = [FieldFault(f"filter.genres[{i}]", f"must be one of {letter * length}") for i in range(100)]
    status = error_status(InvalidRequestError(faults))
    assert details(faults).field_violations[0].description == faults[0].description
    escaped = quote(status.message, safe=" !\"#$&'()*+,/:;<=>?@[\\]^`{|}~")
    assert len(escaped) + len(b64encode(status.SerializeToString())) < 7500


def test_a_message_is_cut_between_characters() -> None:
    assert error_status(NotFoundError("映" * 300)).message == "映" * 200 + "..."
