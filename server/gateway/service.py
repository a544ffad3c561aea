"""The RPCs: check, ask the recommender, answer."""

import grpc
from pairrec.v1 import pair_recommendation_service_pb2 as service_pb2
from pairrec.v1 import pair_recommendation_service_pb2_grpc as service_pb2_grpc

from server.gateway import messages
from server.gateway.checks import pair_query
from server.gateway.config import GatewayConfig
from server.gateway.deadline import Deadline
from server.gateway.model_server import ModelServer
from server.gateway.releases import Releases
from server.recommender.recommend import Recommender

SERVICE_NAME = service_pb2.DESCRIPTOR.services_by_name["PairRecommendationService"].full_name

PairContext = grpc.aio.ServicerContext[service_pb2.RecommendPairRequest, service_pb2.RecommendPairResponse]
ReleaseContext = grpc.aio.ServicerContext[service_pb2.GetReleaseRequest, service_pb2.GetReleaseResponse]


class PairRecommendationService(service_pb2_grpc.PairRecommendationServiceServicer):
    """`pairrec.v1.PairRecommendationService`; what goes wrong leaves as a PairrecError."""

    def __init__(self, config: GatewayConfig, model_server: ModelServer, releases: Releases) -> None:
        self._config = config
        self._model_server = model_server
        self._releases = releases

    async def RecommendPair(  # noqa: N802 - the name is the contract's
        self, request: service_pb2.RecommendPairRequest, context: PairContext
    ) -> service_pb2.RecommendPairResponse:
        """Answers one list that suits two people, from the release that is served as the call comes in."""
        query = pair_query(request)
        release = self._releases.served
        models = self._model_server.models(release.catalog.info, self._deadline(context.time_remaining()))
        [answer] = await Recommender(models, release.catalog, release.embeddings).recommend_pairs([query])
        return messages.pair_response(answer, release.catalog)

    async def GetRelease(  # noqa: N802 - the name is the contract's
        self,
        request: service_pb2.GetReleaseRequest,  # noqa: ARG002 - it has no fields
        context: ReleaseContext,
    ) -> service_pb2.GetReleaseResponse:
        """Answers which release is served, and asks the model server for the states of its models."""
        release = self._releases.served
        deadline = self._deadline(context.time_remaining())
        states = await self._model_server.states(deadline.remaining_seconds())
        return messages.release_response(release.catalog.info, states.of(release.version), self._releases.skipped)

    def _deadline(self, caller_seconds: float | None) -> Deadline:
        seconds = self._config.default_deadline_ms / 1000 if caller_seconds is None else caller_seconds
        return Deadline.before(seconds, self._config.deadline_margin_ms / 1000)
