"""How large a machine may be: its event and its answer are each a part of one Firestore document of 1 MiB."""

from shared.domain.errors import Fault, Invalid
from shared.edge.machine_view import MachineView
from shared.pb.inventory.v1.machine_pb2 import Machine

# https://cloud.google.com/firestore/quotas#limits; an update's event carries the machine twice.
MAX_MESSAGE_BYTES = 480 * 1024
MAX_JSON_BYTES = 960 * 1024
# What a byte of a message becomes in JSON at most: a control character is written \u0000.
_LONGEST_ESCAPE = 6
_LONGEST_FRAME = 4 * 1024  # of the fields that every machine has


def require_storable(machine: Machine) -> None:
    """Hold back a machine that cannot be stored with its event and its answer.

    Raises:
        Invalid: it is too large.
    """
    size = machine.ByteSize()
    if size > MAX_MESSAGE_BYTES:
        raise _too_large(f"must be at most {MAX_MESSAGE_BYTES} bytes as a protobuf message")
    if size * _LONGEST_ESCAPE + _LONGEST_FRAME <= MAX_JSON_BYTES:
        return
    if len(MachineView.of(machine).model_dump_json().encode()) > MAX_JSON_BYTES:
        raise _too_large(f"must be at most {MAX_JSON_BYTES} bytes as JSON")


def _too_large(message: str) -> Invalid:
    return Invalid([Fault(("body",), "too_large", message)])
