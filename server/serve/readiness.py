"""What is still missing before the servers answer, asked as any client would ask."""

import grpc
from grpc_health.v1 import health_pb2, health_pb2_grpc

_PROBE_SECONDS = 1.0
# PredictRequest(model_spec=ModelSpec(name="none")), whose classes would cost the import of TensorFlow.
# Source: tensorflow_serving/apis/predict.proto and model.proto, field 1 of each.
_PREDICT_NONE = b"\x0a\x06\x0a\x04none"


def model_server_lacks(address: str) -> str:
    """Says what keeps a model server from answering; empty once a Predict finds no model called "none"."""
    with grpc.insecure_channel(address) as channel:
        predict: grpc.UnaryUnaryMultiCallable[bytes, bytes] = channel.unary_unary(
            "/tensorflow.serving.PredictionService/Predict"
        )
        try:
            predict(_PREDICT_NONE, timeout=_PROBE_SECONDS)
        except grpc.RpcError as error:
            if error.code() is grpc.StatusCode.NOT_FOUND and "Servable" in (error.details() or ""):
                return ""
            return f"no model server answers at {address}: {error.details()}"
    return f"what answers at {address} is no model server"


def gateway_lacks(address: str) -> str:
    """Says what keeps the gateway from serving; empty once a release is ready."""
    with grpc.insecure_channel(address) as channel:
        check = health_pb2_grpc.HealthStub(channel).Check
        try:
            answer = check(health_pb2.HealthCheckRequest(), timeout=_PROBE_SECONDS)
        except grpc.RpcError as error:
            return f"no gateway answers at {address}: {error.details()}"
    ready = answer.status == health_pb2.HealthCheckResponse.SERVING
    return "" if ready else f"the gateway at {address} has no release it can serve; its lines say why"
