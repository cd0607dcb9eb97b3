"""Ack ids: by what a subscriber names a delivery."""

import itertools
import secrets

# A client may outlive the emulator and its restart with the same data: an id of before it names nothing then.
_RUN = secrets.token_hex(8)
_numbers = itertools.count(1)


def new_ack_id() -> str:
    """Return an id that no other delivery has, of this run of the emulator or of another."""
    return f"{_RUN}{next(_numbers):016x}"
