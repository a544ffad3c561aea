import os

from hypothesis import HealthCheck, settings

# Before TensorFlow is first imported.
os.environ.setdefault("TF_USE_LEGACY_KERAS", "1")
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

# The same examples every time, and no example fails because the machine was busy.
settings.register_profile("pairrec", deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("pairrec")
