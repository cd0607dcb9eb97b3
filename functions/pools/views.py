"""Views of pools in responses."""

from typing import Any, Literal

from pydantic import Field, RootModel

from shared.domain.plain import Plain
from shared.edge.machine_view import MachineView, machine_json
from shared.edge.pool_view import PoolView
from shared.edge.validation import Deferred


class IncludedMachine(MachineView):
    """A machine among the related resources of a response."""

    type: Literal["machine"]


def included_machine(machine: Plain) -> dict[str, Any]:
    """Return a machine as the values of `IncludedMachine`."""
    return machine_json(machine) | {"type": "machine"}


class PoolWithMachinesView(PoolView):
    """A pool after an assignment, with its machines: those of the request first, at most 100 in all."""

    machines: list[MachineView]


class DetailedPoolView(PoolView):
    """A pool. If requested, its newest 100 machines."""

    machines: list[MachineView] = Field(default=[])
    included: list[IncludedMachine] = Field(default=[])


class PoolItems(Deferred):
    """Some of an organization's pools, newest first."""

    items: list[PoolView]
    total: int
    skip: int
    limit: int


class PoolItemsWithIncludes(PoolItems):
    """Some of an organization's pools, and the machines in them that are asked for."""

    included: list[IncludedMachine] = Field(default=[])


class PoolList(RootModel[list[PoolView]]):
    """The pools of a machine."""
