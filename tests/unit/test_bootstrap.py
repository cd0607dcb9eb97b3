"""A function whose environment is wrong says so in one log entry, and ends."""

import json
import os
import subprocess
import sys

import pytest

from infra import ROOT
from tests.command import TIMEOUT

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
def test_a_variable_that_is_missing_or_wrong_is_named(wrong: dict[str, str | None], reason: str) -> None:
    environment = os.environ | GOOD | wrong
    ended = subprocess.run(
        [
            *(sys.executable, "-m", "functions_framework", "--port", "0"),
            *("--source", "functions/heartbeat_sweep/main.py", "--target", "heartbeat_sweep"),
        ],
        cwd=ROOT,
        env={name: value for name, value in environment.items() if value is not None}
        | {"PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=TIMEOUT,
        check=False,
    )

    assert (ended.returncode, ended.stderr) == (1, "")
    entry = json.loads(ended.stdout)
    assert entry["severity"] == "CRITICAL"
    assert entry["message"] == f"the function cannot start: the environment variable {reason}"
