"""Machine ids, which begin with the time of registration (UUIDv7, RFC 9562, section 5.7).

The order of ids is therefore the order of `created_at`, and a range of times is a range of ids. So lists need
no index on a time, in which all registrations would write to one hot end.
"""

from datetime import UTC, datetime, timedelta
from uuid import UUID

from google.protobuf.timestamp_pb2 import Timestamp

_START = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND = timedelta(milliseconds=1)
_TIME_SHIFT = 80  # the time is in the first 48 of 128 bits


def created_at(machine_id: str) -> Timestamp:
    """Return the time of a machine's registration, in whole milliseconds."""
    seconds, milliseconds = divmod(UUID(machine_id).int >> _TIME_SHIFT, 1000)
    return Timestamp(seconds=seconds, nanos=milliseconds * 1_000_000)


def first_since(time: datetime) -> str:
    """Return the smallest possible id of a machine that was registered at a time or later."""
    return _bound(-((_START - time) // _MILLISECOND), 0)


def last_until(time: datetime) -> str:
    """Return the greatest possible id of a machine that was registered at a time or earlier."""
    return _bound((time - _START) // _MILLISECOND, (1 << _TIME_SHIFT) - 1)


def _bound(milliseconds: int, rest: int) -> str:
    if milliseconds < 0:
        return str(UUID(int=0))
    return str(UUID(int=(milliseconds << _TIME_SHIFT) + rest))
