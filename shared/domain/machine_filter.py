"""Which machines a list shows."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from shared.pb.inventory.v1.machine_pb2 import MachineStatus


@dataclass(frozen=True, kw_only=True)
class LabelSelector:
    """A condition on one label.

    Attributes:
        key: the label's key.
        value: the value that it must have; None for any.
        absent: whether a machine must not have the label at all.
    """

    key: str
    value: str | None = None
    absent: bool = False

    def accepts(self, labels: Mapping[str, str]) -> bool:
        """Tell whether labels meet the condition."""
        if self.absent:
            return self.key not in labels
        return self.key in labels and self.value in (None, labels[self.key])


@dataclass(frozen=True, kw_only=True)
class MachineFilter:
    """Conditions, all of which a machine must meet; None stands for none.

    Attributes:
        organization_id: whose machines.
        search: a part of the id, the name or the hostname, in any case.
        name: the whole name.
        status: the status.
        pool_id: a pool that the machine is a member of.
        created_from: the earliest time of registration.
        created_to: the latest time of registration.
        labels: what its labels must be.
    """

    organization_id: str
    search: str | None = None
    name: str | None = None
    status: MachineStatus | None = None
    pool_id: str | None = None
    created_from: datetime | None = None
    created_to: datetime | None = None
    labels: tuple[LabelSelector, ...] = ()
