"""A development stand-in for TensorFlow Serving on laptops and in CI: the same flags, the same gRPC answers."""
