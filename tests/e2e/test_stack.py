"""The local stack as a process: its output, the failures that it survives, and what remains after it."""

import fcntl
import json
import os
import resource
import select
import shutil
import signal
import socket
import stat
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest
from google.cloud import firestore

from infra import ROOT
from infra.api_key import digest
from infra.local import state
from infra.local.__main__ import main
from infra.local.state import StackState
from tests.command import run
from tests.plain_http import NO_AUTHORITIES
from tests.stack import TIMEOUT, RunningStack, StackProcess, changed_topology, quiet_topology, running_stack

pytestmark = pytest.mark.long

MACHINE = {"nics": [{"mac": "00:00:5E:00:53:01"}]}


@pytest.fixture
def quiet(tmp_path: Path) -> tuple[str, str]:
    """The option for a stack with only the HTTP functions, for tests that need no others."""
    return "--topology", str(quiet_topology(tmp_path))


@pytest.fixture(scope="module")
def other(tmp_path_factory: pytest.TempPathFactory) -> Iterator[StackProcess]:
    """A second stack, in addition to the one that all tests share."""
    folder = tmp_path_factory.mktemp("other")
    with StackProcess(folder, ("--topology", str(quiet_topology(folder)))) as stack:
        yield stack


def register(stack: RunningStack | StackState, machine: Mapping[str, object] = MACHINE) -> httpx.Response:
    return httpx.post(
        f"{stack.gateway}/api/v1/machines",
        headers={"Authorization": f"Bearer {stack.api_key}"},
        json=machine,
        timeout=TIMEOUT,
        verify=NO_AUTHORITIES,
    )


@contextmanager
def watched(stack: StackProcess) -> Iterator[None]:
    """Check that every process of a stack ends in the block."""
    processes = [os.pidfd_open(pid) for pid in descendants(stack.process.pid)]
    assert len(processes) > 4
    yield
    still_running = {process for process in processes if not select.select([process], [], [], 10)[0]}
    for process in processes:
        os.close(process)
    assert not still_running


def descendants(pid: int) -> list[int]:
    """Return a process with all of its descendants."""
    listing = subprocess.run(["ps", "-A", "-o", "pid=,ppid="], capture_output=True, text=True, check=True)  # noqa: S607 - any ps
    rows = [line.split() for line in listing.stdout.splitlines()]
    parents = {int(child): int(parent) for child, parent in rows}
    family = [pid]
    for parent in family:
        family += [child for child, its_parent in parents.items() if its_parent == parent]
    return family


def test_it_says_where_everything_is_and_shares_that_place_with_no_other(tmp_path: Path) -> None:
    with StackProcess(tmp_path) as stack:
        running = stack.running()
        for address in (
            running.gateway,
            running.firestore_emulator_host,
            running.pubsub_emulator_host,
            running.api_key,
        ):
            assert address in stack.output
        assert stack.output.startswith(f"\nMuster is ready on {running.gateway}\n")
        assert {"stack", "firestore", "pubsub", "machines"} <= set(running.pids)
        # Ctrl-C in a terminal reaches only the stack, which stops the others in order.
        assert all(os.getpgid(pid) == pid for name, pid in running.pids.items() if name != "stack")
        assert stat.S_IMODE((tmp_path / "stack.json").stat().st_mode) == 0o600
        assert register(running).status_code == 201

        second = run("infra.local", "--port", "0", "--state", str(tmp_path))
        expected = (
            f"muster: a stack with its state in {tmp_path} runs already: stop it, or put the state of "
            "this one elsewhere: MUSTER_STATE=.local-2 make run PORT=8081\n"
        )
        assert (second.returncode, second.stderr) == (1, expected)

        with watched(stack):
            assert stack.stop() == 0
        assert not (tmp_path / "stack.json").exists()
        assert "Traceback" not in stack.output


def test_nothing_outlives_a_stack_but_its_data_and_key(tmp_path: Path, quiet: tuple[str, str]) -> None:
    """The stack is killed or ended with Ctrl-C. Without a data folder, no data remains either."""
    options = ("--data", str(tmp_path / "data"))
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "development-key").touch()  # an empty file, as a full disk leaves it, is not a key
    with StackProcess(tmp_path / "state", (*options, *quiet)) as stack:
        first = stack.running()
        assert register(first).status_code == 201
        with watched(stack):
            stack.process.kill()
    with StackProcess(tmp_path / "state", options) as next_one:
        second = next_one.running()
        assert register(second).status_code == 409
        assert first.api_key == second.api_key
        other = run("infra.local", "--port", "0", "--state", str(tmp_path / "other"), *options)
        expected = (
            f"muster: a stack with its data in {tmp_path / 'data'} runs already: stop it, or put the data of "
            "this one elsewhere: make run DATA=data-2\n"
        )
        assert (other.returncode, other.stdout, other.stderr) == (1, "", expected)
        assert ends_with_ctrl_c(next_one)
    with StackProcess(tmp_path / "state", (*options, *quiet)) as last_one:
        third = last_one.running()
        assert register(third).status_code == 409
        assert first.api_key == third.api_key
    with StackProcess(tmp_path / "state", quiet) as without_data:
        assert register(without_data.running()).status_code == 201


def ends_with_ctrl_c(stack: StackProcess) -> bool:
    """Return whether Ctrl-C ends all processes of a stack cleanly, even if it is pressed again."""
    gateway = ("127.0.0.1", int(stack.running().gateway.rpartition(":")[2]))
    with watched(stack), socket.create_connection(gateway) as idle, socket.create_connection(gateway) as busy:
        busy.sendall(
            b"POST /api/v1/machines HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\nExpect: 100-continue\r\n\r\n"
        )
        assert busy.recv(100).startswith(b"HTTP/1.1 100 ")
        stack.process.send_signal(signal.SIGINT)
        assert idle.recv(1) == b""  # the stack is stopping, and waits a second for the request in progress
        stack.process.send_signal(signal.SIGINT)
        return stack.process.wait(TIMEOUT) == 0


def test_the_welcome_names_a_function_that_does_not_run(tmp_path: Path) -> None:
    """The stack runs without it, because its code may still be corrected."""

    def change(topology: dict[str, Any]) -> None:
        topology["functions"]["pools"]["entry_point"] = "nothing"

    with StackProcess(tmp_path, ("--topology", str(changed_topology(tmp_path, change)))) as stack:
        running = stack.running()
        assert register(running).status_code == 201
        stack.wait_for("pools            does not run, see above: the stack keeps trying to start it")
        welcome = stack.output.partition("Muster is ready")[2]
        assert welcome.count("does not run") == 1


def test_stacks_run_concurrently_and_know_nothing_of_each_other(
    other: StackProcess, stack: RunningStack
) -> None:
    running = other.running()
    machine = {"nics": [{"mac": "00:00:5E:00:53:F0"}]}
    assert [register(stack, machine).status_code, register(running, machine).status_code] == [201, 201]
    assert register(replace(running, api_key=stack.api_key), machine).status_code == 401


def test_no_client_hides_its_requests_from_the_log(other: StackProcess) -> None:
    """The stack does not show its own probe of a function, which it knows by the id of the request."""
    hidden = httpx.get(
        f"{other.running().gateway}/v1/is-it-ready",
        headers={"X-Request-Id": "is-it-ready"},
        timeout=TIMEOUT,
        verify=NO_AUTHORITIES,
    )
    assert hidden.status_code == 404
    other.wait_for("GET /v1/is-it-ready 404")


def test_an_emulator_that_is_killed_comes_back_where_it_was(
    other: StackProcess, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = other.running()
    os.kill(before.pids["firestore"], signal.SIGKILL)
    other.wait_for("stopped (killed by SIGKILL), starting it again")
    other.wait_for("runs again")

    monkeypatch.setenv("FIRESTORE_EMULATOR_HOST", before.firestore_emulator_host)
    client = firestore.Client(project=before.project)
    key = client.collection("api_keys").document(digest(before.api_key)).get(timeout=TIMEOUT)
    client.close()  # type: ignore[no-untyped-call] # the library annotates it in part
    assert key.get("organization_id") == "development"


def test_a_child_comes_back_also_where_the_state_folder_is_gone(
    tmp_path: Path, quiet: tuple[str, str]
) -> None:
    """As after `git clean -fdx`."""
    folder = tmp_path / "state"
    with StackProcess(folder, quiet) as process:
        stack = process.running()
        shutil.rmtree(folder)
        os.kill(stack.pids["firestore"], signal.SIGKILL)
        process.wait_for("runs again")
        assert f"{folder}: No such file or directory" in process.output
        assert register(stack).status_code == 201


@contextmanager
def piped_stack(folder: Path, quiet: tuple[str, str]) -> Iterator[tuple[subprocess.Popen[str], StackState]]:
    """Run a stack whose output is a pipe, which is read until the stack is ready."""
    command = [sys.executable, "-m", "infra.local", "--port", "0", "--state", str(folder), *quiet]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        while "Muster is ready" not in process.stdout.readline():
            pass
        stack = state.read(folder)
        assert stack
        try:
            yield process, stack
        finally:
            process.terminate()
    assert process.returncode == 0


def test_a_stack_that_nobody_reads_any_more_goes_on(tmp_path: Path, quiet: tuple[str, str]) -> None:
    """As after `make run | head`."""
    with piped_stack(tmp_path, quiet) as (process, stack):
        assert process.stdout
        process.stdout.close()
        os.kill(stack.pids["firestore"], signal.SIGKILL)
        while (response := register(stack)).status_code == 503:
            pass  # try again, as clients do, until the emulator has started
        assert response.status_code == 201


def test_a_stack_whose_reader_pauses_goes_on_and_ends(tmp_path: Path, quiet: tuple[str, str]) -> None:
    """As in `make run | less`: the pipe stays open, and is soon full."""
    with piped_stack(tmp_path, quiet) as (process, stack):
        assert process.stdout
        capacity = fcntl.fcntl(process.stdout, fcntl.F_SETPIPE_SZ, 4096)
        with httpx.Client(base_url=stack.gateway, verify=NO_AUTHORITIES) as http:
            for _ in range(capacity // 100):  # each is a line of more than 100 bytes
                assert http.get("/v1/machines").status_code == 401
        process.terminate()
        assert process.wait(TIMEOUT) == 0


def test_it_serves_more_clients_than_the_open_files_that_a_shell_allows(
    tmp_path: Path, quiet: tuple[str, str]
) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (256, hard))  # as on macOS
    try:
        stack = StackProcess(tmp_path, quiet)
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    with stack, ExitStack() as clients:
        running = stack.running()
        gateway = urlsplit(running.gateway)
        for _ in range(300):
            clients.enter_context(socket.create_connection((gateway.hostname, gateway.port)))
        assert register(running).status_code == 201


def test_named_emulators_are_used_and_left_running(
    tmp_path: Path, stack: RunningStack, monkeypatch: pytest.MonkeyPatch, quiet: tuple[str, str]
) -> None:
    monkeypatch.setenv("FIRESTORE_EMULATOR_HOST", stack.firestore_emulator_host)
    monkeypatch.setenv("PUBSUB_EMULATOR_HOST", stack.pubsub_emulator_host)
    with running_stack(tmp_path, *quiet) as guest:
        assert guest.firestore_emulator_host == stack.firestore_emulator_host
        assert not {"firestore", "pubsub"} & set(guest.pids)
        assert register(guest, {"nics": [{"mac": "00:00:5E:00:53:F1"}]}).status_code == 201
    assert register(stack, {"nics": [{"mac": "00:00:5E:00:53:F1"}]}).status_code == 409


def test_a_taken_port_is_one_line(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        ended = run("infra.local", "--port", str(port), "--state", str(tmp_path))
    expected = f"muster: port {port} is taken: stop who uses it, or choose another: make run PORT=8081\n"
    assert (ended.returncode, ended.stderr, ended.stdout) == (1, expected, "")


def test_a_port_that_this_stack_has_already_is_reported_as_that(other: StackProcess) -> None:
    port = other.running().gateway.rpartition(":")[2]
    ended = run("infra.local", "--port", port, "--state", str(other.state))
    assert ended.stderr.startswith(f"muster: a stack with its state in {other.state} runs already: stop it, ")
    assert (ended.returncode, ended.stdout) == (1, "")


def test_a_state_folder_that_is_a_file_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    ended = run("infra.local", "--port", "0", "--state", str(tmp_path / "file"))
    assert (ended.returncode, ended.stderr) == (1, f"muster: {tmp_path / 'file'}: File exists\n")


def test_a_state_folder_on_a_full_disk_is_one_line(tmp_path: Path, quiet: tuple[str, str]) -> None:
    (tmp_path / "stack.json.new").symlink_to("/dev/full")  # the temporary file, which the stack then renames
    ended = run("infra.local", "--port", "0", "--state", str(tmp_path), *quiet)
    assert (ended.returncode, ended.stderr) == (1, f"muster: {tmp_path}: No space left on device\n")


@pytest.mark.parametrize("folder", ["--data", "--state"])
def test_a_folder_that_is_empty_does_not_mean_the_current_one(folder: str) -> None:
    """It comes from a variable that is not set."""
    ended = run("infra.local", folder, "", "--port", "none")
    expected = f"muster: argument {folder}: it is empty (see python -m infra.local --help)\n"
    assert (ended.returncode, ended.stdout, ended.stderr) == (2, "", expected)


@pytest.mark.parametrize("host", ["http://127.0.0.1:8080", "127.0.0.1", "127.0.0.1:\u0663"])
def test_an_emulator_that_is_no_host_with_a_port_is_one_line(
    tmp_path: Path, host: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PUBSUB_EMULATOR_HOST", host)
    ended = run("infra.local", "--port", "0", "--state", str(tmp_path))
    expected = f"muster: PUBSUB_EMULATOR_HOST is {host}: it takes HOST:PORT, without http://\n"
    assert (ended.returncode, ended.stderr) == (1, expected)


@pytest.mark.parametrize("content", ["", "{}", "[1]"])
def test_of_a_state_that_is_damaged_no_stack_runs(tmp_path: Path, content: str) -> None:
    (tmp_path / "stack.json").write_text(content)
    assert state.read(tmp_path) is None
    assert state.read(tmp_path / "stack.json") is None


@pytest.mark.parametrize(
    "damage", [{"firestore_emulator_host": 1}, {"project": None}, {"pids": {"stack": 10**30}}]
)
def test_of_a_state_with_a_wrong_value_no_stack_runs(
    tmp_path: Path, stack: RunningStack, damage: dict[str, object]
) -> None:
    file = tmp_path / "stack.json"
    file.write_text(json.dumps(asdict(stack)))
    assert state.read(tmp_path)
    file.write_text(json.dumps(asdict(stack) | damage))
    assert state.read(tmp_path) is None


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (("--prot", "1"), "unrecognized arguments: --prot 1"),
        (("--port", "99999"), "99999 is no port, which is from 0 to 65535"),
        (("--topology", "none.yaml"), "muster: none.yaml: No such file or directory"),
        (
            ("--data", "/dev/null"),
            "muster: nothing can be kept in /dev/null (File exists): choose a folder: make run DATA=data",
        ),
    ],
)
def test_a_wrong_argument_is_named(
    tmp_path: Path,
    arguments: tuple[str, ...],
    complaint: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr("sys.argv", ["infra.local", "--state", str(tmp_path), "--port", "0", *arguments])
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code not in (None, 0)
    # The interpreter prints the text that a program exits with.
    printed = capsys.readouterr().err or str(ended.value.code)
    assert complaint in printed.splitlines()[-1]


def test_a_topic_whose_message_is_not_generated_is_one_line_before_anything_starts(tmp_path: Path) -> None:
    def change(topology: dict[str, Any]) -> None:
        topology["topics"]["pool-changed"]["message"] = "inventory.v1.Moved"

    file = changed_topology(tmp_path, change)
    ended = run("infra.local", "--port", "0", "--state", str(tmp_path), "--topology", str(file))
    expected = (
        f"muster: {file}: topics.pool-changed: there is no schema of inventory.v1.Moved: "
        "write the message in proto/ and run make proto\n"
    )
    assert (ended.returncode, ended.stdout, ended.stderr) == (1, "", expected)


@pytest.mark.parametrize("content", [b"\xff\xfe\x00", b"muster_cut\n"])
def test_a_kept_key_that_is_damaged_is_one_line(tmp_path: Path, content: bytes) -> None:
    key = tmp_path / "data" / "development-key"
    key.parent.mkdir()
    key.write_bytes(content)
    ended = run("infra.local", "--port", "0", "--state", str(tmp_path), "--data", str(key.parent))
    expected = f"muster: {key} is damaged, it holds no API key: delete it to have a new one made\n"
    assert (ended.returncode, ended.stdout, ended.stderr) == (1, "", expected)
    assert key.read_bytes() == content


@pytest.mark.parametrize(
    "command",
    [
        ("infra.keys", "--project", "", "revoke", "a"),
        ("infra.replay", "--project", "", "pool-cleanup", "--since", "5m"),
    ],
)
def test_a_project_that_is_empty_does_not_mean_the_local_stack(command: tuple[str, ...]) -> None:
    """It comes from a variable that is not set."""
    ended = run(*command)
    assert ended.returncode == 2
    assert ended.stderr.splitlines()[-1].startswith("muster: argument --project: it is empty")


@pytest.mark.parametrize("module", ["infra.events", "infra.keys"])
def test_commands_say_that_no_stack_runs(
    tmp_path: Path, module: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("FIRESTORE_EMULATOR_HOST", raising=False)
    command = ("list", "--organization", "a") if module == "infra.keys" else ()
    ended = run(module, "--state", str(tmp_path), *command)
    assert ended.returncode == 1
    assert ended.stderr.startswith(
        f"muster: no stack runs with its state in {tmp_path}: start one with `make run`"
    )


@pytest.mark.parametrize(
    "command",
    [
        ("infra.keys", "--project", "a", "list", "--organization", "a"),
        ("infra.replay", "--project", "a", "pool-cleanup", "--since", "5m"),
    ],
)
def test_commands_say_that_nobody_is_signed_in(
    tmp_path: Path, command: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    for service in ("FIRESTORE", "PUBSUB"):
        monkeypatch.delenv(f"{service}_EMULATOR_HOST", raising=False)
    monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", str(tmp_path / "none"))
    ended = run(*command)
    assert ended.returncode == 1
    (line,) = ended.stderr.splitlines()
    assert line.startswith("muster: you are not signed in to Google Cloud: gcloud auth login && ")
