"""The operations of the `pools` function."""

from functools import partial

from functions.pools import machine_pools
from functions.pools.assignment import add, remove
from functions.pools.bodies import MachineAssignment, PoolAssignment, PoolCreation, PoolPatch
from functions.pools.creation import create
from functions.pools.deletion import delete
from functions.pools.listing import PoolItemsQuery, list_items
from functions.pools.lookup import PoolQuery, get
from functions.pools.update import update
from functions.pools.views import DetailedPoolView, PoolItemsWithIncludes, PoolList, PoolWithMachinesView
from shared.bootstrap import Inventory
from shared.domain import errors
from shared.domain.access import Scope
from shared.edge.machine_view import MachineView
from shared.edge.pool_view import PoolView
from shared.edge.problems import Family
from shared.edge.resource import Operation


def operations(inventory: Inventory) -> list[Operation]:
    """Return the function's operations, grouped by path."""
    return [*_pools(inventory), *_assignments(inventory), *_machine_pools(inventory)]


def _pools(inventory: Inventory) -> list[Operation]:
    return [
        Operation(
            name="list_pools",
            summary="List pools, newest first",
            method="GET",
            path="/v1/pools",
            scope=Scope.POOLS_READ,
            family=Family.POOLS,
            handler=partial(list_items, inventory),
            query=PoolItemsQuery,
            success={200: PoolItemsWithIncludes},
        ),
        Operation(
            name="create_pool",
            summary="Create a pool",
            method="POST",
            path="/v1/pools",
            scope=Scope.POOLS_WRITE,
            family=Family.POOLS,
            handler=partial(create, inventory),
            body=PoolCreation,
            success={201: PoolView},
        ),
        Operation(
            name="get_pool",
            summary="Get a pool, and its machines if requested",
            method="GET",
            path="/v1/pools/{pool_id}",
            scope=Scope.POOLS_READ,
            family=Family.POOLS,
            handler=partial(get, inventory),
            query=PoolQuery,
            success={200: DetailedPoolView, 304: None},
            errors=(errors.PoolNotFound,),
        ),
        Operation(
            name="update_pool",
            summary="Change some fields of a pool",
            method="PATCH",
            path="/v1/pools/{pool_id}",
            scope=Scope.POOLS_WRITE,
            family=Family.POOLS,
            handler=partial(update, inventory),
            body=PoolPatch,
            success={200: PoolView},
            errors=(errors.PoolNotFound, errors.PreconditionFailed),
        ),
        Operation(
            name="delete_pool",
            summary="Delete a pool; its machines stay",
            method="DELETE",
            path="/v1/pools/{pool_id}",
            scope=Scope.POOLS_WRITE,
            family=Family.POOLS,
            handler=partial(delete, inventory),
            success={204: None},
            errors=(errors.PoolNotFound, errors.PreconditionFailed),
        ),
    ]


def _assignments(inventory: Inventory) -> list[Operation]:
    return [
        Operation(
            name="add_machines_to_pool",
            summary="Add machines to a pool, all or none; members stay members",
            method="POST",
            path="/v1/pools/{pool_id}/machines",
            scope=Scope.POOLS_WRITE,
            family=Family.POOLS,
            handler=partial(add, inventory),
            body=MachineAssignment,
            success={200: PoolWithMachinesView},
            errors=(errors.PoolNotFound, errors.MachinesNotFound, errors.PreconditionFailed),
        ),
        Operation(
            name="remove_machines_from_pool",
            summary="Remove machines from a pool; those that are not in it are ignored",
            method="DELETE",
            path="/v1/pools/{pool_id}/machines",
            scope=Scope.POOLS_WRITE,
            family=Family.POOLS,
            handler=partial(remove, inventory),
            body=MachineAssignment,
            success={204: None},
            errors=(errors.PoolNotFound, errors.PreconditionFailed),
        ),
        Operation(
            name="remove_machines_from_pool_by_post",
            summary="Remove machines from a pool, through proxies that drop or refuse the body of a DELETE",
            method="POST",
            path="/v1/pools/{pool_id}/machines/remove",
            scope=Scope.POOLS_WRITE,
            family=Family.POOLS,
            handler=partial(remove, inventory),
            body=MachineAssignment,
            success={204: None},
            errors=(errors.PoolNotFound, errors.PreconditionFailed),
        ),
    ]


def _machine_pools(inventory: Inventory) -> list[Operation]:
    return [
        Operation(
            name="get_machine_pools",
            summary="List the pools of a machine",
            method="GET",
            path="/v1/machines/{machine_id}/pools",
            scope=Scope.POOLS_READ,
            family=Family.POOLS,
            handler=partial(machine_pools.get, inventory),
            success={200: PoolList},
            errors=(errors.MachineNotFound,),
        ),
        Operation(
            name="set_machine_pools",
            summary="Set the pools of a machine",
            method="PUT",
            path="/v1/machines/{machine_id}/pools",
            scope=Scope.POOLS_WRITE,
            family=Family.POOLS,
            handler=partial(machine_pools.replace, inventory),
            body=PoolAssignment,
            success={200: MachineView},
            errors=(errors.MachineNotFound, errors.PoolsNotFound, errors.PreconditionFailed),
        ),
    ]
