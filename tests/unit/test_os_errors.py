"""Commands report in one line what they cannot write, and end quietly if nobody reads their output."""

import os
import subprocess
import sys

import pytest

from infra import ROOT
from tests.command import TIMEOUT, run, run_into


@pytest.mark.parametrize("command", ["infra.codegen", "infra.openapi"])
def test_a_folder_that_cannot_be_is_one_line(command: str) -> None:
    ended = run(command, "--into", "/dev/null")

    assert (ended.returncode, ended.stdout) == (1, "")
    (line,) = ended.stderr.splitlines()
    assert line.startswith("muster: /dev/null/")
    assert line.endswith(": Not a directory")


@pytest.mark.parametrize("command", ["infra.codegen", "infra.openapi"])
def test_an_empty_folder_is_not_the_current_one(command: str) -> None:
    ended = run(command, "--into", "")

    expected = f"muster: argument --into: it is empty (see python -m {command} --help)\n"
    assert (ended.returncode, ended.stderr) == (2, expected)


@pytest.mark.parametrize("unbuffered", ["", "1"])
@pytest.mark.parametrize(
    "command",
    [
        ("infra.cost",),
        ("infra.package",),
        ("tests.chaos", "--seconds=1"),
    ],
)
def test_a_command_whose_reader_has_ended_ends_quietly(command: tuple[str, ...], unbuffered: str) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    with open(writing, "w") as nobody:  # noqa: PTH123 - a file descriptor
        ended = run_into(nobody, *command, PYTHONUNBUFFERED=unbuffered)

    assert (ended.returncode, ended.stderr) == (0, "")


@pytest.mark.parametrize(
    ("command", "argument"),
    [
        (("tests.emulators.firestore.speed", "--seconds=0"), "--seconds: 0"),
        (("tests.emulators.firestore.speed", "--documents=-1"), "--documents: -1"),
        (("tests.emulators.pubsub.throughput", "0"), "messages: 0"),
    ],
)
def test_nothing_is_no_measurement(command: tuple[str, ...], argument: str) -> None:
    ended = run(*command)

    expected = (
        f"muster: argument {argument} is not a positive whole number (see python -m {command[0]} --help)\n"
    )
    assert (ended.returncode, ended.stderr) == (2, expected)


@pytest.mark.parametrize(
    ("closed", "output", "errors"), [(">&-", "", "an error\n"), ("2>&-", "a result\n", "")]
)
def test_a_closed_output_takes_what_is_written(closed: str, output: str, errors: str) -> None:
    code = r"import sys, infra; sys.stdout.write('a result\n'); print('an error', file=sys.stderr)"
    ended = subprocess.run(
        ["/bin/sh", "-c", f'"$0" -c "$1" {closed}', sys.executable, code],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=TIMEOUT,
        check=False,
    )

    assert (ended.returncode, ended.stdout, ended.stderr) == (0, output, errors)


def test_an_output_takes_characters_that_its_encoding_does_not_have() -> None:
    """As of an event in `make events`, in a locale that is not UTF-8."""
    code = r"import infra; print('r\u00e4ck \u2603')"
    ended = subprocess.run(
        [sys.executable, "-c", code],
        cwd=ROOT,
        env=os.environ | {"PYTHONIOENCODING": "latin-1"},
        capture_output=True,
        timeout=TIMEOUT,
        check=False,
    )

    assert (ended.returncode, ended.stdout, ended.stderr) == (0, b"r\xe4ck \\u2603\n", b"")
