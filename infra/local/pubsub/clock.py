"""The type of clocks."""

from collections.abc import Callable

Clock = Callable[[], float]
"""Returns the time in seconds since the epoch."""
