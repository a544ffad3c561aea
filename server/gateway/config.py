"""What can be set about a gateway."""

from dataclasses import dataclass, field
from pathlib import Path

# The environment variable that holds GatewayConfig.log_key.
LOG_KEY = "PAIRREC_LOG_KEY"
# Said once where it is not.
NO_LOG_KEY = f"{LOG_KEY} is not set: user ids in this log are keyed at random, and mean nothing beyond it"


@dataclass(frozen=True)
class GatewayConfig:
    """The settings of one gateway process.

    Attributes:
        host: The address to listen on.
        port: The port to listen on; 0 picks a free one.
        model_server: The model server's `host:port`.
        releases: The folder the trainer exports to.
        default_deadline_ms: How long a call without a deadline of its own may take.
        deadline_margin_ms: What is kept back of a call's time to answer in, when the models take too long; of a
            call that allows little time a quarter at most.
        poll_seconds: How often the releases and the model server are looked at.
        max_in_flight: How many calls are let in at once; fewer for as long as more come, which are refused.
        drain_seconds: How long calls are still taken once the gateway was told to stop and says so to health checks.
        metrics_port: Where Prometheus may scrape; 0 for nowhere.
        standings_mb: Memory for what the models said of known users, MiB; kept where everybody's fits.
        workers: How many processes share the port; each lets in `max_in_flight` calls.
        log_key: What user ids are keyed with in the log; empty for a key of this run only.
    """

    host: str
    port: int
    model_server: str
    releases: Path
    default_deadline_ms: int
    deadline_margin_ms: int
    poll_seconds: float
    max_in_flight: int
    drain_seconds: float
    metrics_port: int
    standings_mb: int
    workers: int
    log_key: bytes = field(repr=False)
