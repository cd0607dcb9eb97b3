"""The OpenAPI document matches the operations."""

import json
import subprocess
import sys
from collections.abc import Iterator
from functools import reduce
from pathlib import Path
from typing import Any

from infra.openapi.__main__ import FOLDER, all_operations

ROOT = Path(__file__).resolve().parents[2]
DOCUMENT = json.loads((ROOT / FOLDER / "openapi.json").read_text())
SCHEMAS = DOCUMENT["components"]["schemas"]


def test_the_committed_document_and_page_are_freshly_made_ones(tmp_path: Path) -> None:
    subprocess.run([sys.executable, "-m", "infra.openapi", "--into", str(tmp_path)], cwd=ROOT, check=True)

    made = {file.name: file.read_text() for file in (tmp_path / FOLDER).iterdir()}
    committed = {file.name: file.read_text() for file in (ROOT / FOLDER).iterdir()}
    stale = {name for name, _ in committed.items() ^ made.items()}
    assert stale == set(), "run `make openapi`"


def test_the_server_is_the_one_that_sent_the_document() -> None:
    """Without it, openapi-generator makes clients of localhost, and linters of Redocly report an error."""
    assert DOCUMENT["servers"] == [{"url": "/"}]


def test_every_operation_has_a_name_of_its_own() -> None:
    names = [operation.name for operation in all_operations()]

    assert sorted(set(names)) == sorted(names)


def test_only_what_must_be_requested_or_found_is_optional_in_responses() -> None:
    of_responses = {
        name: schema for name, schema in SCHEMAS.items() if schema.get("additionalProperties") is not False
    }

    assert {
        (name, field)
        for name, schema in of_responses.items()
        for field in schema.get("properties", {})
        if field not in schema["required"]
    } == {
        ("DetailedPoolView", "included"),
        ("DetailedPoolView", "machines"),
        ("DuplicateMacProblem", "existing_machine_id"),
        ("MachineItemsWithIncludes", "included"),
        ("MachineWithIncludes", "included"),
        ("PoolItemsWithIncludes", "included"),
    }


def test_no_field_of_a_body_has_a_default() -> None:
    """Some generators make such a field required in requests, and always present in responses."""
    assert [
        (name, field)
        for name, schema in SCHEMAS.items()
        for field, described in schema.get("properties", {}).items()
        if "default" in described
    ] == []


def test_no_parameter_has_a_default_that_depends_on_another() -> None:
    """Some clients send each default, but `page` and `page_token` exclude each other."""
    parameters = DOCUMENT["paths"]["/api/v1/machines"]["get"]["parameters"]
    assert [described["name"] for described in parameters if "default" in described.get("schema", ())] == []


def test_labels_of_a_request_are_a_map_of_text() -> None:
    """Generators of clients make a map of `additionalProperties`, but seldom of `patternProperties`."""
    labels = SCHEMAS["MachineProfile"]["properties"]["labels"]

    assert labels["additionalProperties"]["type"] == "string"
    assert "pattern" in labels["propertyNames"]


def test_every_call_says_which_key_it_needs() -> None:
    for path, calls in DOCUMENT["paths"].items():
        for call in calls.values():
            needed = "Needs no key." if path.startswith("/health") else "Needs a key with the scope "
            assert call["description"].startswith(needed)


def test_every_call_can_have_a_500() -> None:
    for path, calls in DOCUMENT["paths"].items():
        for call in calls.values():
            assert ("500" in call["responses"]) == (not path.startswith("/health"))


def test_every_call_takes_a_request_id() -> None:
    for path in DOCUMENT["paths"].values():
        for call in path.values():
            assert {"$ref": "#/components/parameters/RequestId"} in call["parameters"]


def test_every_alternative_has_a_type() -> None:
    """Generators of clients do not add the type beside `anyOf` to its alternatives."""
    alternatives = [one for schema in objects(DOCUMENT) for one in schema.get("anyOf", ())]
    assert [one for one in alternatives if not {"type", "$ref"} & one.keys()] == []


def test_every_body_has_a_type() -> None:
    """In TypeScript, JSON or a body without a type is just `unknown`: nothing checks the JSON."""
    bodies = [media for described in objects(DOCUMENT) for media in described.get("content", {}).values()]
    assert [body for body in bodies if not {"type", "$ref", "anyOf"} & body["schema"].keys()] == []


def test_null_is_only_a_type_beside_others() -> None:
    """openapi-generator makes no client in Python if null is the only type of a field."""
    fields = [
        (model, field)
        for model, schema in SCHEMAS.items()
        for field, described in schema.get("properties", {}).items()
        if described.get("type") == "null"
    ]
    assert fields == []


def test_sizes_and_frequencies_have_64_bits() -> None:
    """Without a format, clients in Java and some other languages have integers of 32 bits."""
    for part, field in (
        ("Cpu", "clock_frequency"),
        ("Cpu", "cores"),
        ("MemoryModule", "size"),
        ("Drive", "capacity"),
    ):
        for model in ("Profile", "View"):
            assert SCHEMAS[f"{part}{model}"]["properties"][field]["format"] == "int64"


def test_every_reference_leads_to_something() -> None:
    for reference in {schema["$ref"] for schema in objects(DOCUMENT) if "$ref" in schema}:
        steps = reference.removeprefix("#/").split("/")
        assert reduce(lambda inside, step: inside[step], steps, DOCUMENT)


def objects(value: Any) -> Iterator[dict[str, Any]]:  # noqa: ANN401 - any JSON value
    """Yield all objects in a JSON value."""
    if isinstance(value, dict):
        yield value
    if isinstance(value, dict | list):
        for item in value.values() if isinstance(value, dict) else value:
            yield from objects(item)
