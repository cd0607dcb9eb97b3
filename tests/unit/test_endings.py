"""How commands end that are interrupted, or whose output nobody takes."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from infra import ROOT

INTERRUPT = "import os, signal\nos.kill(os.getpid(), signal.SIGINT)\n"
BUFFERED = {name: value for name, value in os.environ.items() if name != "PYTHONUNBUFFERED"}
UNBUFFERED = BUFFERED | {"PYTHONUNBUFFERED": "1"}


def run(
    *command: str, environment: dict[str, str] = BUFFERED, stdout: int = subprocess.PIPE
) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "-m", *command],
        cwd=ROOT,
        env=environment,
        stdout=stdout,
        stderr=subprocess.PIPE,
        text=True,
        timeout=30,
        check=False,
    )


@pytest.mark.parametrize(
    ("command", "imported"),
    [
        ("infra.codegen", "grpc_tools"),
        ("infra.cost", "yaml"),
        ("infra.deploy", "grpc"),
        ("infra.events", "uuid6"),
        ("infra.keys", "uuid6"),
        ("infra.local", "uvloop"),
        ("infra.local.firestore", "grpc"),
        ("infra.local.pubsub", "grpc"),
        ("infra.openapi", "pydantic"),
        ("infra.replay", "grpc"),
        ("infra.smoke", "httpx"),
        ("tests.bench", "grpc"),
        ("tests.chaos", "httpx"),
    ],
)
def test_ctrl_c_ends_a_command_that_still_imports(command: str, imported: str, tmp_path: Path) -> None:
    """The module that it imports is one that is interrupted."""
    (tmp_path / f"{imported}.py").write_text(INTERRUPT)
    ended = run(command, environment=BUFFERED | {"PYTHONPATH": str(tmp_path)})
    assert (ended.returncode, ended.stdout, ended.stderr) == (130, "", "")


@pytest.mark.parametrize("environment", [BUFFERED, UNBUFFERED])
@pytest.mark.parametrize(
    "command", [("infra.cost",), ("infra.local.firestore",), ("infra.local.pubsub", "--port", "0")]
)
def test_an_output_without_room_is_one_line(command: tuple[str, ...], environment: dict[str, str]) -> None:
    with Path("/dev/full").open("w") as full:
        ended = run(*command, environment=environment, stdout=full.fileno())
    assert (ended.returncode, ended.stderr) == (1, "muster: No space left on device\n")


@pytest.mark.parametrize("environment", [BUFFERED, UNBUFFERED])
def test_an_output_that_nobody_reads_any_more_ends_a_command_quietly(environment: dict[str, str]) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    ended = run("infra.cost", environment=environment, stdout=writing)
    os.close(writing)
    assert (ended.returncode, ended.stderr) == (141, "")


def test_a_command_without_an_output_says_nothing() -> None:
    command = [f'"{sys.executable}" -m infra.cost >&-']
    ended = subprocess.run(command, shell=True, cwd=ROOT, capture_output=True, text=True, check=False)  # noqa: S602
    assert (ended.returncode, ended.stderr) == (0, "")


def test_what_else_goes_wrong_is_told_with_its_traceback(tmp_path: Path) -> None:
    (tmp_path / "yaml.py").write_text("raise TimeoutError('late')")
    ended = run("infra.cost", environment=BUFFERED | {"PYTHONPATH": str(tmp_path)})
    assert ended.returncode == 1
    assert ended.stderr.startswith("Traceback (most recent call last):\n")
    assert ended.stderr.endswith("TimeoutError: late\n")
