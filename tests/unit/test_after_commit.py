"""What completes a response after its commit can fail, which the log reports according to the cause."""

import pytest

from functions.pools.responses import after_commit
from shared.domain.deadline import Deadline
from shared.domain.errors import Unavailable
from tests.logged import entries


@pytest.mark.parametrize(("error", "severity"), [(Unavailable(), "WARNING"), (KeyError("id"), "ERROR")])
async def test_only_an_unexpected_failure_after_a_commit_is_logged_as_an_error(
    error: Exception, severity: str, capsys: pytest.CaptureFixture[str]
) -> None:
    async def fail(_: Deadline) -> int:
        raise error

    assert await after_commit(fail) is None
    [entry] = entries(capsys)
    assert severity == entry["severity"]
