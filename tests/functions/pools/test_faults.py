"""Rejected requests: bodies, query parameters, keys, methods. None has an effect."""

import json
from contextlib import closing
from http.client import HTTPConnection
from typing import Any

import pytest

from tests.functions.pools.api import PoolsApi, a_uuid
from tests.functions.pools.expectations import POOL_TOO_LARGE, Location, invalid, problem
from tests.stack import NewOrganization, RunningStack

Faults = list[tuple[Location, str, str]]

REQUIRED = "Field required"
NOT_A_STRING = "Input should be a valid string"
NOT_AN_OBJECT = "Input should be a valid dictionary"
UNKNOWN = "Extra inputs are not permitted"
NOT_A_BODY = "Input should be a valid dictionary or object to extract fields from"
SENSITIVE = "Sensitive parameters are refused: there is no secret store that could keep them"
TOO_DEEP = "must not be nested deeper than {} levels"


def at(*location: str | int) -> Location:
    """Return a place in the body."""
    return ("body", *location)


def nested(levels: int) -> dict[str, Any]:
    """Return nested objects."""
    return {"a": nested(levels - 1)} if levels else {}


CONTENTS: list[tuple[Any, Faults]] = [
    ({"name": ""}, [(at("name"), "String should have at least 1 character", "string_too_short")]),
    ({"name": "x" * 256}, [(at("name"), "String should have at most 255 characters", "string_too_long")]),
    ({"name": None}, [(at("name"), NOT_A_STRING, "string_type")]),
    ({"name": 1}, [(at("name"), NOT_A_STRING, "string_type")]),
    ({"name": "a", "description": 1}, [(at("description"), NOT_A_STRING, "string_type")]),
    ({"name": "a", "pool_parameters": []}, [(at("pool_parameters"), NOT_AN_OBJECT, "dict_type")]),
    ({"name": "a", "pool_parameters": "{}"}, [(at("pool_parameters"), NOT_AN_OBJECT, "dict_type")]),
    (
        {"name": "a", "pool_sensitive_parameters": {"token": "s3cr3t"}},
        [(at("pool_sensitive_parameters"), SENSITIVE, "sensitive_parameters")],
    ),
    ({"name": "a", "machines": []}, [(at("machines"), UNKNOWN, "extra_forbidden")]),
    ({"name": "a", "id": a_uuid()}, [(at("id"), UNKNOWN, "extra_forbidden")]),
    (
        {"name": "a", "pool_parameters": {"x": "y" * 65_536}},
        [(at("pool_parameters"), "must be at most 64 KiB as JSON", "too_large")],
    ),
    (
        {"name": 1, "pool_parameters": nested(100)},
        [
            (at("pool_parameters"), TOO_DEEP.format(99), "nested_too_deep"),
            (at("name"), NOT_A_STRING, "string_type"),
        ],
    ),
    (
        {"name": "a", "description": "x" * 81_921},
        [(at("description"), POOL_TOO_LARGE, "too_large")],
    ),
    ([], [(at(), NOT_A_BODY, "model_attributes_type")]),
    ([nested(100)], [(at(), TOO_DEEP.format(100), "nested_too_deep")]),
    ("name", [(at(), NOT_A_BODY, "model_attributes_type")]),
    (None, [(at(), NOT_A_BODY, "model_attributes_type")]),
    (
        {"name": 1, "description": 2, "x": 3},
        [
            (at("name"), NOT_A_STRING, "string_type"),
            (at("description"), NOT_A_STRING, "string_type"),
            (at("x"), UNKNOWN, "extra_forbidden"),
        ],
    ),
]


@pytest.mark.parametrize(("body", "faults"), [*CONTENTS, ({}, [(at("name"), REQUIRED, "missing")])])
async def test_a_pool_with_faults_is_not_created(*, pools: PoolsApi, body: object, faults: Faults) -> None:
    response = await pools.send(
        "POST", "/v1/pools", json.dumps(body).encode(), {"Content-Type": "application/json"}
    )

    invalid(response, *faults)
    assert "s3cr3t" not in response.text
    assert (await pools.call("GET", "/v1/pools")).json()["total"] == 0


@pytest.mark.parametrize(("body", "faults"), CONTENTS)
async def test_an_update_with_faults_changes_nothing(
    *, pools: PoolsApi, body: object, faults: Faults
) -> None:
    created = await pools.create()
    path = f"/v1/pools/{created['id']}"

    response = await pools.send(
        "PATCH", path, json.dumps(body).encode(), {"Content-Type": "application/json"}
    )

    invalid(response, *faults)
    assert created == await pools.get(created["id"])


def _uuids(field: str) -> list[tuple[Any, Faults]]:
    """Return invalid lists of ids, with their faults."""
    not_a_uuid = "UUID input should be a string, bytes or UUID object"
    parsing = "Input should be a valid UUID, "
    return [
        ({}, [(at(field), REQUIRED, "missing")]),
        ({field: None}, [(at(field), "Input should be a valid list", "list_type")]),
        ({field: a_uuid()}, [(at(field), "Input should be a valid list", "list_type")]),
        ({field: {}}, [(at(field), "Input should be a valid list", "list_type")]),
        (
            {field: ["x", a_uuid(), ""]},
            [
                (at(field, 0), f"{parsing}invalid character: found `x` at 0", "uuid_parsing"),
                (at(field, 2), f"{parsing}invalid length: found 0", "uuid_parsing"),
            ],
        ),
        (
            {field: [1, None]},
            [(at(field, 0), not_a_uuid, "uuid_type"), (at(field, 1), not_a_uuid, "uuid_type")],
        ),
        (
            {field: [a_uuid() for _ in range(101)]},
            [(at(field), "List should have at most 100 items after validation, not 101", "too_long")],
        ),
        ({field: [a_uuid()], "x": 1}, [(at("x"), UNKNOWN, "extra_forbidden")]),
        ([a_uuid()], [(at(), NOT_A_BODY, "model_attributes_type")]),
    ]


EMPTY: tuple[Any, Faults] = (
    {"machine_ids": []},
    [(at("machine_ids"), "List should have at least 1 item after validation, not 0", "too_short")],
)


@pytest.mark.parametrize(("method", "path"), [("POST", ""), ("DELETE", ""), ("POST", "/remove")])
@pytest.mark.parametrize(("body", "faults"), [*_uuids("machine_ids"), EMPTY])
async def test_an_assignment_names_1_to_100_machines(
    *, pools: PoolsApi, method: str, path: str, body: object, faults: Faults
) -> None:
    """Faults of the body are reported before any read."""
    invalid(await pools.call(method, f"/v1/pools/{a_uuid()}/machines{path}", body), *faults)


@pytest.mark.parametrize(("body", "faults"), _uuids("pool_ids"))
async def test_a_replacement_names_at_most_100_pools(
    *, pools: PoolsApi, body: object, faults: Faults
) -> None:
    invalid(await pools.call("PUT", f"/v1/machines/{a_uuid()}/pools", body), *faults)


async def test_an_empty_list_of_pools_is_no_fault(pools: PoolsApi) -> None:
    response = await pools.call("PUT", f"/v1/machines/{a_uuid()}/pools", {"pool_ids": []})

    assert response.status_code == 404


NOBODY = "0193a5d2-7b1c-7000-8000-000000000000"
POOL, MACHINE = f"/v1/pools/{NOBODY}", f"/v1/machines/{NOBODY}"
NATURAL = "Input should be greater than or equal to "
AT_MOST = "Input should be less than or equal to "
INTEGER = "Input should be a valid integer, unable to parse string as an integer"
BOOLEAN = "Input should be a valid boolean, unable to interpret input"
TWICE = "Parameter must not be given twice"
MACHINES = "Input should be 'machines'"
QUERIES = [
    ("/v1/pools?skip=-1", "skip", f"{NATURAL}0", "greater_than_equal"),
    ("/v1/pools?skip=2147483648", "skip", f"{AT_MOST}2147483647", "less_than_equal"),
    ("/v1/pools?skip=1.0", "skip", INTEGER, "int_parsing"),
    ("/v1/pools?skip=+1", "skip", INTEGER, "int_parsing"),
    ("/v1/pools?skip=", "skip", INTEGER, "int_parsing"),
    ("/v1/pools?limit=0", "limit", f"{NATURAL}1", "greater_than_equal"),
    ("/v1/pools?limit=1001", "limit", f"{AT_MOST}1000", "less_than_equal"),
    ("/v1/pools?limit=ten", "limit", INTEGER, "int_parsing"),
    ("/v1/pools?page=1", "page", UNKNOWN, "extra_forbidden"),
    ("/v1/pools?skip=1&skip=2", "skip", TWICE, "repeated_parameter"),
    ("/v1/pools?include=pools", "include", MACHINES, "literal_error"),
    ("/v1/pools?include=machines,", "include", MACHINES, "literal_error"),
    (f"{POOL}?include=", "include", MACHINES, "literal_error"),
    (f"{POOL}?include_machines=2", "include_machines", BOOLEAN, "bool_parsing"),
    (f"{POOL}?limit=1", "limit", UNKNOWN, "extra_forbidden"),
    (f"{MACHINE}/pools?limit=1", "limit", UNKNOWN, "extra_forbidden"),
    (f"{MACHINE}/pools?limit=1&limit=2", "limit", TWICE, "repeated_parameter"),
]


@pytest.mark.parametrize(("target", "name", "message", "kind"), QUERIES)
async def test_query_parameters_are_read_to_the_letter(
    *, pools: PoolsApi, target: str, name: str, message: str, kind: str
) -> None:
    invalid(await pools.call("GET", target), (("query", name), message, kind))


@pytest.mark.parametrize("target", ["/v1/pools?include=machines,machines", "/v1/pools?skip=007&limit=1"])
async def test_what_means_something_is_taken(pools: PoolsApi, target: str) -> None:
    assert (await pools.call("GET", target)).status_code == 200


WITH_BODY = [
    ("POST", "/v1/pools"),
    ("PATCH", POOL),
    ("POST", f"{POOL}/machines"),
    ("DELETE", f"{POOL}/machines"),
    ("POST", f"{POOL}/machines/remove"),
    ("PUT", f"{MACHINE}/pools"),
]
WRITES = [*WITH_BODY, ("DELETE", POOL)]
READS = [("GET", "/v1/pools"), ("GET", POOL), ("GET", f"{MACHINE}/pools")]


@pytest.mark.parametrize(("method", "path"), WITH_BODY)
class TestBodies:
    @pytest.mark.parametrize("content", [b"", b"{", b"nonsense", b'{"name": "\xff"}'], ids=repr)
    async def test_what_is_not_json_is_a_malformed_body(
        self, pools: PoolsApi, method: str, path: str, content: bytes
    ) -> None:
        response = await pools.send(method, path, content, {"Content-Type": "application/json"})

        assert problem(response, 400, "malformed-body") == {}

    async def test_no_other_media_type_is_taken(self, pools: PoolsApi, method: str, path: str) -> None:
        response = await pools.send(method, path, b"name=a", {"Content-Type": "text/plain"})

        assert problem(response, 415, "unsupported-media-type") == {}

    async def test_no_coded_body_is_taken(self, pools: PoolsApi, method: str, path: str) -> None:
        response = await pools.send(method, path, b"{}", {"Content-Encoding": "gzip"})

        assert problem(response, 415, "unsupported-content-coding") == {}

    async def test_a_body_has_at_most_1_mib(self, pools: PoolsApi, method: str, path: str) -> None:
        response = await pools.send(method, path, b" " * (1024 * 1024 + 1))

        assert problem(response, 413, "body-too-large") == {}

    async def test_a_name_that_stands_twice_is_a_fault(self, pools: PoolsApi, method: str, path: str) -> None:
        content = b'{"name": "a", "name": "b"}'

        response = await pools.send(method, path, content, {"Content-Type": "application/json"})

        assert response.status_code == 422
        first = response.json()["detail"][0]
        assert first == {"loc": ["body", "name"], "msg": "must not be given twice", "type": "duplicate_key"}


@pytest.mark.parametrize(("method", "path"), WRITES)
@pytest.mark.parametrize("key", ["", "with space", "x" * 256], ids=["empty", "space", "long"])
async def test_an_idempotency_key_is_1_to_255_visible_characters(
    pools: PoolsApi, method: str, path: str, key: str
) -> None:
    response = await pools.call(method, path, {}, {"Idempotency-Key": key})

    message = "must have 1 to 255 visible ASCII characters"
    invalid(response, (("header", "Idempotency-Key"), message, "idempotency_key"))


def test_white_space_around_an_idempotency_key_is_not_part_of_it(
    stack: RunningStack, new_organization: NewOrganization
) -> None:
    """HTTP excludes it from a field's value (RFC 9110, 5.5); httpx does not send it."""
    headers = {**new_organization().headers, "Content-Type": "application/json"}

    def create(key: str) -> tuple[int, str | None, bytes]:
        with closing(HTTPConnection(stack.gateway.removeprefix("http://"))) as connection:
            connection.request("POST", "/v1/pools", b'{"name": "a"}', {**headers, "Idempotency-Key": key})
            response = connection.getresponse()
            return response.status, response.getheader("Idempotent-Replayed"), response.read()

    status, replayed, body = create("key \t ")
    assert (status, replayed) == (201, None)
    assert create(" key") == (201, "true", body)


@pytest.mark.parametrize(("method", "path"), [*READS, *WRITES])
class TestKeys:
    @pytest.mark.parametrize("authorization", ["", "Bearer", "Bearer unknown", "Basic dTpw"], ids=repr)
    async def test_without_a_valid_key_every_request_is_unauthorized(
        self, pools: PoolsApi, method: str, path: str, authorization: str
    ) -> None:
        response = await pools.call(method, path, {}, {"Authorization": authorization})

        assert problem(response, 401, "unauthenticated") == {}
        assert response.headers["www-authenticate"] == "Bearer"

    async def test_a_key_needs_the_scope(
        self, pools: PoolsApi, new_organization: NewOrganization, method: str, path: str
    ) -> None:
        lacking = "pools:read" if (method, path) in READS else "pools:write"
        scopes = {"machines:read", "machines:write", "pools:read", "pools:write"} - {lacking}
        key = new_organization(tuple(scopes)).headers

        assert problem(await pools.call(method, path, {}, key), 403, "scope-missing") == {}


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("PUT", "/v1/pools", "GET, HEAD, POST"),
        ("DELETE", "/v1/pools", "GET, HEAD, POST"),
        ("PUT", POOL, "DELETE, GET, HEAD, PATCH"),
        ("GET", f"{POOL}/machines", "DELETE, POST"),
        ("DELETE", f"{POOL}/machines/remove", "POST"),
        ("POST", f"{MACHINE}/pools", "GET, HEAD, PUT"),
    ],
)
async def test_other_methods_get_the_allowed_ones(
    *, pools: PoolsApi, method: str, path: str, allowed: str
) -> None:
    response = await pools.call(method, path)

    assert problem(response, 405, "method-not-allowed") == {}
    assert allowed == response.headers["allow"]


@pytest.mark.parametrize(
    "path", ["/v1/pools/", f"{POOL}/", f"{POOL}/machines/", f"{POOL}/members", "/v1/pool"]
)
async def test_other_paths_are_not_found_and_never_redirected(pools: PoolsApi, path: str) -> None:
    assert problem(await pools.call("GET", path), 404, "not-found") == {}
