"""How interrupted commands end."""

from pathlib import Path

import pytest

from tests.command import run

INTERRUPT = "import os\nos.kill(os.getpid(), 2)\n"  # SIGINT


@pytest.mark.parametrize(
    ("command", "imported"),
    [
        ("infra.codegen", "grpc_tools"),
        ("infra.cost", "yaml"),
        ("infra.deploy", "grpc"),
        ("infra.events", "uuid6"),
        ("infra.keys", "uuid6"),
        ("infra.local", "enum"),
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
    """The imported module interrupts the process."""
    (tmp_path / f"{imported}.py").write_text(INTERRUPT)
    ended = run(command, PYTHONPATH=str(tmp_path))
    assert (ended.returncode, ended.stdout, ended.stderr) == (130, "", "")


def test_what_else_goes_wrong_is_logged_with_its_traceback(tmp_path: Path) -> None:
    (tmp_path / "yaml.py").write_text("raise TimeoutError('late')")
    ended = run("infra.cost", PYTHONPATH=str(tmp_path))
    assert ended.returncode == 1
    assert ended.stderr.startswith("Traceback (most recent call last):\n")
    assert ended.stderr.endswith("TimeoutError: late\n")
