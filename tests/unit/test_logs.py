"""Log entries when the output cannot be written."""

import logging
import sys
from pathlib import Path

import pytest
from gunicorn.config import Config
from gunicorn.glogging import Logger

from shared import logs
from tests.logged import entries


def test_an_entry_that_cannot_be_written_fails_nothing_and_is_reported(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Otherwise, a committed change with a failed publish would get an error response."""
    with (tmp_path / "log").open("w") as closed:
        pass
    monkeypatch.setattr(sys, "stdout", closed)

    logs.log(logging.WARNING, "events not published, left to the relay", {})

    printed = capsys.readouterr().err
    assert printed.startswith("muster: 'events not published, left to the relay' is not logged: ")


def test_an_entry_goes_out_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A function can be stopped at any time."""
    file = tmp_path / "log"
    with file.open("w") as output, monkeypatch.context() as patch:
        patch.setattr(sys, "stdout", output)

        logs.log(logging.INFO, "done", {"machines": 1})

        assert (
            file.read_text() == '{"severity": "INFO", "message": "done", "request_id": null, "machines": 1}\n'
        )


def test_on_a_terminal_an_entry_is_a_line_and_an_errors_traceback(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")
    fields = {"machines": 1, "logging.googleapis.com/trace": "projects/p/traces/t"}

    logs.log(logging.ERROR, "not done", fields, error=RuntimeError("the cause"))

    line, *traceback = capsys.readouterr().out.splitlines()
    assert line == "\033[31mnot done\033[0m \033[90mrequest_id=None machines=1\033[0m"
    assert traceback[-1] == "RuntimeError: the cause"


def test_what_a_library_warns_of_is_an_entry(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(logging.root, "handlers", [])

        logs.configure()
        logging.getLogger("library").info("Connected")
        logging.getLogger("library").warning("Running out of %s", "tokens")
        logging.getLogger("library").error("Out of tokens", exc_info=RuntimeError("the cause"))

    warning, error = entries(capsys)
    assert (warning["severity"], warning["message"]) == ("WARNING", "Running out of tokens")
    assert (error["severity"], error["message"]) == ("ERROR", "Out of tokens")
    assert error["exception"].endswith("RuntimeError: the cause")


def test_the_server_can_log_in_its_own_format(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Otherwise, the log would not say that a worker was killed, or why the server failed."""
    with monkeypatch.context() as patch:
        patch.setattr(logging.root, "handlers", [])
        for name in ("gunicorn.error", "gunicorn.access"):
            patch.setattr(logging.getLogger(name), "handlers", [])

        logs.configure()
        Logger(Config()).error("Worker (pid:%s) was sent %s!", 7, "SIGKILL")

    assert capsys.readouterr().err.endswith("[ERROR] Worker (pid:7) was sent SIGKILL!\n")
