"""A gRPC server of the service whose answers a test writes itself."""

from collections.abc import Callable, Iterator
from concurrent import futures

import grpc
import pytest
from google.rpc import error_details_pb2, status_pb2
from grpc_status import rpc_status
from pairrec.v1 import pair_recommendation_service_pb2 as service_pb2
from pairrec.v1 import pair_recommendation_service_pb2_grpc as service_grpc

Answer = service_pb2.RecommendPairResponse | status_pb2.Status


class ScriptedGateway(service_grpc.PairRecommendationServiceServicer):
    """Answers one entry of `answers` a call, the last one for good; `requests` are the calls it got."""

    def __init__(self) -> None:
        self.address = ""
        self.answers: list[Answer] = []
        self.requests: list[service_pb2.RecommendPairRequest] = []

    def RecommendPair(self, request, context):  # noqa: N802  # gRPC's name
        self.requests.append(request)
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if isinstance(answer, status_pb2.Status):
            context.abort_with_status(rpc_status.to_status(answer))
        return answer


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
