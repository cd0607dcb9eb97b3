"""The process: how it starts and stops."""

import os
import signal
import socket
import subprocess
import sys

import pytest

from infra.local.pubsub.__main__ import main
from tests.emulators.pubsub.emulator import running


def refused(*arguments: str) -> tuple[int, str]:
    """Start an emulator that cannot start: its exit code and its complaint."""
    command = [sys.executable, "-m", "infra.local.pubsub", *arguments]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=20, check=False)
    assert ended.stdout == ""
    return ended.returncode, ended.stderr


@pytest.mark.parametrize("flag", ["--port", "--control-port"])
def test_a_taken_port_is_one_line(flag: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        code, complaint = refused("--port", "0", flag, str(port))
    assert code == 1
    assert complaint == f"Pub/Sub emulator: 127.0.0.1:{port} is taken, choose another port (0 takes any)\n"


def test_an_address_of_another_machine_is_one_line() -> None:
    code, complaint = refused("--host", "192.0.2.1", "--port", "0")
    assert code == 1
    [line] = complaint.splitlines()
    assert line.startswith("Pub/Sub emulator: 192.0.2.1:0 cannot be used: Cannot assign requested address")


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (["--prot", "1"], "unrecognized arguments: --prot 1"),
        (["--port", "x"], "argument --port: x is no port, which is from 0 to 65535"),
        (["--control-port", "65536"], "argument --control-port: 65536 is no port, which is from 0 to 65535"),
        (["--data"], "argument --data: expected one argument"),
    ],
)
def test_a_wrong_flag_is_one_line(
    arguments: list[str],
    complaint: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr("sys.argv", ["pubsub", *arguments])
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code == 2
    assert capsys.readouterr() == (
        "",
        f"Pub/Sub emulator: {complaint} (see python -m infra.local.pubsub --help)\n",
    )


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_stops_it_cleanly(number: signal.Signals) -> None:
    with running() as emulator:
        os.kill(emulator.process.pid, number)
        assert emulator.process.wait(10) == 0
