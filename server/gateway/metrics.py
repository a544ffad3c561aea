"""What Prometheus can scrape; no label ever holds what a caller made up."""

from prometheus_client import Counter, Gauge, Histogram

# From a bare answer to a full batch with little time left.
_SECONDS = (0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0, 30.0)

REQUESTS = Counter(
    "pairrec_requests", "Calls answered, by what they got.", ("rpc", "code", "objective", "strategy", "source")
)
REQUEST_SECONDS = Histogram("pairrec_request_seconds", "How long calls took.", ("rpc",), buckets=_SECONDS)
STAGE_SECONDS = Histogram("pairrec_stage_seconds", "How long parts of calls took.", ("stage",), buckets=_SECONDS)
IN_FLIGHT = Gauge("pairrec_requests_in_flight", "Calls under way.", multiprocess_mode="livesum")
# Of workers, the one that is furthest behind shows.
RELEASE_VERSION = Gauge(
    "pairrec_release_version", "The release that answers; 0 before there is one.", multiprocess_mode="livemin"
)
RELEASE_CREATED = Gauge(
    "pairrec_release_created_timestamp_seconds",
    "When the release that answers was exported.",
    multiprocess_mode="livemin",
)
MODEL_AVAILABLE = Gauge(
    "pairrec_model_available",
    "Whether a model of the release answers, 0 or 1.",
    ("model",),
    multiprocess_mode="livemin",
)
