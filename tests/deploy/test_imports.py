"""The imports of each function: each module makes cold starts slower, so none should be unused."""

import json
import os
import subprocess
import sys

import pytest

from infra import ROOT
from infra.local import topology

FUNCTIONS = topology.load(topology.DEFAULT_FILE).functions
# Required by any program that uses functions-framework and makes RPCs to Google.
IMPORT = """
import json, sys
import functions_framework.aio, grpc.aio, google.auth.transport.grpc, google.auth.transport.requests
floor = list(sys.modules)
import {}
print(json.dumps([floor, list(sys.modules)]))
"""

EVERY_FUNCTION = """
bootstrap bootstrap.application
channels
domain.attempts domain.command domain.deadline domain.errors domain.events domain.http_response
domain.identities domain.machine_change domain.plain
edge.app edge.endpoint edge.problems edge.request_log edge.routing edge.upgrades
events.publisher
logs
pb.inventory.v1.events_pb2 pb.inventory.v1.documents_pb2 pb.inventory.v1.machine_pb2 pb.inventory.v1.pool_pb2
pb.inventory.v1.records_pb2
store.batches store.change store.changes
store.codec store.codec.decoding store.codec.encoding store.codec.kinds
store.document_reads store.document_updates
store.effects store.errors store.firestore store.outbox store.paths store.queries
store.retries store.rpcs store.shared_calls store.transaction store.wire_format store.writes
"""
SERVES_CLIENTS = """
bootstrap.api
domain.access domain.pages domain.search
edge.auth edge.body edge.conditions edge.files edge.idempotency edge.items
edge.machine_status edge.machine_view edge.negotiation edge.parameters edge.path edge.pool_view
edge.query edge.resource edge.responses edge.sensitive_parameters edge.size edge.strict_json edge.turns
edge.validation
store.api_keys store.heartbeats store.machines store.member_names store.members
store.memberships store.page_size store.pools concurrency
"""
ADDITIONAL = {
    "machines": f"""{SERVES_CLIENTS}
        domain.machine_filter domain.machine_ids domain.machines domain.versions
        pb.inventory.v1.api_pb2
        store.label_sets store.long_searches store.machine_lists store.machine_queries
    """,
    "pools": f"""{SERVES_CLIENTS}
        domain.pools domain.versions
    """,
    "outbox_relay": "bootstrap.schedule edge.internal events.backlog concurrency",
    "heartbeat_sweep": """
        bootstrap.schedule
        domain.access domain.machine_ids domain.machines domain.search domain.versions
        edge.internal
        store.heartbeats store.machines store.silent_machines
    """,
    "pool_cleanup": """
        bootstrap.subscription
        edge.internal
        events.push
        store.member_names
    """,
}
FIRST_PARTY = {"functions", "google_apis", "shared"}
MESSAGES = {"google.protobuf", "google.rpc", "google.type"}
# Of the server, which imports them anyway: shared/edge/upgrades.py.
SERVER = {"uvicorn", "httptools"}
PYDANTIC = {"pydantic", "pydantic_core", "annotated_types", "typing_inspection"}


def imported(function: topology.Function) -> tuple[set[str], set[str]]:
    """Return the modules that are loaded before, and after, the import of a function's main.py."""
    environment = {**os.environ, **function.environment, "GOOGLE_CLOUD_PROJECT": "project"}
    run = subprocess.run(
        [sys.executable, "-c", IMPORT.format(f"functions.{function.name}.main")],
        cwd=ROOT,
        env={**environment, "PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        check=True,
    )
    floor, modules = map(set, json.loads(run.stdout))
    return floor, modules


@pytest.mark.parametrize("function", FUNCTIONS.values(), ids=FUNCTIONS)
def test_a_function_imports_what_it_uses_and_nothing_else(function: topology.Function) -> None:
    assert function.name in ADDITIONAL, f"list the imports of {function.name} from shared in ADDITIONAL"
    floor, modules = imported(function)
    shared = {name for name in modules if name.startswith("shared.")}
    packages = {name.rpartition(".")[0] for name in shared} - {"shared.bootstrap", "shared.store.codec"}
    files = {file.stem for file in (ROOT / function.folder).glob("[!_]*.py")}

    expected = {f"shared.{name}" for name in (EVERY_FUNCTION + ADDITIONAL[function.name]).split()}
    assert expected == shared - packages
    assert {f"functions.{function.name}.{file}" for file in files} == {
        name for name in modules if name.startswith("functions.") and name.count(".") == 2
    }
    found = {package(name) for name in modules - floor} - set(sys.stdlib_module_names)
    expected = (
        FIRST_PARTY | MESSAGES | SERVER | {"uuid6"} | (PYDANTIC if function.trigger == "http" else set())
    )
    assert expected == {name for name in found if not name.rpartition(".")[2].startswith("_")}


def package(module: str) -> str:
    """Return the package of a module; `google` is a namespace of many packages."""
    return ".".join(module.split(".")[: 2 if module.startswith("google.") else 1])
