"""Ack ids: by what a subscriber names a delivery."""

import itertools
import re
import secrets
from collections.abc import Collection

from infra.local.refusals import InvalidArgument

# A client may outlive the emulator and its restart with the same data: an id of before it names nothing then.
_RUN = secrets.token_hex(8)
_numbers = itertools.count(1)
_ID = re.compile("[0-9a-f]{32}")


def new_ack_id() -> str:
    """Return an id that no other delivery has, of this run of the emulator or of another."""
    return f"{_RUN}{next(_numbers):016x}"


def check_ack_ids(ack_ids: Collection[str]) -> None:
    """Refuse ids that no emulator can have given. An id whose lease is over is none of these.

    Raises:
        InvalidArgument: there are none, or one is malformed.
    """
    if not ack_ids:
        raise InvalidArgument("You have not specified an ack ID in the request.")
    for ack_id in ack_ids:
        if not _ID.fullmatch(ack_id):
            raise InvalidArgument(f"You have passed an invalid ack ID to the service (ack_id={ack_id}).")
