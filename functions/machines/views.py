"""What lookups and lists of machines show beside a machine itself."""

from typing import Annotated

from pydantic import Field

from shared.edge.machine_view import MachineView
from shared.edge.pool_view import IncludedPool
from shared.edge.validation import Deferred


class PageInfo(Deferred):
    """Where a page stands in its list."""

    total: Annotated[
        int, Field(description="How many there are, or were when the walk by `page_token` began")
    ]
    page: int
    per_page: int
    total_pages: int
    next_page_token: str | None


class MachinePage(Deferred):
    """A page of machines, newest first."""

    machines: list[MachineView]
    pagination: PageInfo


class MachineWithIncludes(MachineView):
    """A machine, its pools, and these once more as related resources, where they are asked for."""

    included: list[IncludedPool] = Field(default=[])


class MachineItems(Deferred):
    """Some of an organization's machines, newest first."""

    items: list[MachineView]
    total: int
    skip: int
    limit: int


class MachineItemsWithIncludes(MachineItems):
    """Some of an organization's machines, and the pools that they are in, each once."""

    included: list[IncludedPool] = Field(default=[])
