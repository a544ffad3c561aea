"""What can be set about a gateway."""

from dataclasses import dataclass
from pathlib import Path


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
    """

    host: str
    port: int
    model_server: str
    releases: Path
    default_deadline_ms: int
    deadline_margin_ms: int
    poll_seconds: float
