"""The status of a machine, in the API and in messages."""

from collections.abc import Mapping
from enum import StrEnum

from shared.pb.inventory.v1 import machine_pb2


class MachineStatus(StrEnum):
    """The status of a machine.

    A `connected` machine turns `disconnected` when its `last_seen` is five to six minutes old.
    """

    CONNECTED = "connected"
    DISCONNECTED = "disconnected"
    ERROR = "error"


NUMBERS = {
    MachineStatus.CONNECTED: machine_pb2.MACHINE_STATUS_CONNECTED,
    MachineStatus.DISCONNECTED: machine_pb2.MACHINE_STATUS_DISCONNECTED,
    MachineStatus.ERROR: machine_pb2.MACHINE_STATUS_ERROR,
}
_TEXTS: Mapping[int, str] = {number: status.value for status, number in NUMBERS.items()}


def text_of(number: int) -> str:
    """Return the name of a message's status; an unknown one, from a newer release, becomes `error`."""
    return _TEXTS.get(number, MachineStatus.ERROR.value)
