"""Error messages about invalid documents."""

import traceback

import pytest

from functions.machines.bodies import FingerprintRegistration, MachinePatch
from shared.domain.errors import Invalid
from shared.edge.validation import validate


def test_an_error_quotes_nothing_that_could_be_a_secret() -> None:
    """A later error can be logged with this one as its context."""
    document = {
        "fingerprint": "a",
        "unkey_key_id": "k",
        "machine_sensitive_parameters": {"password": "hunter2"},
    }

    with pytest.raises(Invalid) as raised:
        validate(FingerprintRegistration, document)

    printed = "".join(traceback.format_exception(raised.value))
    assert "machine_sensitive_parameters" in printed
    assert "hunter2" not in printed


@pytest.mark.parametrize("text", ["0193A5D2-7B1C-7000-8000-000000000000", "0193a5d27b1c70008000000000000000"])
def test_an_id_is_the_text_that_it_is_stored_by(text: str) -> None:
    patch = validate(MachinePatch, {"reserved_session_id": text})

    assert patch.changes() == {"reserved_session_id": "0193a5d2-7b1c-7000-8000-000000000000"}
