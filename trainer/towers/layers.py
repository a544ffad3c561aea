"""Dense layers as they are served: the weights of trained Keras layers and nothing of Keras."""

from __future__ import annotations

import tensorflow as tf


class Layers(tf.Module):
    """Dense layers with relu between them, and none after the last."""

    def __init__(self, trained: tf.keras.Sequential) -> None:
        """Copies kernels and biases of `trained`, which holds dense layers alone."""
        super().__init__()
        weights = trained.get_weights()
        self._kernels = [tf.Variable(kernel, trainable=False) for kernel in weights[::2]]
        self._biases = [tf.Variable(bias, trainable=False) for bias in weights[1::2]]

    def __call__(self, inputs: tf.Tensor) -> tf.Tensor:
        """Returns what the layers make of the last axis of `inputs`."""
        values = inputs
        for place, (kernel, bias) in enumerate(zip(self._kernels, self._biases, strict=True)):
            values = tf.tensordot(tf.nn.relu(values) if place else values, kernel, axes=1) + bias
        return values
