"""The control endpoint: billed operations and faults."""

import time
from concurrent.futures import ThreadPoolExecutor
from http.client import HTTPConnection, HTTPResponse

import pytest
from google.api_core.exceptions import AlreadyExists, DeadlineExceeded, ServiceUnavailable
from google.cloud.firestore import Client, CollectionReference, FieldFilter
from google.cloud.firestore_v1.services.firestore import FirestoreClient
from google.cloud.firestore_v1.types import Write

from tests.emulators.firestore.emulator import Emulator, running
from tests.emulators.firestore.reading import aggregated, counted, summed


def test_production_s_bill_is_counted_by_project(
    emulator: Emulator, project: str, client: Client, cities: CollectionReference
) -> None:
    batch = client.batch()
    for number in range(5):
        batch.set(cities.document(str(number)), {"n": number})
    batch.commit()
    cities.document("4").delete()
    assert emulator.billed(project) == {"reads": 0, "writes": 5, "deletes": 1, "aggregation_units": 0}

    cities.document("missing").get()
    list(client.get_all([cities.document("0"), cities.document("missing")]))
    assert emulator.billed(project)["reads"] == 3
    list(cities.where(filter=FieldFilter("n", ">", 1)).stream())
    list(cities.where(filter=FieldFilter("n", ">", 99)).stream())  # an empty result is billed as one read
    list(cities.order_by("n").offset(1).limit(1).stream())  # skipped documents are billed
    assert emulator.billed(project)["reads"] == 3 + 2 + 1 + 2

    aggregated(counted(cities))
    assert emulator.billed(project)["aggregation_units"] == 1
    with pytest.raises(AlreadyExists):
        cities.document("0").create({})
    assert emulator.billed(project)["writes"] == 5
    assert emulator.rpcs(project) == {
        "Commit": 3,
        "BatchGetDocuments": 2,
        "RunQuery": 3,
        "RunAggregationQuery": 1,
    }


def test_an_aggregation_is_billed_by_the_thousand(emulator: Emulator, project: str, client: Client) -> None:
    for start in range(0, 1001, 500):
        batch = client.batch()
        for number in range(start, min(start + 500, 1001)):
            batch.set(client.document(f"many/{number}"), {})
        batch.commit()
    assert aggregated(counted(client.collection("many"))) == 1001
    assert emulator.billed(project)["aggregation_units"] == 2


def test_an_aggregation_is_billed_for_what_its_offset_skips(
    emulator: Emulator, project: str, client: Client
) -> None:
    batch = client.batch()
    for number in range(1001):
        batch.set(client.document(f"many/{number}"), {"n": 1})
    batch.commit()
    skipping = client.collection("many").offset(1000)
    assert aggregated(counted(skipping)) == 1
    assert emulator.billed(project)["aggregation_units"] == 2
    assert aggregated(summed(skipping, "n")) == 1
    assert emulator.billed(project)["aggregation_units"] == 4


def test_counters_can_be_reset(project: str) -> None:
    """In its own emulator, because the shared one counts for other tests."""
    with running() as emulator, emulator.client(project) as alone:
        alone.document("a/1").set({})
        emulator.control.delete("/counters").raise_for_status()
        assert emulator.control.get("/counters").json() == {}


@pytest.mark.parametrize("when", ["before", "after"])
def test_a_commit_fails_on_demand_before_or_after_it_is_applied(
    when: str, emulator: Emulator, generated: FirestoreClient, database: str
) -> None:
    name = f"{database}/documents/a/failing-{when}"
    emulator.fault(method="Commit", pattern=f"/a/failing-{when}$", code="UNAVAILABLE", when=when)
    with pytest.raises(ServiceUnavailable):
        generated.commit(database=database, writes=[Write(update={"name": name})], retry=None)
    (response,) = generated.batch_get_documents(request={"database": database, "documents": [name]})
    assert bool(response.found.name) == (when == "after")


@pytest.mark.parametrize("when", ["before", "after"])
def test_a_connection_is_cut_on_demand(when: str, emulator: Emulator, database: str) -> None:
    name = f"{database}/documents/a/1"
    with emulator.generated() as own:
        emulator.fault(method="Commit", pattern=name, disconnect=True, when=when)
        with pytest.raises(ServiceUnavailable):
            own.commit(database=database, writes=[Write(update={"name": name})], retry=None)
        (response,) = own.batch_get_documents(request={"database": database, "documents": [name]})
    assert bool(response.found.name) == (when == "after")


def test_a_fault_applies_to_as_many_calls_as_requested(
    emulator: Emulator, generated: FirestoreClient, database: str
) -> None:
    request = {"database": database, "documents": [f"{database}/documents/a/1"]}
    emulator.fault(method="BatchGetDocuments", pattern=database, count=2, code="UNAVAILABLE")
    for _ in range(2):
        with pytest.raises(ServiceUnavailable):
            list(generated.batch_get_documents(request=request, retry=None))
    assert len(list(generated.batch_get_documents(request=request, retry=None))) == 1


def test_an_rpc_is_delayed_on_demand(emulator: Emulator, client: Client, project: str) -> None:
    emulator.fault(pattern=f"{project}/.*/slow$", delay_ms=300)
    before = time.monotonic()
    list(client.collection("slow").stream())
    assert time.monotonic() - before >= 0.3
    emulator.fault(pattern=f"{project}/.*/slow$", delay_ms=1000)
    with pytest.raises(DeadlineExceeded):
        list(client.collection("slow").stream(retry=None, timeout=0.2))


def test_a_delay_ends_when_faults_are_removed(emulator: Emulator, client: Client, project: str) -> None:
    emulator.fault(pattern=f"{project}/.*/slow$", delay_ms=600_000)
    with ThreadPoolExecutor() as pool:
        reading = pool.submit(lambda: list(client.collection("slow").stream()))
        while emulator.control.get("/faults").json()["faults"]:
            pass
        emulator.control.delete("/faults").raise_for_status()
        assert reading.result(30) == []
    emulator.fault(pattern=f"{project}/.*/slow$", delay_ms=300)  # later faults delay as before
    before = time.monotonic()
    list(client.collection("slow").stream())
    assert time.monotonic() - before >= 0.3


def test_a_pattern_that_is_no_expression_is_part_of_a_name(
    emulator: Emulator, client: Client, project: str
) -> None:
    emulator.fault(pattern=f"{project}/databases/(default)/documents/(", code="UNAVAILABLE", method="Commit")
    client.document("a/b").set({})
    with pytest.raises(ServiceUnavailable):
        client.document("(/b").set({}, retry=None)


@pytest.mark.parametrize(
    "fault",
    [
        [],
        {"code": "NO_SUCH_CODE"},
        {"code": "OK"},
        {"when": "later"},
        {"count": 0},
        {"count": "1"},
        {"delay_ms": -1},
        {"unknown": 1},
        {"disconnect": 1},
    ],
)
def test_a_malformed_fault_is_rejected(fault: object, emulator: Emulator) -> None:
    response = emulator.control.post("/faults", json=fault)
    assert response.status_code == 400
    assert response.json()["error"]


def test_a_page_in_a_browser_cannot_inject_faults(emulator: Emulator, project: str) -> None:
    """A page of any site can send this request without a preflight (https://fetch.spec.whatwg.org)."""
    fault = {"pattern": project, "code": "UNAVAILABLE"}
    headers = {"Content-Type": "text/plain", "Origin": "https://site.example"}
    response = emulator.control.post("/faults", json=fault, headers=headers)

    assert response.status_code == 403
    waiting = emulator.control.get("/faults").json()["faults"]
    assert project not in {fault["pattern"] for fault in waiting}


@pytest.mark.parametrize("endless", ["NaN", "Infinity", "1e999"])
def test_a_delay_that_is_no_finite_number_is_rejected(endless: str, emulator: Emulator) -> None:
    response = emulator.control.post("/faults", content=f'{{"delay_ms": {endless}, "method": "None"}}')
    assert (response.status_code, response.json()) == (
        400,
        {"error": "delay_ms: a finite number, not below 0"},
    )


def test_what_is_forgotten_is_reported(emulator: Emulator) -> None:
    fault = {"method": "Commit", "count": 2}
    assert emulator.control.post("/faults", json=fault).json() == {}
    [forgotten] = emulator.control.delete("/faults").json()["faults"]
    assert fault == {name: forgotten[name] for name in fault}
    assert emulator.control.delete("/faults").json() == {"faults": []}


def test_a_connection_to_the_control_endpoint_is_kept_until_the_client_ends_it(emulator: Emulator) -> None:
    connection = HTTPConnection(emulator.control.base_url.netloc.decode())
    for headers, is_kept in [({}, True), ({}, True), ({"Connection": "close"}, False)]:
        connection.request("GET", "/health", headers=headers)
        response = connection.getresponse()
        assert (response.status, response.read()) == (200, b"{}\n")
        assert is_kept == (connection.sock is not None)
    connection.close()


def test_the_control_endpoint_speaks_http(emulator: Emulator) -> None:
    assert emulator.control.get("/health").json() == {}
    assert emulator.control.get("/nothing").status_code == 404
    assert emulator.control.put("/faults").status_code == 405
    assert emulator.control.post("/faults", content=b"{").status_code == 400
    assert emulator.control.post("/faults", content=b" " * 100_000).status_code == 413


def test_a_head_that_is_too_long_for_the_control_endpoint_is_rejected(emulator: Emulator) -> None:
    connection = HTTPConnection(emulator.control.base_url.netloc.decode())
    connection.connect()
    connection.send(b"GET /health HTTP/1.1\r\nX: " + b"a" * 2**16)
    response = HTTPResponse(connection.sock)
    response.begin()
    assert response.status == 431
    assert b"error" in response.read()
    connection.close()
