"""What the topology and the local stack repeat of the code: nothing new is forgotten."""

import importlib

import pytest

from infra import ROOT
from infra.local import provision, topology
from infra.openapi.__main__ import all_operations
from shared.bootstrap import inventory
from shared.domain.access import Scope
from shared.edge.resource import Operation

TOPOLOGY = topology.load(topology.DEFAULT_FILE)
SERVE_CLIENTS = [name for name, function in TOPOLOGY.functions.items() if function.trigger == "http"]


def operations(function: str) -> list[Operation]:
    """Return the operations of a function that clients call."""
    module = importlib.import_module(f"functions.{function}.operations")
    found: list[Operation] = module.operations(inventory({"GOOGLE_CLOUD_PROJECT": "unused"}))
    return found


def test_every_function_is_in_the_topology() -> None:
    written = {str(main.parent.relative_to(ROOT)) for main in (ROOT / "functions").glob("*/main.py")}

    assert written == {function.folder for function in TOPOLOGY.functions.values()}


def test_every_function_has_an_entry_point_name_of_its_own() -> None:
    names = [function.entry_point for function in TOPOLOGY.functions.values()]

    assert sorted(set(names)) == sorted(names)


def test_every_function_has_a_name_that_service_accounts_can_have() -> None:
    """The id of an account has at most 30 characters, and Terraform names it after the function."""
    assert [name for name in TOPOLOGY.functions if len(f"muster-{name}") > 30] == []


def test_every_function_is_called() -> None:
    called = [
        *(route.function for route in TOPOLOGY.routes),
        *(subscription.function for subscription in TOPOLOGY.subscriptions.values()),
        *(schedule.function for schedule in TOPOLOGY.schedules.values()),
    ]

    assert set(TOPOLOGY.functions) == set(called)


@pytest.mark.parametrize("function", SERVE_CLIENTS)
def test_every_operation_has_a_route_to_its_function(function: str) -> None:
    def called(path: str) -> str:
        return next(route.function for route in TOPOLOGY.routes if route.pattern().fullmatch(path))

    elsewhere = {
        operation.path: called(operation.path)
        for operation in operations(function)
        if called(operation.path) != function
    }
    assert elsewhere == {}, "add a route to infra/topology.yaml"


def test_the_operations_of_every_function_are_described() -> None:
    described = [operation.name for operation in all_operations()]

    assert described == [operation.name for name in SERVE_CLIENTS for operation in operations(name)]


def test_the_local_key_has_every_scope() -> None:
    assert list(provision.SCOPES) == [scope.value for scope in Scope], "change SCOPES in provision.py"
