"""Commit and read times: microseconds since the epoch, as Firestore counts them."""

from collections.abc import Callable
from typing import cast

from google.protobuf.message_factory import GetMessageClass
from google.protobuf.timestamp_pb2 import Timestamp

from google_apis.descriptors import POOL
from infra.local.status_errors import InvalidArgument

MILLISECOND = 1000
SECOND = 1_000_000

# The emulator's messages accept only the Timestamp class of their own descriptor pool.
_new_timestamp = GetMessageClass(POOL.FindMessageTypeByName("google.protobuf.Timestamp"))


class Clock:
    """A clock whose times order events: a commit time is later than all earlier read and commit times."""

    def __init__(self, nanoseconds: Callable[[], int]) -> None:
        """Use a source of wall-clock nanoseconds, such as `time.time_ns`."""
        self._nanoseconds = nanoseconds
        self._latest = 0

    def read_time(self) -> int:
        """Return a time at which all earlier commits are visible, and no later ones."""
        self._latest = max(self._latest, self._nanoseconds() // 1000)
        return self._latest

    def commit_time(self) -> int:
        """Return a time later than all that were returned before."""
        self._latest = max(self._latest + 1, self._nanoseconds() // 1000)
        return self._latest

    def not_before(self, time: int) -> None:
        """Return no time before this one from now on, as an earlier run has used it."""
        self._latest = max(self._latest, time)


def stamp(timestamp: Timestamp, time: int) -> None:
    """Set a message's timestamp to a time."""
    timestamp.seconds, microseconds = divmod(time, SECOND)
    timestamp.nanos = microseconds * 1000


def to_timestamp(time: int) -> Timestamp:
    """Convert a time to a Timestamp."""
    timestamp = cast("Timestamp", _new_timestamp())
    stamp(timestamp, time)
    return timestamp


def from_timestamp(timestamp: Timestamp) -> int:
    """Convert a Timestamp of a request to a time.

    Raises:
        InvalidArgument: It has nanoseconds, which production rejects in read times and preconditions.
    """
    if timestamp.nanos % 1000:
        raise InvalidArgument("Timestamps must have microsecond precision.")
    return timestamp.seconds * SECOND + timestamp.nanos // 1000
