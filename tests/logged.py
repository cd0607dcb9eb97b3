"""What the product logs in the process of a test."""

import json
from typing import Any

import pytest


def entries(capsys: pytest.CaptureFixture[str]) -> list[dict[str, Any]]:
    """Give the log's entries since the last look."""
    return [json.loads(line) for line in capsys.readouterr().out.splitlines()]
