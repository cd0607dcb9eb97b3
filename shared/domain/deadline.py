"""How long a request may still take."""

import time
from collections.abc import Callable

from shared.domain.errors import Unavailable

# How long a request may take once its body is read. Until then a change may look for its own outbox document,
# to learn whether its commit went through: so the relay leaves documents alone that are younger.
REQUEST_SECONDS = 8.0


class Deadline:
    """A moment until which work makes sense; each remote call gets what is left.

    Args:
        seconds: from now on.
        monotonic: a clock in seconds that never goes back.
    """

    def __init__(self, seconds: float, *, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._monotonic = monotonic
        self._end = monotonic() + seconds

    @property
    def left(self) -> float:
        """The seconds left; negative past the deadline."""
        return self._end - self._monotonic()

    def timeout(self) -> float:
        """Return the seconds left, as the timeout of a remote call.

        Raises:
            Unavailable: none are.
        """
        if (left := self.left) <= 0:
            raise Unavailable
        return left

    def earlier(self, seconds: float) -> "Deadline":
        """Return a deadline that ends some seconds before this one."""
        return Deadline(self.left - seconds, monotonic=self._monotonic)
