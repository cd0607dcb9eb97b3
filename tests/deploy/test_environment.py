"""The environment variables that Terraform and the topology set are those that the code reads."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from infra import ROOT
from infra.local import topology

TOPOLOGY = topology.load(topology.DEFAULT_FILE)
TERRAFORM = ROOT / "infra" / "terraform"

# Read outside of Google Cloud: the emulators' addresses, and the setting for a terminal's colors.
LOCAL = {"FIRESTORE_EMULATOR_HOST", "FORCE_COLOR", "PUBSUB_EMULATOR_HOST"}
# Read by Python and functions-framework themselves.
RUNTIME = {"LOG_EXECUTION_ID", "PYTHONPATH"}
# Read by gRPC and pydantic.
LIBRARIES = {"GRPC_EXPERIMENTS", "PYDANTIC_DISABLE_PLUGINS"}


def variables_read(folder: Path) -> set[str]:
    """Return the variables that code reads from the environment, or with a function of `shared.bootstrap`."""
    return {
        name.value
        for file in folder.rglob("*.py")
        for node in ast.walk(ast.parse(file.read_text()))
        for source, name in lookups(node)
        if isinstance(name, ast.Constant) and isinstance(name.value, str)
        if ast.unparse(source) in {"os.environ", "environment"}
    }


def lookups(node: ast.AST) -> Iterator[tuple[ast.expr, ast.expr]]:
    """Yield the mapping and the key of `mapping[key]`, `mapping.get(key, ...)` and `variable(key, ...)`."""
    match node:
        case ast.Subscript(value=source, slice=name):
            yield source, name
        case ast.Call(func=ast.Attribute(value=source, attr="get"), args=[name, *_]):
            yield source, name
        case ast.Call(func=ast.Name(id="variable" | "seconds"), args=[name, *_]):
            yield ast.Name("environment"), name


def variables_set_by_terraform() -> set[str]:
    """Return the variables that are set for every function: `local.environment` in functions.tf."""
    (block,) = re.findall(
        r"^  environment = \{\n(.*?)^  \}\n",
        (TERRAFORM / "functions.tf").read_text(),
        re.DOTALL | re.MULTILINE,
    )
    return set(re.findall(r"^    (\w+) += ", block, re.MULTILINE))


@pytest.mark.parametrize("function", TOPOLOGY.functions.values(), ids=TOPOLOGY.functions)
def test_what_a_function_reads_is_set_and_nothing_else_is(function: topology.Function) -> None:
    read = variables_read(function.source.parent) | variables_read(ROOT / "shared")

    assert (read - LOCAL) | RUNTIME == {*function.environment, *variables_set_by_terraform()} - LIBRARIES


def test_terraform_reads_every_field_of_the_topology() -> None:
    """If Terraform ignored a field that the local stack uses, production would differ from it."""
    code = "\n".join(file.read_text() for file in TERRAFORM.glob("*.tf"))
    records = (
        *(topology.Function, topology.Route, topology.Topic, topology.Retry, topology.DeadLetter),
        *(topology.Subscription, topology.Schedule, topology.Topology),
    )
    fields = {name for record in records for name in record.model_fields}
    fields -= {"name"}  # the name is the key of a section

    assert {field for field in fields if not re.search(rf"\.{field}\b", code)} == set()


def test_every_index_field_that_the_emulator_reads_is_read_by_terraform() -> None:
    """The emulator's reader is infra/local/firestore/indexes.py; both read the Firebase CLI's form."""
    emulator = (ROOT / "infra" / "local" / "firestore" / "indexes.py").read_text()
    terraform = (TERRAFORM / "firestore.tf").read_text()
    form = {
        *("collectionGroup", "queryScope", "fields", "fieldPath", "order", "arrayConfig"),
        *("indexes", "fieldOverrides", "ttl"),
    }

    assert {word for word in form if f'"{word}"' not in emulator} == set()
    assert {word for word in form if not re.search(rf"\.{word}\b", terraform)} == set()
