"""The conditions by which a list selects machines."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from shared.pb.inventory.v1.machine_pb2 import MachineStatus


@dataclass(frozen=True, kw_only=True)
class LabelSelector:
    """A condition on one label.

    Attributes:
        key: the label's key.
        value: the required value; None accepts any.
        absent: whether the machine must not have the label.
    """

    key: str
    value: str | None = None
    absent: bool = False

    def accepts(self, labels: Mapping[str, str]) -> bool:
        """Return whether the labels meet the condition."""
        if self.absent:
            return self.key not in labels
        return self.key in labels and self.value in (None, labels[self.key])


@dataclass(frozen=True, kw_only=True)
class MachineFilter:
    """Conditions that a machine must all meet; None is no condition.

    Attributes:
        organization_id: the organization that owns the machines.
        search: a substring of the id, name or hostname, without regard to case.
        name: the whole name.
        status: the status.
        pool_id: a pool that the machine is a member of.
        created_from: the earliest time of registration.
        created_to: the latest time of registration.
        labels: conditions on its labels.
    """

    organization_id: str
    search: str | None = None
    name: str | None = None
    status: MachineStatus | None = None
    pool_id: str | None = None
    created_from: datetime | None = None
    created_to: datetime | None = None
    labels: tuple[LabelSelector, ...] = ()
