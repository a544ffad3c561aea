"""What learns: reads ratings, trains, exports one release."""

import logging
import os

# tensorflow-recommenders refuses Keras 3, and TensorFlow reads this once, when it is first imported:
# https://github.com/tensorflow/recommenders/issues/712
os.environ.setdefault("TF_USE_LEGACY_KERAS", "1")
# Without a GPU, TensorFlow logs the driver it did not find as an error; errors that matter are raised.
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
# Several releases in one process make a graph each, which TensorFlow warns of as retracing.
logging.getLogger("tensorflow").setLevel(logging.ERROR)
