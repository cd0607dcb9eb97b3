"""Bodies in protobuf follow the same rules and get the same responses as in JSON."""

import json

import pytest
from google.protobuf.json_format import ParseDict

from shared.pb.inventory.v1.api_pb2 import RegisteredMachine
from shared.pb.inventory.v1.machine_pb2 import CPU, NIC, Accelerator, Drive, Machine, MemoryModule
from tests import proc
from tests.functions.machines.api import MachinesApi
from tests.functions.machines.bodies import OPTIONAL, PROFILE, a_body
from tests.functions.machines.expectations import PATH, UUID7, conflict, created, invalid, problem
from tests.stack import RunningStack

PROTOBUF = "application/x-protobuf"
SENT = {"Content-Type": PROTOBUF}
WANTED = {"Accept": PROTOBUF}


def a_machine() -> Machine:
    return ParseDict(a_body(), Machine())


async def test_a_machine_is_registered_from_protobuf(machines: MachinesApi) -> None:
    machine = a_machine()

    machine_id = created(await machines.post(machine.SerializeToString(), SENT))

    stored = machines.stored(machine_id)
    expected = PROFILE | {"nics": [{"mac": machine.nics[0].mac}]}
    assert expected == {name: stored[name] for name in expected}


async def test_every_optional_field_is_taken_from_protobuf(machines: MachinesApi) -> None:
    machine = a_machine()
    machine.name = OPTIONAL["name"]
    machine.hostname = OPTIONAL["hostname"]
    machine.agent_version = OPTIONAL["version"]
    machine.os_info = OPTIONAL["os_info"]
    machine.labels.update(OPTIONAL["labels"])
    machine.machine_parameters = json.dumps(OPTIONAL["machine_parameters"])

    stored = machines.stored(created(await machines.post(machine.SerializeToString(), SENT)))

    expected = OPTIONAL | {"agent_version": OPTIONAL["version"], "version": 1}
    shown = {name: stored[name] for name in expected}
    shown["machine_parameters"] = json.loads(shown["machine_parameters"])
    assert expected == shown


async def test_the_response_is_protobuf_if_the_client_prefers_it(machines: MachinesApi) -> None:
    response = await machines.register(a_body(), WANTED)

    assert response.status_code == 201
    assert response.headers["content-type"] == PROTOBUF
    machine_id = RegisteredMachine.FromString(response.content).id
    assert UUID7.fullmatch(machine_id)
    assert f"{PATH}/{machine_id}" == response.headers["location"]
    assert machine_id == machines.stored(machine_id)["id"]


async def test_a_version_has_the_same_bytes_from_every_process(machines: MachinesApi) -> None:
    """The order of a map's entries depends on the process, unless they are sorted."""
    labels = {f"label-{number:02}": "" for number in range(20)}
    machine_id = created(await machines.register(a_body() | {"labels": labels}))

    response = await machines.call("GET", f"{PATH}/{machine_id}", headers=WANTED)

    positions = [response.content.index(key.encode()) for key in labels]
    assert sorted(positions) == positions


@pytest.mark.parametrize(
    ("accept", "expected"),
    [
        ("*/*", "application/json"),
        ("application/json", "application/json"),
        ("application/*", "application/json"),
        ("application/x-protobuf, application/json;q=0.5", PROTOBUF),
        ("application/json;q=0.5, application/x-protobuf", PROTOBUF),
        ("application/x-protobuf, application/json", PROTOBUF),
        ("application/x-protobuf;q=0", "application/json"),
        ("application/json, application/x-protobuf;q=0", "application/json"),
        ("application/json, application/x-protobuf;q=0.1", "application/json"),
        ("*/*, application/x-protobuf;q=0.5", "application/json"),
        ("application/*, application/x-protobuf;q=0.5", "application/json"),
        ("*/*, application/*;q=0.1, application/x-protobuf;q=0.5", PROTOBUF),
        ("*/*;q=0.1, application/x-protobuf", PROTOBUF),
        ("application/json;q=0, */*", PROTOBUF),
        ("application/json;q=0.1, application/*", PROTOBUF),
        ("application/json;q=.1, */*;q=0.5", PROTOBUF),
        ("application/json;q=0.1234, */*;q=0.5", PROTOBUF),
        ("application/json, application/x-protobuf;q=1.5", PROTOBUF),
        ("application/json;q=1.5, application/x-protobuf", PROTOBUF),
        ("application/json;q=0.5", "application/json"),
        ("Application/X-Protobuf", PROTOBUF),
        ("text/html", "application/json"),
    ],
)
async def test_the_clients_preference_counts(machines: MachinesApi, accept: str, expected: str) -> None:
    """RFC 9110, section 12.5.1."""
    response = await machines.register(a_body(), {"Accept": accept})

    assert (201, expected) == (response.status_code, response.headers["content-type"])


async def test_a_preference_may_come_in_several_lines(machines: MachinesApi) -> None:
    """RFC 9110, section 5.3."""
    lines = [("Accept", "text/html"), ("Accept", PROTOBUF), *machines.organization.headers.items()]

    response = await machines.http.get(
        f"/api/v1/machines/{created(await machines.register(a_body()))}", headers=lines
    )

    assert response.headers["content-type"] == PROTOBUF


async def test_a_weight_that_is_none_takes_no_time(machines: MachinesApi, stack: RunningStack) -> None:
    """A regular expression with backtracking would take eleven seconds, and block all other requests."""
    [worker] = proc.children(stack.pids["machines"])
    used = proc.cpu_seconds(worker)
    response = await machines.call("GET", PATH, headers={"Accept": f"{PROTOBUF};q={'1' * 40_000}x"})

    assert response.is_success
    assert proc.cpu_seconds(worker) - used < 2


async def test_errors_are_problems_in_json_for_all(machines: MachinesApi) -> None:
    body = a_body()
    first = created(await machines.register(body, SENT | {"Content-Type": "application/json"}))

    response = await machines.post(ParseDict(body, Machine()).SerializeToString(), SENT | WANTED)

    conflict(response, body["nics"][0]["mac"], existing=first)


GOOD = NIC(mac="00:00:5e:00:53:01")
FAULTY = [
    (Machine(), ["nics"]),
    (Machine(nics=[NIC()]), ["nics[0].mac"]),
    (Machine(nics=[NIC(mac="ff:ff:ff:ff:ff:ff")]), ["nics[0].mac"]),
    (Machine(nics=[GOOD], drives=[Drive()]), ["drives[0].capacity"]),
    (
        Machine(nics=[GOOD], cpus=[CPU(clock_frequency=-1)]),
        ["cpus[0].manufacturer", "cpus[0].clock_frequency", "cpus[0].cores"],
    ),
    (
        Machine(memory_modules=[MemoryModule(size=-(2**63))], accelerators=[Accelerator()]),
        ["nics", "memory_modules[0].size", "accelerators[0].manufacturer"],
    ),
    (Machine(nics=[GOOD], labels={"-": "v"}, hostname="x" * 256), ["labels.-", "hostname"]),
    (Machine(nics=[GOOD], machine_parameters="[]"), ["machine_parameters"]),
    (Machine(nics=[GOOD], machine_parameters="{"), ["machine_parameters"]),
    (Machine(nics=[GOOD], machine_parameters="null"), ["machine_parameters"]),
    (
        Machine(nics=[GOOD], machine_parameters='{"a":' + "[" * 99 + "]" * 99 + "}"),
        ["machine_parameters.a"],
    ),
    (Machine(nics=[GOOD], machine_parameters='{"a": 1, "a": 2}'), ["machine_parameters.a"]),
    # Fields that only the server sets.
    (Machine(nics=[GOOD], id="0193a5d2-7b1c-7000-8000-000000000000"), ["id"]),
    (Machine(nics=[GOOD], organization_id="other"), ["organization_id"]),
    (Machine(nics=[GOOD], pool_ids=["a"], is_available=True), ["is_available", "pool_ids"]),
    (Machine(nics=[GOOD], version=7), ["version"]),
    (Machine(nics=[GOOD], version=7, agent_version="1.4.2"), ["version"]),
]


@pytest.mark.usefixtures("store_unchanged")
@pytest.mark.parametrize(("machine", "fields"), FAULTY, ids=lambda case: " ".join(str(case).split())[:50])
async def test_faults_are_named_as_in_json(
    machines: MachinesApi, machine: Machine, fields: list[str]
) -> None:
    invalid(await machines.post(machine.SerializeToString(), SENT), *fields)


# Wire format: a tag is the field number times 8, plus the type: https://protobuf.dev/programming-guides/encoding
MALFORMED = {
    "empty varint": b"\x08",
    "length beyond the end": b"\x2a\x7f",
    "group end without start": b"\x0c",
    "field number 0": b"\x00\x00",
    "JSON": b'{"nics": []}',
    "not UTF-8": a_machine().SerializeToString() + b"\x5a\x01\xff",
    "unknown field": a_machine().SerializeToString() + b"\xc2\x3e\x01x",
    "unknown field of a NIC": a_machine().SerializeToString() + b"\x2a\x04\xc2\x3e\x01x",
    "another type for a known field": a_machine().SerializeToString() + b"\x58\x01",
}


@pytest.mark.usefixtures("store_unchanged")
@pytest.mark.parametrize("content", MALFORMED.values(), ids=MALFORMED)
async def test_what_is_no_machine_is_rejected(machines: MachinesApi, content: bytes) -> None:
    problem(await machines.post(content, SENT), 400)


@pytest.mark.usefixtures("store_unchanged")
@pytest.mark.parametrize("nic", [b"\x2a\x00", b"\x2a\x02\x78\x00"], ids=["empty", "with an unknown field"])
async def test_of_an_array_with_far_too_many_entries_that_is_reported(
    machines: MachinesApi, nic: bytes
) -> None:
    reasons = invalid(await machines.post(nic * (1_000_000 // len(nic)), SENT), "nics")

    assert reasons == {"nics": "must have at most 128 entries"}


@pytest.mark.usefixtures("store_unchanged")
@pytest.mark.parametrize("is_nested", [False, True], ids=["of the machine", "of a NIC"])
async def test_far_too_many_unknown_fields_are_one_fault(machines: MachinesApi, *, is_nested: bool) -> None:
    """To list them would block all requests."""
    unknown = b"\x78\x00" * 400_000  # field 15
    nic = b"\x2a" + bytes([len(unknown) & 0x7F | 0x80, len(unknown) >> 7 & 0x7F | 0x80, len(unknown) >> 14])

    sent = nic + unknown if is_nested else unknown.replace(b"\x78", b"\x38")
    response = await machines.post(a_machine().SerializeToString() + sent, SENT)

    reasons = invalid(response, "body", *(["nics[1].mac"] if is_nested else []))
    assert reasons["body"] == "must not have unknown fields, but has more than 65536 bytes of them"


async def test_parameters_are_nested_as_deep_as_in_json(machines: MachinesApi) -> None:
    """The body around them is the 100th level."""
    nested = '{"a":' + "[" * 98 + "]" * 98 + "}"

    created(await machines.post(Machine(nics=[GOOD], machine_parameters=nested).SerializeToString(), SENT))


@pytest.mark.usefixtures("store_unchanged")
async def test_an_empty_message_is_a_machine_without_nics(machines: MachinesApi) -> None:
    reasons = invalid(await machines.post(b"", SENT), "nics")

    assert reasons == {"nics": "at least one NIC is required"}


async def test_what_depends_on_what_the_client_likes_says_so(machines: MachinesApi) -> None:
    """Without Vary, a cache could return the wrong media type to a client: RFC 9110, section 12.5.5."""
    registered = await machines.register(a_body())
    path = f"{PATH}/{created(registered)}"
    known = {"If-None-Match": '"1"'}

    for address, headers in [(path, {}), (path, WANTED), (path, known), (PATH, {}), (PATH, WANTED)]:
        assert (await machines.call("GET", address, headers=headers)).headers["vary"] == "Accept"
    assert registered.headers["vary"] == "Accept"
