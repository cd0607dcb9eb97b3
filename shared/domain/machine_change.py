"""A change of one machine: its states before and after, and the fields that differ, computed once."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from shared.pb.inventory.v1.machine_pb2 import Machine

# The fields that are compared. `version` and `updated_at` only follow from changes of these.
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
        before: the stored state.
        after: the new state. Its version is the next one, or the same if no change makes a version.
        fields: the names of the fields that differ, in the order of their numbers, without `version` and
            `updated_at`.
    """

    before: Machine
    after: Machine
    fields: Sequence[str]

    @property
    def makes_version(self) -> bool:
        """Whether the change makes a version, and so an event; a heartbeat does not."""
        return self.after.version != self.before.version

    @property
    def written(self) -> Sequence[str]:
        """The names of all fields that differ, with `version` and `updated_at` if they do."""
        return [*self.fields, "version", "updated_at"] if self.makes_version else self.fields


def changed_fields(before: Machine, after: Machine, *, among: Collection[str] = _EVERY_FIELD) -> list[str]:
    """Return the names of the fields that differ between two states, in the order of their numbers.

    Args:
        before: one state.
        after: the other.
        among: the names of the fields to compare.
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
