"""The floor's script: how ids, times and preconditions of a recorded RPC are replaced."""

from pathlib import Path

from google_apis.firestore.firestore_pb2 import CommitRequest
from google_apis.firestore.write_pb2 import Write
from tests.bench.recorder import Recorder, stages
from tests.bench.script import COMMIT, Script, load, save, write_script

MACHINE = b"018c7dbd-c000-7000-8000-fedcba987654"
POOL = b"018c7dbd-c000-7000-8000-000000000001"
KEY = b"018c7dbd-c000-7000-8000-000000000002"
EVENT = b"0123456789abcdef0123456789abcdef01234567"
DOCUMENTS = "projects/example/databases/(default)/documents"


def a_commit(machine: bytes, pool: bytes, event: bytes) -> CommitRequest:
    """Make a commit that puts a machine into a pool and adds an event to the outbox."""
    change = Write()
    change.update.name = f"{DOCUMENTS}/organizations/example/machines/{machine.decode()}"
    change.update.fields["pool_ids"].array_value.values.add(string_value=pool.decode())
    change.update.fields["unkey_key_id"].string_value = KEY.decode()
    change.update.fields["updated_at"].timestamp_value.FromJsonString("2026-01-01T00:00:00Z")
    change.update_mask.field_paths.extend(change.update.fields)
    change.current_document.update_time.FromJsonString("2026-01-01T00:00:00Z")
    entry = Write()
    entry.update.name = f"{DOCUMENTS}/outbox/{event.decode()}"
    entry.update.fields["data"].bytes_value = b"\n\x24" + machine
    return CommitRequest(transaction=b"transaction", writes=[change, entry])


def a_script() -> Script:
    recorder = Recorder()
    read = recorder.begin("/google.firestore.v1.Firestore/BatchGetDocuments", b"documents/" + MACHINE)
    recorder.end(read)
    recorder.end(recorder.begin(COMMIT, a_commit(MACHINE, POOL, EVENT).SerializeToString()))
    return write_script(
        stages(recorder.rpcs), given=[POOL, MACHINE], constant={KEY}, response=(200, "application/json", 10)
    )


def test_ids_of_the_request_and_new_ones_take_the_place_of_those_recorded() -> None:
    script = a_script()
    machine, pool, event = MACHINE[::-1], POOL[::-1], EVENT[::-1]

    (read,), (commit,) = script.stages

    assert read.filled([pool, machine, event]) == b"documents/" + machine
    assert CommitRequest.FromString(commit.filled([pool, machine, event])) == a_commit(machine, pool, event)
    assert script.fresh == [len(EVENT)]
    assert script.outbox == [2]


def test_a_commit_says_what_of_it_depends_on_reads_and_on_the_time() -> None:
    _, (commit,) = a_script().stages

    assert commit.in_transaction
    assert commit.seen == [0]
    assert commit.times == [(0, "updated_at")]


def test_rpcs_that_overlap_are_one_stage() -> None:
    recorder = Recorder()
    first, second = recorder.begin("first", b""), recorder.begin("second", b"")
    recorder.end(first)
    recorder.end(second)
    recorder.end(recorder.begin("third", b""))

    assert [[rpc.method for rpc in stage] for stage in stages(recorder.rpcs)] == [
        ["first", "second"],
        ["third"],
    ]


def test_a_script_is_read_as_it_was_saved(tmp_path: Path) -> None:
    save([a_script()], tmp_path / "scripts.json")

    [script] = load(tmp_path / "scripts.json")

    assert script.stages[0][0].filled([POOL, MACHINE, EVENT]) == b"documents/" + MACHINE
