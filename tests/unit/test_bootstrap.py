"""A function whose environment is wrong says so in one log entry, and ends."""

import json

import pytest

from infra import ROOT
from tests.command import run

GOOD = {"GOOGLE_CLOUD_PROJECT": "project", "DISCONNECT_AFTER_SECONDS": "300"}


@pytest.mark.parametrize(
    ("wrong", "reason"),
    [
        ({"GOOGLE_CLOUD_PROJECT": None}, "GOOGLE_CLOUD_PROJECT is not set"),
        ({"GOOGLE_CLOUD_PROJECT": ""}, "GOOGLE_CLOUD_PROJECT is not set"),
        ({"DISCONNECT_AFTER_SECONDS": None}, "DISCONNECT_AFTER_SECONDS is not set"),
        *(
            (
                {"DISCONNECT_AFTER_SECONDS": value},
                f"DISCONNECT_AFTER_SECONDS is '{value}', not a whole number of seconds from 1 to 999999999",
            )
            for value in ("-3", "0", "abc", "1.5", "1" * 30)
        ),
    ],
)
def test_a_variable_that_is_missing_or_wrong_is_named(
    monkeypatch: pytest.MonkeyPatch, wrong: dict[str, str | None], reason: str
) -> None:
    for name, value in (GOOD | wrong).items():
        if value is None:
            monkeypatch.delenv(name, raising=False)
        else:
            monkeypatch.setenv(name, value)
    source = ("--source", "functions/heartbeat_sweep/main.py", "--target", "heartbeat_sweep")
    ended = run("functions_framework", "--port", "0", *source, PYTHONPATH=str(ROOT))

    assert (ended.returncode, ended.stderr) == (1, "")
    entry = json.loads(ended.stdout)
    assert entry["severity"] == "CRITICAL"
    assert entry["message"] == f"the function cannot start: the environment variable {reason}"
