"""Commit and read times: microseconds since the epoch, as Firestore counts them."""

from collections.abc import Callable
from typing import cast

from google.protobuf.message_factory import GetMessageClass
from google.protobuf.timestamp_pb2 import Timestamp

from google_apis.descriptors import POOL

MILLISECOND = 1000
SECOND = 1_000_000

# The emulator's messages take no other class than the one of their own descriptor pool.
_new_timestamp = GetMessageClass(POOL.FindMessageTypeByName("google.protobuf.Timestamp"))


class Clock:
    """Hands out times that order what happens: no commit is ever as old as a read or a commit before it."""

    def __init__(self, nanoseconds: Callable[[], int]) -> None:
        """Start from a source of wall-clock nanoseconds, such as `time.time_ns`."""
        self._nanoseconds = nanoseconds
        self._latest = 0

    def read_time(self) -> int:
        """A time at which all commits so far are visible and none that is to come."""
        self._latest = max(self._latest, self._nanoseconds() // 1000)
        return self._latest

    def commit_time(self) -> int:
        """A time later than every one handed out before."""
        self._latest = max(self._latest + 1, self._nanoseconds() // 1000)
        return self._latest

    def not_before(self, time: int) -> None:
        """Let all times to come be later than this one, which an earlier run handed out."""
        self._latest = max(self._latest, time)


def stamp(timestamp: Timestamp, time: int) -> None:
    """Set a message's timestamp to a time."""
    timestamp.seconds, microseconds = divmod(time, SECOND)
    timestamp.nanos = microseconds * 1000


def to_timestamp(time: int) -> Timestamp:
    """Make the protobuf form of a time."""
    timestamp = cast("Timestamp", _new_timestamp())
    stamp(timestamp, time)
    return timestamp


def from_timestamp(timestamp: Timestamp) -> int:
    """Read the protobuf form of a time; what is finer than a microsecond is cut off."""
    return timestamp.seconds * SECOND + timestamp.nanos // 1000
