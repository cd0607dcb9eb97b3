"""The log entries that the product writes in the test's process."""

import json
from typing import Any

import pytest


def entries(capsys: pytest.CaptureFixture[str]) -> list[dict[str, Any]]:
    """Return the log entries since the last call."""
    return [json.loads(line) for line in capsys.readouterr().out.splitlines()]
