#!/bin/sh
# One list for someone the release knows and a guest who loves some movies:  curl.sh USER_ID MOVIE_ID...
# Reflection tells buf the contract; the deadline is in seconds; the details of an error are part of what is printed.
user_id=$1
shift
history=$(printf '{"movie_id": "%s", "rating": 5}\n' "$@" | paste -s -d , -)
exec "${BUF:-buf}" curl --http2-prior-knowledge --protocol grpc --timeout 2s \
  --data '{"first": {"user_id": "'"$user_id"'"}, "second": {"history": ['"$history"']}, "first_weight": 0.6, "page_size": 5}' \
  "http://${PAIRREC_ADDRESS:-localhost:50051}/pairrec.v1.PairRecommendationService/RecommendPair"
