"""The process: its input files, its persistent data, and its messages about unsupported features."""

import os
import re
import signal
import sqlite3
from contextlib import closing
from pathlib import Path

import grpc
import pytest
from google.api_core.exceptions import MethodNotImplemented
from google.cloud.firestore import Client, FieldFilter
from google.cloud.firestore_v1.base_vector_query import DistanceMeasure
from google.cloud.firestore_v1.services.firestore import FirestoreClient
from google.cloud.firestore_v1.vector import Vector

from google_apis.firestore.firestore_pb2 import ListenRequest, ListenResponse, TargetChange
from infra.local.command import EmulatorError
from infra.local.firestore import indexes
from infra.local.firestore.__main__ import main
from tests.emulators.command import ended, startup_error
from tests.emulators.firestore.emulator import Emulator, running
from tests.emulators.firestore.reading import updated

SERVICE = "google.firestore.v1.Firestore"


def test_a_retention_of_no_time_is_one_line(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sys.argv", ["firestore", "--retention", "-1"])
    with pytest.raises(SystemExit):
        main()
    expected = "Firestore emulator: argument --retention: -1 is no positive number of seconds "
    assert capsys.readouterr().err.startswith(expected)


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        ("[1", "is not YAML: "),
        ("- 1", "is no index file: it has no sections"),
        ("indexs: []", "is no index file: the section indexs is none of indexes, fieldOverrides"),
        ('"a\\nb": []', "is no index file: the section a b is none of"),
        ("firestore: {fields: []}", "is no index file: the section fields is none of"),
        ("indexes: [1]", "is no index file: indexes is not a list of objects"),
        ("indexes: [{fields: [{order: ASCENDING}]}]", 'file: {"order": "ASCENDING"} needs fieldPath as text'),
        ("indexes: [{fields: [{fieldPath: b}]}]", 'is no index file: {"fieldPath": "b"} needs order'),
        ("indexes: [{fields: [{fieldPath: b, order: UP}]}]", "order: UP is neither ASCENDING nor DESCENDING"),
        ("indexes: [{fields: [{fieldPath: b..c}]}]", 'is no index file: Invalid property path "b..c"'),
        (
            "indexes: [{collectionGroup: 1, fields: [{fieldPath: b, order: ASCENDING}]}]",
            " needs collectionGroup as text",
        ),
        ("fieldOverrides: [{ttl: true}]", 'is no index file: {"ttl": true} needs collectionGroup'),
        ("indexes: [{collectionGroup: a, fields: []}]", "is no index file: an index without fields"),
        (
            "indexes: [{collectionGroup: a, queryScope: GROUP, fields: [{fieldPath: b, order: ASCENDING}]}]",
            "is no index file: queryScope: GROUP is neither",
        ),
        (
            "fieldOverrides: [{collectionGroup: a, fieldPath: b, indexes: [{queryScope: A}]}]",
            "is no index file: queryScope: A is neither",
        ),
        (None, ": No such file or directory"),
    ],
)
def test_a_wrong_index_file_is_one_line_with_the_reason(
    content: str | None, reason: str, tmp_path: Path
) -> None:
    file = tmp_path / "indexes.yaml"
    if content is not None:
        file.write_text(content)
    with pytest.raises(EmulatorError, match=re.escape(reason)) as caught:
        indexes.read(file)
    assert str(caught.value).startswith(str(file))
    assert "\n" not in str(caught.value)


def test_an_index_file_that_is_no_yaml_is_reported_with_line_and_column(tmp_path: Path) -> None:
    file = tmp_path / "indexes.yaml"
    file.write_text("indexes:\n- [a}\n")
    complaint = startup_error("firestore", "--indexes", str(file))
    assert complaint.startswith(f"Firestore emulator: {file} is not YAML: ")
    assert "line 2, column 5" in complaint
    assert " object at 0x" not in complaint


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
def test_data_outlives_the_process(number: signal.Signals, tmp_path: Path, project: str) -> None:
    with running("--data", str(tmp_path)) as emulator, emulator.client(project) as client:
        created = updated(client.document("a/1").set({"n": 1, "list": [1, {"a": None}]}))
        client.document("a/2").set({"n": 2})
        client.document("a/2").delete()
        changed = updated(client.document("a/1").update({"n": 3}))
        os.kill(emulator.process.pid, number)
        emulator.process.wait(10)
    with running("--data", str(tmp_path)) as emulator, emulator.client(project) as client:
        (found,) = client.collection("a").where(filter=FieldFilter("n", ">", 0)).stream()
        assert found.to_dict() == {"n": 3, "list": [1, {"a": None}]}
        assert (found.create_time, found.update_time) == (created, changed)
        assert updated(client.document("a/1").update({"n": 4})) > changed


def test_an_expired_document_is_deleted(tmp_path: Path, project: str) -> None:
    file = tmp_path / "indexes.yaml"
    file.write_text("fieldOverrides: [{collectionGroup: a, fieldPath: at.end, ttl: true, indexes: []}]")
    with (
        running("--indexes", str(file), "--ttl-interval=0.05") as emulator,
        emulator.client(project) as client,
    ):
        now = updated(client.document("a/now").set({}))
        client.document("a/past").set({"at": {"end": now}})
        client.document("a/b/a/past").set({"at": {"end": now}})
        client.document("a/future").set({"at": {"end": now.replace(year=now.year + 1)}})
        client.document("a/text").set({"at": {"end": "2020-01-01"}})
        client.document("b/past").set({"at": {"end": now}})
        while client.document("a/past").get().exists or client.document("a/b/a/past").get().exists:
            pass
        assert {found.id for found in client.collection("a").stream()} == {"now", "future", "text"}
        assert client.document("b/past").get().exists
        assert emulator.billed(project)["deletes"] == 2


def test_an_emulator_that_cannot_expire_documents_ends(tmp_path: Path) -> None:
    with running("--data", str(tmp_path)):
        pass
    with closing(sqlite3.connect(tmp_path / "firestore.sqlite3")) as file:
        file.execute("INSERT INTO documents VALUES ('projects/p/databases/d', 'a/1', 1, 1, x'ff')")
        file.commit()
    indexes = tmp_path / "indexes.yaml"
    indexes.write_text("fieldOverrides: [{collectionGroup: a, fieldPath: end, ttl: true, indexes: []}]")
    arguments = ("--data", str(tmp_path), "--indexes", str(indexes), "--ttl-interval=0.05")
    run = ended("firestore", "--port", "0", *arguments)
    assert run.returncode == 1
    assert "DecodeError" in run.stderr


def test_listen_also_rejects_the_target(emulator: Emulator, database: str) -> None:
    request = ListenRequest(database=database)
    request.add_target.target_id = 7
    with grpc.insecure_channel(emulator.host) as channel:
        call: grpc.StreamStreamMultiCallable[ListenRequest, ListenResponse] = channel.stream_stream(
            f"/{SERVICE}/Listen",
            request_serializer=ListenRequest.SerializeToString,
            response_deserializer=ListenResponse.FromString,
        )
        responses = call(iter([request]), timeout=5)
        change = next(responses).target_change
        with pytest.raises(grpc.RpcError) as error:
            next(responses)
    assert change.target_change_type == TargetChange.TargetChangeType.REMOVE
    assert list(change.target_ids) == [7]
    assert change.cause.code == grpc.StatusCode.UNIMPLEMENTED.value[0]
    assert "Listen is not implemented" in change.cause.message
    assert error.value.code() == grpc.StatusCode.UNIMPLEMENTED


def test_an_option_out_of_scope_says_so(generated: FirestoreClient, database: str, client: Client) -> None:
    nearest = client.collection("a").find_nearest("v", Vector([1.0]), 1, DistanceMeasure.EUCLIDEAN)
    with pytest.raises(MethodNotImplemented, match="find_nearest"):
        list(nearest.stream())
    query = {"parent": f"{database}/documents", "structured_query": {"from_": [{"collection_id": "a"}]}}
    with pytest.raises(MethodNotImplemented, match="explain_options"):
        list(generated.run_query(request={**query, "explain_options": {}}))
    options = {"read_write": {"concurrency_mode": "OPTIMISTIC"}}
    with pytest.raises(MethodNotImplemented, match="OPTIMISTIC"):
        generated.begin_transaction(request={"database": database, "options": options})


def test_a_request_that_is_none_is_rejected(emulator: Emulator) -> None:
    with grpc.insecure_channel(emulator.host) as channel:
        call: grpc.UnaryUnaryMultiCallable[bytes, bytes] = channel.unary_unary(f"/{SERVICE}/Commit")
        with pytest.raises(grpc.RpcError) as error:
            call(b"\xff\xff\xff", timeout=5)
    assert error.value.code() == grpc.StatusCode.INVALID_ARGUMENT
