"""One list for someone the release knows and a guest who loves some movies: python example.py USER_ID MOVIE_ID..."""

import os
import sys

import grpc
from google.rpc import error_details_pb2
from grpc_status import rpc_status
from pairrec.v1.pair_recommendation_service_pb2 import RecommendPairRequest
from pairrec.v1.recommendation_pb2 import Member, RatedMovie

from server.client import PairrecClient


def main(user_id: str, *movie_ids: str) -> int:
    """Prints the list; returns 1, having said why, where there is none."""
    guest = Member(history=[RatedMovie(movie_id=movie_id, rating=5) for movie_id in movie_ids])
    request = RecommendPairRequest(first=Member(user_id=user_id), second=guest, first_weight=0.6, page_size=5)
    with PairrecClient(os.environ.get("PAIRREC_ADDRESS", "localhost:50051"), timeout_seconds=2) as client:
        try:
            response = client.recommend_pair(request)
        except grpc.RpcError as error:
            print(f"{error.code().name}: {error.details()}", file=sys.stderr)
            for violation in bad_fields(error):
                print(f"  {violation.field}: {violation.description}", file=sys.stderr)
            return 1
    for entry in response.recommendations:
        print(f"{entry.movie.movie_id}\t{entry.movie.title} ({entry.movie.year})")
    return 0


def bad_fields(error: grpc.RpcError) -> list[error_details_pb2.BadRequest.FieldViolation]:
    """Returns what is wrong with a request: an error's details are a google.rpc.Status in the metadata."""
    status = rpc_status.from_call(error)  # None where no gateway answered
    bad_request = error_details_pb2.BadRequest()
    details = status.details if status else []
    return [violation for each in details if each.Unpack(bad_request) for violation in bad_request.field_violations]


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
