"""What is said of a document that is refused."""

import traceback

import pytest

from functions.machines.bodies import FingerprintRegistration
from shared.domain.errors import Invalid
from shared.edge.validation import validate


def test_a_refusal_quotes_nothing_that_could_be_a_secret() -> None:
    """Whatever fails next may be logged with the refusal as its context."""
    document = {
        "fingerprint": "a",
        "unkey_key_id": "k",
        "machine_sensitive_parameters": {"password": "hunter2"},
    }

    with pytest.raises(Invalid) as refused:
        validate(FingerprintRegistration, document)

    told = "".join(traceback.format_exception(refused.value))
    assert "machine_sensitive_parameters" in told
    assert "hunter2" not in told
