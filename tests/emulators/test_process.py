"""The emulators as processes: how they start and stop, and their messages."""

import os
import signal
import socket
from collections.abc import Callable
from contextlib import AbstractContextManager
from importlib import import_module
from pathlib import Path

import pytest

from tests.emulators.command import startup_error
from tests.emulators.firestore import emulator as firestore
from tests.emulators.pubsub import emulator as pubsub

EMULATORS = [("firestore", "Firestore"), ("pubsub", "Pub/Sub")]
Running = Callable[..., AbstractContextManager[firestore.Emulator | pubsub.Emulator]]
RUNNING: dict[str, Running] = {"firestore": firestore.running, "pubsub": pubsub.running}

both = pytest.mark.parametrize(("module", "name"), EMULATORS)


@both
@pytest.mark.parametrize("flag", ["--port", "--control-port"])
def test_a_taken_port_is_one_line(module: str, name: str, flag: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        complaint = startup_error(module, flag, str(port))
    assert complaint == f"{name} emulator: 127.0.0.1:{port} is taken, choose another port (0 takes any)"


@both
def test_the_help_does_not_offer_a_folder_named_none(
    module: str, name: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """`--data None` keeps the data in such a folder, not in memory."""
    monkeypatch.setattr("sys.argv", [name, "--help"])
    with pytest.raises(SystemExit):
        import_module(f"infra.local.{module}.__main__").main()

    described = " ".join(capsys.readouterr().out.split())
    assert "a folder for the data, which is otherwise in memory" in described


@both
def test_an_address_of_another_machine_is_one_line(module: str, name: str) -> None:
    complaint = startup_error(module, "--host", "192.0.2.1")
    expected = f"{name} emulator: 192.0.2.1:0 cannot be used: Cannot assign requested address"
    assert complaint.startswith(expected)


@both
@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (["--prot", "1"], "unrecognized arguments: --prot 1"),
        (["--port", "x"], "argument --port: x is no port, which is from 0 to 65535"),
        (["--control-port", "65536"], "argument --control-port: 65536 is no port, which is from 0 to 65535"),
        (["--host", ""], "argument --host: it is empty"),
        (["--data"], "argument --data: expected one argument"),
        (["--data", "", "--port", "x"], "argument --data: it is empty"),
    ],
)
def test_a_wrong_flag_is_one_line(  # noqa: PLR0913 - a table of two columns, for each emulator
    *,
    module: str,
    name: str,
    arguments: list[str],
    complaint: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr("sys.argv", [module, *arguments])
    with pytest.raises(SystemExit) as ended:
        import_module(f"infra.local.{module}.__main__").main()
    assert ended.value.code == 2
    expected = f"{name} emulator: {complaint} (see python -m infra.local.{module} --help)\n"
    assert capsys.readouterr() == ("", expected)


@pytest.mark.parametrize("module", RUNNING)
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_stops_it_cleanly(module: str, number: signal.Signals) -> None:
    with RUNNING[module]() as emulator:
        os.kill(emulator.process.pid, number)
        assert emulator.process.wait(10) == 0


@both
def test_a_data_folder_has_one_user(module: str, name: str, tmp_path: Path) -> None:
    with RUNNING[module]("--data", str(tmp_path)):
        complaint = startup_error(module, "--data", str(tmp_path))
    assert complaint == f"{name} emulator: {tmp_path}: database is locked; does another emulator use it?"


@both
def test_a_data_folder_that_cannot_be_is_one_line(module: str, name: str, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    folder = tmp_path / "file" / "data"
    assert startup_error(module, "--data", str(folder)) == f"{name} emulator: {folder}: Not a directory"
