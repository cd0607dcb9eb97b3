"""Invalid bodies of registrations: not JSON, not an object, too large, or of another media type."""

import json
from collections.abc import AsyncIterator

import pytest

from tests.functions.machines.api import MachinesApi
from tests.functions.machines.bodies import a_body, a_mac
from tests.functions.machines.expectations import PATH, created, invalid, problem

VALID = json.dumps(a_body())

NOT_JSON = {
    "empty": b"",
    "white space": b" \r\n\t",
    "text": b"machine",
    "half an object": b'{"nics": [',
    "two objects": VALID.encode() * 2,
    "trailing comma": VALID.encode()[:-1] + b",}",
    "comment": b"/* */" + VALID.encode(),
    "single quotes": VALID.replace('"', "'").encode(),
    "unquoted name": b"{nics: []}",
    "not UTF-8": VALID.encode().replace(b"Intel", b"\xff\xfe"),
    "UTF-16": VALID.encode("utf-16"),
    "null bytes": b"\0\0\0\0",
    "control character in a string": VALID.replace("Intel", "In\ntel").encode(),
    "leading zero": VALID.replace('"cores": 8', '"cores": 08').encode(),
    "plus sign": VALID.replace('"cores": 8', '"cores": +8').encode(),
    "hexadecimal": VALID.replace('"cores": 8', '"cores": 0x8').encode(),
    "bad escape": VALID.replace("Intel", "\\x41").encode(),
    "half an escape": VALID.replace("Intel", "\\u12").encode(),
    "form": b"nics=1",
    "deep arrays": b"[" * 100_000,
    "deep objects": b'{"a":' * 100_000,
}
NOT_AN_OBJECT = ["[]", "[{}]", '"nics"', "1", "0.5", "true", "null", f"[{VALID}]"]


def beside_a_nic(fields: str) -> bytes:
    """Return a body with a NIC and other fields, given as JSON."""
    return f'{{"nics": [{{"mac": "{a_mac()}"}}], {fields}}}'.encode()


@pytest.mark.usefixtures("store_unchanged")
@pytest.mark.parametrize("content", NOT_JSON.values(), ids=NOT_JSON)
async def test_a_body_that_is_not_json_is_rejected(machines: MachinesApi, content: bytes) -> None:
    problem(await machines.post(content), 400)


@pytest.mark.usefixtures("store_unchanged")
@pytest.mark.parametrize("text", NOT_AN_OBJECT, ids=lambda text: text[:6])
async def test_a_body_that_is_not_an_object_is_rejected(machines: MachinesApi, text: str) -> None:
    problem(await machines.post(text.encode()), 400)


# A path, and JSON with a repeated name there.
DUPLICATES = [
    ("name", '"name": "a", "name": "b"'),
    ("name", '"name": "a", "name": "a"'),
    ("name", '"name": "a", "n\\u0061me": "b"'),
    ("cpus", '"cpus": [], "cpus": []'),
    ("cpus[0].cores", '"cpus": [{"manufacturer": "Intel", "clock_frequency": 1, "cores": 1, "cores": 2}]'),
    ("drives[1].capacity", '"drives": [{"capacity": 1}, {"capacity": 1, "capacity": 1}]'),
    ("labels.tier", '"labels": {"tier": "a", "tier": "b"}'),
    ("machine_parameters.a", '"machine_parameters": {"a": 1, "a": 1}'),
    ("machine_parameters.a[1].b.c", '"machine_parameters": {"a": [0, {"b": {"c": 1, "c": 2}}]}'),
]


@pytest.mark.usefixtures("store_unchanged")
@pytest.mark.parametrize(("field", "text"), DUPLICATES)
async def test_a_name_twice_in_one_object_is_rejected_at_any_depth(
    machines: MachinesApi, field: str, text: str
) -> None:
    invalid(await machines.post(beside_a_nic(text)), field)


LONE_SURROGATES = [
    ("name", '"name": "\\ud800"'),
    ("name", '"name": "\\udc00\\ud800"'),
    ("os_info", '"os_info": "a\\uDFFFb"'),
    ("drives[0].capacity", '"drives": [{"capacity": "\\ud800"}]'),
    ("machine_parameters.a[0]", '"machine_parameters": {"a": ["\\ud800"]}'),
]


@pytest.mark.usefixtures("store_unchanged")
@pytest.mark.parametrize(("field", "text"), LONE_SURROGATES)
async def test_half_a_character_is_rejected(machines: MachinesApi, field: str, text: str) -> None:
    invalid(await machines.post(beside_a_nic(text)), field)


@pytest.mark.usefixtures("store_unchanged")
async def test_a_field_without_a_name_is_reported_so(machines: MachinesApi) -> None:
    content = f'{{"nics": [{{"mac": "{a_mac()}", "": 1}}], "": 1}}'

    invalid(await machines.post(content.encode()), '""', "nics[0].")


# One for each byte of a surrogate in UTF-8, which does not allow surrogates.
HALF = "\N{REPLACEMENT CHARACTER}" * 3


@pytest.mark.usefixtures("store_unchanged")
@pytest.mark.parametrize(
    ("field", "text"),
    [
        (HALF, '"\\ud800": 1'),
        (f"labels.{HALF}", '"labels": {"\\ud800": "x"}'),
        (f"drives[0].{HALF}", '"drives": [{"capacity": 1, "\\ud800": 1}]'),
        (f"machine_parameters.{HALF}", '"machine_parameters": {"\\ud800": 1}'),
    ],
)
async def test_half_a_character_in_a_name_is_rejected_once(
    machines: MachinesApi, field: str, text: str
) -> None:
    invalid(await machines.post(beside_a_nic(text)), field)


async def test_both_halves_of_a_character_are_one(machines: MachinesApi) -> None:
    machine_id = created(await machines.post(beside_a_nic('"name": "\\ud83d\\ude00"')))

    assert machines.stored(machine_id)["name"] == "\N{GRINNING FACE}"


async def test_a_byte_order_mark_is_no_reason_for_a_crash(machines: MachinesApi) -> None:
    """RFC 8259, section 8.1: a sender must not add one, a receiver may ignore it."""
    response = await machines.post(b"\xef\xbb\xbf" + json.dumps(a_body()).encode())

    assert response.status_code in {201, 400}


@pytest.mark.usefixtures("store_unchanged")
@pytest.mark.parametrize("size", [2**20 + 1, 2 * 2**20])
async def test_a_body_over_one_mebibyte_is_rejected(machines: MachinesApi, size: int) -> None:
    padded = json.dumps(a_body()).encode().ljust(size)

    problem(await machines.post(padded), 413)


@pytest.mark.usefixtures("store_unchanged")
async def test_a_body_over_one_mebibyte_is_rejected_also_when_it_does_not_say_its_length(
    machines: MachinesApi,
) -> None:
    async def chunks() -> AsyncIterator[bytes]:
        for _ in range(32):
            yield b" " * 65536

    problem(await machines.post(chunks()), 413)


async def test_a_body_of_one_mebibyte_is_taken(machines: MachinesApi) -> None:
    created(await machines.post(json.dumps(a_body()).encode().ljust(2**20)))


@pytest.mark.parametrize(
    "media_type",
    [
        "application/json",
        "Application/JSON",
        "application/json; charset=utf-8",
        'application/json;charset="UTF-8"',
    ],
)
async def test_json_is_taken_however_it_is_announced(machines: MachinesApi, media_type: str) -> None:
    created(await machines.post(json.dumps(a_body()).encode(), {"Content-Type": media_type}))


@pytest.mark.usefixtures("store_unchanged")
@pytest.mark.parametrize(
    "media_type",
    [
        "text/plain",
        "application/x-www-form-urlencoded",
        "multipart/form-data; boundary=x",
        "application/xml",
        "application/jsonp",
        "application/octet-stream",
        "json",
        "*/*",
    ],
)
async def test_another_media_type_is_rejected(machines: MachinesApi, media_type: str) -> None:
    problem(await machines.post(json.dumps(a_body()).encode(), {"Content-Type": media_type}), 415)


@pytest.mark.usefixtures("store_unchanged")
async def test_an_empty_media_type_is_rejected_as_what_it_is(machines: MachinesApi) -> None:
    response = await machines.post(json.dumps(a_body()).encode(), {"Content-Type": ""})

    assert problem(response, 415)["detail"].startswith(
        "An empty Content-Type is not supported: send application/json"
    )


@pytest.mark.usefixtures("store_unchanged")
@pytest.mark.parametrize("second", ["text/plain", "application/json"])
async def test_two_media_types_are_rejected(machines: MachinesApi, second: str) -> None:
    """No list is allowed there (RFC 9110, 8.3), and a proxy could have interpreted the other one."""
    headers = [
        *machines.organization.headers.items(),
        ("Content-Type", "application/json; charset=utf-8"),
        ("Content-Type", second),
    ]

    response = await machines.http.post(PATH, content=json.dumps(a_body()), headers=headers)

    assert problem(response, 415)["detail"].startswith(f"application/json, {second} is not supported")


@pytest.mark.usefixtures("store_unchanged")
@pytest.mark.parametrize("coding", ["gzip", "GZIP", "br", "identity, gzip", "x"])
async def test_a_coded_body_is_rejected_with_what_would_be_taken(machines: MachinesApi, coding: str) -> None:
    response = await machines.post(json.dumps(a_body()).encode(), {"Content-Encoding": coding})

    assert problem(response, 415)["type"].endswith("/unsupported-content-coding")
    assert response.headers["Accept-Encoding"] == "identity"


@pytest.mark.parametrize("coding", ["identity", ""])
async def test_a_body_may_say_that_it_is_not_coded(machines: MachinesApi, coding: str) -> None:
    response = await machines.post(json.dumps(a_body()).encode(), {"Content-Encoding": coding})

    assert response.status_code == 201


@pytest.mark.usefixtures("store_unchanged")
@pytest.mark.parametrize("query", ["page=1", "dry_run", "a=1&b=2"])
async def test_an_unknown_query_parameter_is_rejected(machines: MachinesApi, query: str) -> None:
    names = [part.partition("=")[0] for part in query.split("&")]

    response = await machines.register(a_body(), query=query)

    invalid(response, *names, detail="The request failed validation")


MANY = {
    "a long name in front of each": f'{{"{"k" * 400_000}": [{", ".join(["NaN"] * 1000)}]}}',
    "as many as there is room for": f'{{"machine_parameters": [{",".join(["NaN"] * 250_000)}]}}',
    "unknown names": "{" + ",".join(f'"{number}": 0' for number in range(30_000)) + "}",
    "entries of an array": f'{{"nics": [{",".join(["{}"] * 300_000)}]}}',
    "labels": '{"labels": {' + ",".join(f'" {number}": 0' for number in range(30_000)) + "}}",
}


@pytest.mark.usefixtures("store_unchanged")
@pytest.mark.parametrize("content", MANY.values(), ids=MANY.keys())
async def test_a_response_has_no_more_faults_than_it_has_room_for(
    machines: MachinesApi, content: str
) -> None:
    assert len(content) < 1024 * 1024

    response = await machines.post(content.encode())

    rejected = problem(response, 400)
    assert rejected["invalid_fields"]
    assert len(response.content) < 2 * 1024 * 1024


@pytest.mark.usefixtures("store_unchanged")
async def test_a_response_says_how_many_faults_it_has_no_room_for(machines: MachinesApi) -> None:
    rejected = problem(await machines.post(MANY["a long name in front of each"].encode()), 400)

    more = 1000 + 2 - len(rejected["invalid_fields"])  # the name is not a known field, and there is no NIC
    assert rejected["detail"] == f"The request body failed validation; {more} more faults are not listed"


@pytest.mark.usefixtures("store_unchanged")
async def test_of_a_body_with_more_names_than_any_has_that_is_reported(machines: MachinesApi) -> None:
    rejected = await machines.post(MANY["unknown names"].encode())

    assert invalid(rejected, "body") == {"body": "must have at most 1000 entries"}


@pytest.mark.usefixtures("store_unchanged")
@pytest.mark.parametrize("nic", ["{}", '{"mac": "00:00:5e:00:53:01"}'], ids=["no MAC", "the same MAC"])
async def test_an_array_with_too_many_entries_is_one_fault(machines: MachinesApi, nic: str) -> None:
    content = f'{{"nics": [{",".join([nic] * 129)}]}}'

    reasons = invalid(await machines.post(content.encode()), "nics")

    assert reasons == {"nics": "must have at most 128 entries"}
