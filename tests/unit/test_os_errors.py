"""Commands that write files report in one line what they cannot write."""

import pytest

from tests.command import run


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
