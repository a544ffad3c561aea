"""The errors a request can end with: TensorFlow's own, so that graphs and checks speak alike."""

import tensorflow as tf


def invalid(message: str) -> tf.errors.OpError:
    """Returns an INVALID_ARGUMENT error."""
    return tf.errors.InvalidArgumentError(None, None, message)


def not_found(message: str) -> tf.errors.OpError:
    """Returns a NOT_FOUND error."""
    return tf.errors.NotFoundError(None, None, message)


def not_loaded(name: str, number: int | None) -> tf.errors.OpError:
    """Returns what a request gets whose model or version (None: the latest) is not loaded."""
    wanted = f"Latest({name})" if number is None else f"Specific({name}, {number})"
    return not_found(f"Servable not found for request: {wanted}")
