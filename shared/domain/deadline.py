"""The time that a request has left."""

import time
from collections.abc import Callable

from shared.domain.errors import Unavailable

# How long a request may take after its body is read. During this time, a change may look for its own outbox
# document to find out whether its commit succeeded. So the relay skips younger documents.
REQUEST_SECONDS = 8.0


class Deadline:
    """The time by which work must be finished; the time left is the timeout of each remote call.

    Args:
        seconds: the time from now to the deadline.
        monotonic: a clock in seconds that never goes back.
    """

    def __init__(self, seconds: float, *, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._monotonic = monotonic
        self._end = monotonic() + seconds

    @property
    def left(self) -> float:
        """The seconds left; negative after the deadline."""
        return self._end - self._monotonic()

    def timeout(self) -> float:
        """Return the seconds left, as the timeout of a remote call.

        Raises:
            Unavailable: no time is left.
        """
        if (left := self.left) <= 0:
            raise Unavailable
        return left

    def earlier(self, seconds: float) -> "Deadline":
        """Return a deadline that is some seconds before this one."""
        return Deadline(self.left - seconds, monotonic=self._monotonic)
