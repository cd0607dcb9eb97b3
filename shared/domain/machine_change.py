"""What becomes of one machine: the two states, and what they differ in, which is found out once."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from shared.pb.inventory.v1.machine_pb2 import Machine

# What two states of a machine may differ in; a version and its time follow from that.
_COMPARED = tuple(
    (field.name, field.has_presence)
    for field in Machine.DESCRIPTOR.fields
    if field.name not in {"version", "updated_at"}
)
_EVERY_FIELD = frozenset(name for name, _ in _COMPARED)


@dataclass(frozen=True, kw_only=True)
class MachineChange:
    """A machine before and after a request.

    Attributes:
        before: as it is stored.
        after: as it is to be: with the next version, or with the same where nothing that makes one changes.
        fields: the names of the fields that differ, in the order of their numbers; `version` and `updated_at`
            are not among them.
    """

    before: Machine
    after: Machine
    fields: Sequence[str]

    @property
    def makes_version(self) -> bool:
        """Whether the version advances, of which subscribers hear; it does not for a heartbeat."""
        return self.after.version != self.before.version


def differing(before: Machine, after: Machine, *, among: Collection[str] = _EVERY_FIELD) -> list[str]:
    """Name the fields that two states of a machine differ in, in the order of their numbers.

    Args:
        before: one state.
        after: the other.
        among: the names of those that may differ, where not all are to be compared.
    """
    return [
        name
        for name, has_presence in _COMPARED
        if name in among
        and (
            getattr(before, name) != getattr(after, name)
            or (has_presence and before.HasField(name) != after.HasField(name))
        )
    ]
