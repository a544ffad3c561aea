"""How long a request may still take."""

import time

from server.errors import DeadlineExceededError
from server.frozen import frozen


@frozen
class Deadline:
    """A moment on the monotonic clock, `at` in seconds."""

    at: float

    @classmethod
    def after(cls, seconds: float) -> "Deadline":
        """Returns the moment some seconds from now."""
        return cls(time.monotonic() + seconds)

    @classmethod
    def before(cls, seconds: float, margin_seconds: float) -> "Deadline":
        """Returns the moment some seconds from now less a margin, of which little time gives up a quarter at most."""
        return cls.after(seconds - min(margin_seconds, seconds / 4))

    @property
    def is_over(self) -> bool:
        """Whether there is no time left."""
        return time.monotonic() >= self.at

    def remaining_seconds(self) -> float:
        """Returns the time left, more than 0.

        Raises:
            DeadlineExceededError: There is none.
        """
        seconds = self.at - time.monotonic()
        if seconds <= 0:
            raise DeadlineExceededError("the deadline passed before the models were asked; allow more time")
        return seconds
