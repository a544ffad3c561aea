"""The gRPC service around the recommender. It never imports the TensorFlow runtime."""
