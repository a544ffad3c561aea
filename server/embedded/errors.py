"""The errors a request can end with: TensorFlow's own, so that graphs and checks speak alike."""

from functools import partial

import tensorflow as tf

failed_precondition = partial(tf.errors.FailedPreconditionError, None, None)
invalid = partial(tf.errors.InvalidArgumentError, None, None)
not_found = partial(tf.errors.NotFoundError, None, None)
unknown = partial(tf.errors.UnknownError, None, None)
