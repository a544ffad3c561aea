"""The three models of one release behind a model server's gRPC service."""

from typing import Any

from numpy.typing import NDArray

from server.frozen import frozen
from server.gateway.deadline import Deadline
from server.gateway.observation import Stage
from server.gateway.shared_calls import SharedCalls
from server.recommender.models import SERVING_DEFAULT, Tensors
from server.recommender.release_info import ReleaseInfo


@frozen
class ModelClient:
    """Models of one release for one request: every call names the release's version and keeps the deadline.

    Attributes:
        calls: To the model server, shared with other requests.
        info: The release.
        deadline: When the request must be answered.
    """

    calls: SharedCalls
    info: ReleaseInfo
    deadline: Deadline

    async def predict(self, model: str, signature: str, inputs: Tensors) -> dict[str, NDArray[Any]]:
        """Runs one signature of one model; see `Models.predict`."""
        with Stage(model if signature == SERVING_DEFAULT else signature):
            return await self.calls.predict(self.info, (model, signature), inputs, self.deadline)
