import re
import subprocess
import sys
from pathlib import Path

import pytest

from infra import ROOT
from infra.local import topology
from infra.local.topology import Route, TopologyError
from tests.command import TIMEOUT

GOOD = """
functions:
  machines: &settings
    {folder: functions/machines, entry_point: machines, trigger: http, cpu: 1, memory: 512Mi, concurrency: 80,
     timeout_seconds: 60, minimum_instances: 0, maximum_instances: 100}
  relay: {<<: *settings, trigger: schedule}
  cleanup: {<<: *settings, trigger: pubsub}
routes: [{path: /**, function: machines}]
topics: {pool-changed: {message: inventory.v1.PoolChanged}, dead: {message: inventory.v1.PoolChanged}}
subscriptions:
  cleanup:
    topic: pool-changed
    function: cleanup
    filter: attributes.change = "deleted"
    ack_deadline_seconds: 60
    retry: {minimum_backoff_seconds: 1, maximum_backoff_seconds: 60}
    dead_letter: {topic: dead, max_delivery_attempts: 10}
schedules: {every-minute: {function: relay, every_minutes: 1}}
firestore:
  indexes:
    - collectionGroup: machines
      queryScope: COLLECTION
      fields: [{fieldPath: pool_ids, arrayConfig: CONTAINS}, {fieldPath: __name__, order: DESCENDING}]
  fieldOverrides:
    - {collectionGroup: machines, fieldPath: name, indexes: [{order: ASCENDING, queryScope: COLLECTION}]}
"""


def load(folder: Path, text: str) -> topology.Topology:
    file = folder / "topology.yaml"
    file.write_text(text)
    return topology.load(file)


def test_the_topology_is_sound() -> None:
    declared = topology.load(topology.DEFAULT_FILE)
    assert {"machine-created", "machine-updated", "machine-deleted", "pool-changed"} <= set(declared.topics)


def test_a_topology_needs_the_section_that_the_emulator_reads(tmp_path: Path) -> None:
    """Without it, the emulator would read the whole file as an index file."""
    with pytest.raises(TopologyError, match="firestore: Field required"):
        load(tmp_path, "functions: {}")


def test_a_topology_is_read_into_records(tmp_path: Path) -> None:
    declared = load(tmp_path, GOOD)
    assert declared.functions["machines"].source == ROOT / "functions" / "machines" / "main.py"
    assert declared.subscriptions["cleanup"].retry.maximum_backoff_seconds == 60
    assert declared.schedules["every-minute"].every_minutes == 1


@pytest.mark.parametrize(
    ("old", "new", "complaint"),
    [
        (
            "functions/machines",
            "functions/none",
            r"functions\.machines: there is no .*functions/none/main\.py",
        ),
        (
            "function: machines}]",
            "function: m}]",
            r"the route /\*\* names m, which is not declared \(.*machines, relay, cleanup\)",
        ),
        ("topic: pool-changed", "topic: p", r"subscriptions\.cleanup names p, which is not declared"),
        (
            "{path: /**, function: machines",
            "{path: /**, function: relay",
            r"/\*\* calls relay, whose trigger is schedule, not http",
        ),
        (
            "function: cleanup",
            "function: relay",
            r"cleanup calls relay, whose trigger is schedule, not pubsub",
        ),
        ("{function: relay", "{function: cleanup", r"every-minute calls cleanup, whose trigger is pubsub"),
        ("topic: dead", "topic: d", r"subscriptions\.cleanup names d, which is not declared"),
        ("{function: relay", "{function: m", r"schedules\.every-minute names m"),
        ("cpu: 1, ", "", r"functions\.machines\.cpu: Field required"),
        (", maximum_instances: 100", "", r"functions\.machines\.maximum_instances: Field required"),
        (" minimum_instances: 0,", "", r"functions\.machines\.minimum_instances: Field required"),
        ("     timeout_seconds: 60,", "    ", r"functions\.machines\.timeout_seconds: Field required"),
        ("cpu: 1", "cpu: true", r"functions\.machines\.cpu: .* valid integer"),
        (
            "cpu: 1",
            "cpus: 1",
            r"functions\.machines\.cpu: Field required; functions\.machines\.cpus: Extra inputs",
        ),
        (
            "trigger: http",
            "trigger: web",
            r"functions\.machines\.trigger: Input should be 'http', 'schedule' or",
        ),
        (
            "instances: 100}",
            "instances: 100, environment: {A: 1}}",
            r"functions\.machines\.environment\.A: .* string",
        ),
        (
            "instances: 100}",
            "instances: 100, publishes: dead}",
            r"functions\.machines\.publishes: .* valid list",
        ),
        (
            "retry: {minimum_backoff_seconds: 1, ",
            "retry: {",
            r"cleanup\.retry\.minimum_backoff_seconds: Field",
        ),
        ("routes: [{path: /**, function: machines}]", "routes: [1]", r"routes\[0\]: .* valid dictionary"),
        ("routes: [{path: /**, function: machines}]", "routes:", r"routes: .* valid list"),
        (
            "every_minutes: 1",
            "every_minutes: soon",
            r"schedules\.every-minute\.every_minutes: .* valid integer",
        ),
        (
            "every_minutes: 1",
            "every_minutes: 0.5",
            r"schedules\.every-minute\.every_minutes: .* valid integer",
        ),
        (
            "every_minutes: 1",
            "every_minutes: 7",
            r"schedules\.every-minute\.every_minutes: 7 does not divide an hour",
        ),
        (
            "every_minutes: 1",
            "every_minutes: 0",
            r"schedules\.every-minute\.every_minutes: .* greater than 0",
        ),
        ("schedules:", "schedule:", r"yaml: schedule: Extra inputs"),
        ("schedules:", "3:", r"\[3\]: Keys should be strings"),
        (
            "queryScope: COLLECTION\n",
            "queryScope: ALL\n",
            r"firestore\.indexes\[0\]\.queryScope: Input should be",
        ),
        ("{order: ASCENDING, ", "{", r"fieldOverrides\[0\]\.indexes\[0\]: .* either order or arrayConfig"),
        (
            "{order: ASCENDING, ",
            "{ordr: ASCENDING, ",
            r"fieldOverrides\[0\]\.indexes\[0\]\.ordr: Extra inputs",
        ),
        ("dead: {", "pool-changed: {", r"is not YAML: pool-changed is there twice .* line 9, column"),
        ("cpu: 1,", "cpu: 1, cpu: 2,", r"is not YAML: cpu is there twice .* line 4, column"),
        (
            "inventory.v1.PoolChanged}, dead",
            "inventory.v1.PoolChanged, retention_days: 32}, dead",
            r"topics\.pool-changed\.retention_days: .* less than or equal to 31",
        ),
        (
            "maximum_backoff_seconds: 60",
            "maximum_backoff_seconds: 601",
            r"subscriptions\.cleanup\.retry\.maximum_backoff_seconds: .* less than or equal to 600",
        ),
        (
            "ack_deadline_seconds: 60",
            "ack_deadline_seconds: 9",
            r"subscriptions\.cleanup\.ack_deadline_seconds: .* greater than or equal to 10",
        ),
        (
            "max_delivery_attempts: 10",
            "max_delivery_attempts: 101",
            r"subscriptions\.cleanup\.dead_letter\.max_delivery_attempts: .* less than or equal to 100",
        ),
        ("512Mi", "2026-02-30", "is not YAML: day is out of range"),
        (GOOD, "", r"the topology: .* valid dictionary"),
        ("functions:", "functions: [", "is not YAML"),
    ],
)
def test_a_fault_is_one_line_with_its_place(tmp_path: Path, old: str, new: str, complaint: str) -> None:
    assert old in GOOD
    with pytest.raises(TopologyError) as caught:
        load(tmp_path, GOOD.replace(old, new))
    assert re.search(complaint, str(caught.value))
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("command", "section", "complaint"),
    [
        ("infra.cost", "topic: {}", "topic: Extra inputs are not permitted"),
        ("infra.events", "topic: {}", "topic: Extra inputs are not permitted"),
        (
            "infra.events",
            "topics: {moved: {message: inventory.v1.Moved}}",
            "topics: Couldn't find message inventory.v1.Moved: write it in proto/ and run make proto",
        ),
    ],
)
def test_a_fault_is_one_line_of_the_command_that_reads_it(
    tmp_path: Path, command: str, section: str, complaint: str
) -> None:
    file = tmp_path / "topology.yaml"
    file.write_text(f"{section}\nfirestore: {{}}")
    code = (
        "import pathlib, runpy, sys; from infra.local import topology;"
        "topology.DEFAULT_FILE = pathlib.Path(sys.argv.pop());"
        "runpy.run_module(sys.argv.pop(), run_name='__main__')"
    )
    ended = subprocess.run(
        [sys.executable, "-c", code, command, str(file)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=TIMEOUT,
        check=False,
    )

    assert (ended.returncode, ended.stdout) == (1, "")
    (line,) = ended.stderr.splitlines()
    assert line.startswith("muster: ")
    assert line.endswith(complaint)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(TopologyError, match=r"none\.yaml: No such file"):
        topology.load(tmp_path / "none.yaml")


def test_a_file_that_is_no_text_is_named(tmp_path: Path) -> None:
    file = tmp_path / "topology.yaml"
    file.write_bytes(b"\xff")
    with pytest.raises(TopologyError, match=r"topology\.yaml is not YAML"):
        topology.load(file)


@pytest.mark.parametrize(
    ("path", "target", "expected"),
    [
        ("/v1/machines", "/v1/machines", True),
        ("/v1/machines", "/v1/machines/", False),
        ("/v1/machines", "/v1/machinesX", False),
        ("/v1/machines/**", "/v1/machines/a/b", True),
        ("/v1/machines/**", "/v1/machines", False),
        ("/v1/machines/*/pools", "/v1/machines/a/pools", True),
        ("/v1/machines/*/pools", "/v1/machines/a/b/pools", False),
        ("/v1/machines/*/pools", "/v1/machines//pools", False),
        ("/openapi.json", "/openapiXjson", False),
        ("/**", "/", True),
        ("/**", "/a\nb", True),
    ],
)
def test_path_templates_match_as_the_load_balancers_do(path: str, target: str, expected: bool) -> None:  # noqa: FBT001 - a table
    assert (Route(path=path, function="f").pattern().fullmatch(target) is not None) == expected
