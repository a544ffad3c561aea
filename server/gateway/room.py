"""How many calls there is room for: less while too many come, so that those let in are answered soon."""

import math
import time

# Room falls to a share in the first while of refusals, and is whole again after a longer one without a crowd: never
# more calls than the most it has.
_LEAST_SHARE = 1 / 8
_FALL_SECONDS, _CALM_SECONDS = 0.03, 3.0
# What is longer between two calls is a pause, and no time of refusals.
_LONGEST_STEP_SECONDS = 0.01


class Room:
    """Room for calls, of which as many as there is most of are not refused, but for a while after more came.

    Where more come than are answered they fill what room there is, and those let in wait for all of it: so it shrinks.
    However many come some are let in: of n times as many as there is room for, one of n.

    Source: Chiu and Jain, "Analysis of the Increase and Decrease Algorithms for Congestion Avoidance", 1989.
    """

    def __init__(self, most: int) -> None:
        """Starts with room for `most` calls."""
        self._most, self._share, self._num_refused = most, 1.0, 0
        self._asked_at, self._crowded_at = time.monotonic(), -math.inf

    @property
    def size(self) -> int:
        """How many calls there is room for, 1 or more."""
        return max(1, int(self._most * self._share))

    def admits(self, num_calls: int, num_probable: int = 0) -> bool:
        """Returns whether one of so many calls that are there is let in.

        Args:
            num_calls: How many are known to be there.
            num_probable: How many probably are: it counts only while room is reduced, and does not prolong that.
        """
        now = time.monotonic()
        seconds, self._asked_at = min(now - self._asked_at, _LONGEST_STEP_SECONDS), now
        self._crowded_at = now if num_calls > self._most else self._crowded_at
        if now - self._crowded_at > _CALM_SECONDS:
            self._share = 1.0
        num_there = max(num_calls, num_probable) if self.size < self._most else num_calls
        if (crowd := num_there / self.size) > 1:
            self._share = max(self._share - seconds / _FALL_SECONDS, _LEAST_SHARE)
            self._num_refused += 1
            if self._num_refused < crowd:
                return False
        self._num_refused = 0
        return True
