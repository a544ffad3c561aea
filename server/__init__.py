"""What answers: the recommender, the gRPC gateway around it, the stand-in model server and the client."""
