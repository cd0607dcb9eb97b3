"""The operations of the `machines` function."""

from functools import partial

from functions.machines.bodies import FingerprintRegistration, MachinePatch
from functions.machines.deletion import delete
from functions.machines.fingerprint import register_by_fingerprint
from functions.machines.listing import MachineItemsQuery, list_items
from functions.machines.lookup import MachineQuery, get, get_profile
from functions.machines.profile import MachineProfile
from functions.machines.profile_listing import MachinePageQuery, list_profiles
from functions.machines.registration import register
from functions.machines.replacement import replace
from functions.machines.update import update
from functions.machines.views import MachineItemsWithIncludes, MachinePage, MachineWithIncludes
from shared.bootstrap import Inventory
from shared.domain import errors
from shared.domain.access import Scope
from shared.edge import path
from shared.edge.machine_view import MachineView, RegisteredMachineView
from shared.edge.problems import Family
from shared.edge.resource import Operation
from shared.pb.inventory.v1.api_pb2 import MachineList, RegisteredMachine
from shared.pb.inventory.v1.machine_pb2 import Machine
from shared.store.machine_lists import MachineLists


def operations(inventory: Inventory) -> list[Operation]:
    """Return the function's operations, grouped by path."""
    lists = MachineLists(inventory.firestore)
    return [*_profiles(inventory, lists), *_machines(inventory, lists)]


def _profiles(inventory: Inventory, lists: MachineLists) -> list[Operation]:
    return [
        Operation(
            name="register_machine",
            summary="Register a machine with its hardware profile",
            method="POST",
            path="/api/v1/machines",
            scope=Scope.MACHINES_WRITE,
            family=Family.MACHINES,
            handler=partial(register, inventory),
            body=MachineProfile,
            body_message=Machine,
            success={201: RegisteredMachineView},
            success_message=RegisteredMachine,
            errors=(errors.DuplicateMac,),
        ),
        Operation(
            name="list_machine_profiles",
            summary="List machines page by page, newest first, or find one by MAC address",
            method="GET",
            path="/api/v1/machines",
            scope=Scope.MACHINES_READ,
            family=Family.MACHINES,
            handler=partial(list_profiles, inventory, lists),
            query=MachinePageQuery,
            success={200: MachinePage},
            success_message=MachineList,
        ),
        Operation(
            name="get_machine_profile",
            summary="Get a machine",
            method="GET",
            path="/api/v1/machines/{machine_id}",
            scope=Scope.MACHINES_READ,
            family=Family.MACHINES,
            handler=partial(get_profile, inventory),
            success={200: MachineView, 304: None},
            success_message=Machine,
            errors=(errors.MachineNotFound,),
        ),
        Operation(
            name="replace_machine_profile",
            summary="Replace a machine's hardware profile and optional fields",
            method="PUT",
            path="/api/v1/machines/{machine_id}",
            scope=Scope.MACHINES_WRITE,
            family=Family.MACHINES,
            handler=partial(replace, inventory),
            body=MachineProfile,
            body_message=Machine,
            success={200: MachineView},
            success_message=Machine,
            errors=(errors.MachineNotFound, errors.DuplicateMac, errors.PreconditionFailed),
        ),
        Operation(
            name="delete_machine_profile",
            summary="Delete a machine; its MAC addresses are free at once",
            method="DELETE",
            path="/api/v1/machines/{machine_id}",
            scope=Scope.MACHINES_WRITE,
            family=Family.MACHINES,
            handler=partial(delete, inventory, path.machine_id),
            success={204: None},
            errors=(errors.MachineNotFound, errors.PreconditionFailed),
        ),
    ]


def _machines(inventory: Inventory, lists: MachineLists) -> list[Operation]:
    return [
        Operation(
            name="create_machine",
            summary="Register a machine by its fingerprint",
            method="POST",
            path="/v1/machines",
            scope=Scope.MACHINES_WRITE,
            family=Family.POOLS,
            handler=partial(register_by_fingerprint, inventory),
            body=FingerprintRegistration,
            success={201: MachineView},
            errors=(errors.DuplicateFingerprint,),
        ),
        Operation(
            name="list_machines",
            summary="List machines by any combination of filters, newest first",
            method="GET",
            path="/v1/machines",
            scope=Scope.MACHINES_READ,
            family=Family.POOLS,
            handler=partial(list_items, inventory, lists),
            query=MachineItemsQuery,
            success={200: MachineItemsWithIncludes},
        ),
        Operation(
            name="get_machine",
            summary="Get a machine",
            method="GET",
            path="/v1/machines/{machine_id}",
            scope=Scope.MACHINES_READ,
            family=Family.POOLS,
            handler=partial(get, inventory),
            query=MachineQuery,
            success={200: MachineWithIncludes, 304: None},
            errors=(errors.MachineNotFound,),
        ),
        Operation(
            name="update_machine",
            summary="Change some fields of a machine, or send a heartbeat",
            method="PATCH",
            path="/v1/machines/{machine_id}",
            scope=Scope.MACHINES_WRITE,
            family=Family.POOLS,
            handler=partial(update, inventory),
            body=MachinePatch,
            success={200: MachineView},
            errors=(errors.MachineNotFound, errors.PreconditionFailed),
        ),
        Operation(
            name="delete_machine",
            summary="Delete a machine",
            method="DELETE",
            path="/v1/machines/{machine_id}",
            scope=Scope.MACHINES_WRITE,
            family=Family.POOLS,
            handler=partial(delete, inventory, partial(path.uuid, name="machine_id")),
            success={204: None},
            errors=(errors.MachineNotFound, errors.PreconditionFailed),
        ),
    ]
