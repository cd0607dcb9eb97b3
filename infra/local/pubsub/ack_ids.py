"""Ack ids, by which subscribers refer to deliveries."""

import itertools
import re
import secrets
from collections.abc import Collection

from infra.local.status_errors import InvalidArgument

# A client can keep an id across a restart of the emulator with the same data; the id must be unknown then.
_RUN = secrets.token_hex(8)
_numbers = itertools.count(1)
_ID = re.compile("[0-9a-f]{32}")


def new_ack_id() -> str:
    """Return an id that no other delivery has, in this run of the emulator or another."""
    return f"{_RUN}{next(_numbers):016x}"


def check_ack_ids(ack_ids: Collection[str]) -> None:
    """Check the form of ids. Ids of leases that have ended pass.

    Raises:
        InvalidArgument: there are no ids, or one is malformed.
    """
    if not ack_ids:
        raise InvalidArgument("You have not specified an ack ID in the request.")
    for ack_id in ack_ids:
        if not _ID.fullmatch(ack_id):
            raise InvalidArgument(f"You have passed an invalid ack ID to the service (ack_id={ack_id}).")
