"""A gRPC server of the service whose answers a test writes itself."""

from collections.abc import Callable, Iterator
from concurrent import futures

import grpc
import pytest
from google.protobuf.message import Message
from google.rpc import error_details_pb2, status_pb2
from grpc_status import rpc_status
from pairrec.v1 import pair_recommendation_service_pb2 as service_pb2
from pairrec.v1 import pair_recommendation_service_pb2_grpc as service_grpc

METHODS = service_pb2.DESCRIPTOR.services_by_name["PairRecommendationService"].methods_by_name


class ScriptedGateway(service_grpc.PairRecommendationServiceServicer):
    """Answers a call with the next entry of `answers` that can be one of its answers, the last one for good.

    `requests` are the calls it got, `remaining_seconds` the deadline of each.
    """

    def __init__(self) -> None:
        self.address = ""
        self.answers: list[Message] = []
        self.requests: list[Message] = []
        self.remaining_seconds: list[float] = []

    def answer(self, request: Message, context: grpc.ServicerContext, kind: str) -> Message:
        self.requests.append(request)
        self.remaining_seconds.append(context.time_remaining())
        fitting = [each for each in self.answers if each.DESCRIPTOR.name in {kind, "Status"}]
        if not fitting:
            context.abort(grpc.StatusCode.UNIMPLEMENTED, "the script has no answer")
        if len(fitting) > 1:
            self.answers.remove(fitting[0])
        if isinstance(fitting[0], status_pb2.Status):
            context.abort_with_status(rpc_status.to_status(fitting[0]))
        return fitting[0]

    def asked(self, kind: type[Message]) -> list[Message]:
        return [request for request in self.requests if isinstance(request, kind)]


def _scripted(kind: str) -> Callable[..., Message]:
    return lambda self, request, context: self.answer(request, context, kind)


for _name, _method in METHODS.items():
    setattr(ScriptedGateway, _name, _scripted(_method.output_type.name))


@pytest.fixture
def gateway() -> Iterator[ScriptedGateway]:
    scripted = ScriptedGateway()
    server = grpc.server(futures.ThreadPoolExecutor(2))
    service_grpc.add_PairRecommendationServiceServicer_to_server(scripted, server)
    scripted.address = f"localhost:{server.add_insecure_port('localhost:0')}"
    server.start()
    yield scripted
    server.stop(None).wait()


@pytest.fixture
def failure() -> Callable[..., status_pb2.Status]:
    """Builds what the gateway aborts with: a code, a message and the violations of a bad request."""

    def build(code: grpc.StatusCode, message: str, **violations: str) -> status_pb2.Status:
        status = status_pb2.Status(code=code.value[0], message=message)
        status.details.add().Pack(error_details_pb2.ErrorInfo(reason="TEST", domain="pairrec"))
        if violations:
            bad = [{"field": field.replace("__", "."), "description": why} for field, why in violations.items()]
            status.details.add().Pack(error_details_pb2.BadRequest(field_violations=bad))
        return status

    return build
