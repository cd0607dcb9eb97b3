"""The API matches its OpenAPI document: schemathesis sends valid and invalid requests."""

import os
import subprocess
import sys

import pytest

from infra import ROOT
from tests.stack import NewOrganization, RunningStack

FOLDER = ROOT / "tests/functions"
# For a longer search, set MUSTER_SCHEMATHESIS_EXAMPLES=1000.
EXAMPLES = os.environ.get("MUSTER_SCHEMATHESIS_EXAMPLES", "5")


@pytest.mark.long
@pytest.mark.timeout(600)  # hundreds of requests, and more with the variable
def test_the_api_is_as_documented(stack: RunningStack, new_organization: NewOrganization) -> None:
    """All checks are enabled. The output contains the seed, and a command to repeat a failed request."""
    arguments = [
        f"--config-file={FOLDER}/schemathesis.toml",
        "run",
        f"{stack.gateway}/openapi.json",
        f"--header=Authorization: Bearer {new_organization().api_key}",
        f"--max-examples={EXAMPLES}",
        "--generation-database=none",
    ]
    run = subprocess.run(
        [sys.executable, "-W", "error", "-m", "schemathesis.cli", *arguments],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )

    print(run.stdout)  # noqa: T201 - shown when the test fails
    assert run.returncode == 0
