"""Views of machines in lookups and lists."""

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import Field

from shared.edge.machine_view import MachineView
from shared.edge.pool_view import PoolView
from shared.edge.validation import Deferred


class IncludedPool(PoolView):
    """A pool among the related resources of a response."""

    type: Literal["pool"]


def included_pool(pool: Mapping[str, Any]) -> dict[str, Any]:
    """Return what `pool_json` returned as the values of `IncludedPool`."""
    return {**pool, "type": "pool"}


class PageInfo(Deferred):
    """The position of a page in its list."""

    total: Annotated[
        int, Field(description="The number of matching machines; with `page_token`, as of the first page")
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
    """A machine. If requested, its pools, also as related resources."""

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
