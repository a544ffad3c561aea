"""How people and Python programs ask the gateway; never imports TensorFlow."""

from server.client.client import PairrecClient

__all__ = ["PairrecClient"]
