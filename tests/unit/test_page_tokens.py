"""Page tokens can be read back, and no other text is accepted."""

import base64
import hashlib
import json
import string
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from functions.machines.page_token import PageToken, read_token, write_token
from shared.domain.errors import Invalid

tokens = st.builds(
    PageToken,
    after=st.uuids().map(str),
    skip=st.integers(1, 10**6),
    per_page=st.integers(1, 100),
    total=st.integers(0, 10**9),
)


@given(tokens, st.text(st.characters(codec="utf-8")))
def test_a_token_is_read_as_it_was_written(token: PageToken, query_id: str) -> None:
    assert token == read_token(write_token(token, query_id), query_id)


@given(tokens, st.data())
def test_a_changed_token_is_rejected(token: PageToken, data: st.DataObject) -> None:
    text = write_token(token, "")
    at = data.draw(st.integers(0, len(text) - 1))
    changed = text[:at] + data.draw(st.characters(codec="utf-8")) + text[at + 1 :]
    assume(changed != text)

    with pytest.raises(Invalid) as raised:
        read_token(changed, "")
    [fault] = raised.value.faults
    assert fault.location == ("query", "page_token")


@given(st.text(max_size=40))
def test_a_text_that_is_no_token_is_rejected(text: str) -> None:
    with pytest.raises(Invalid):
        read_token(text, "")


@given(tokens)
def test_a_token_is_rejected_for_another_query(token: PageToken) -> None:
    with pytest.raises(Invalid):
        read_token(write_token(token, "label=tier"), "label=rack")


GOOD = {"after": "0193a5d2-7b1c-7000-8000-000000000000", "skip": 1, "per_page": 1, "total": 3}


def forged(content: Any) -> str:  # noqa: ANN401 - any JSON, even invalid
    """Make a token without the server, as anyone can who knows the source."""
    raw = json.dumps(content, separators=(",", ":")).encode()
    return base64.urlsafe_b64encode(hashlib.sha256(raw + b"\n").digest()[:12] + raw).decode().rstrip("=")


@pytest.mark.parametrize(
    "content",
    [
        [1],
        1,
        None,
        {},
        {"a": 1},
        GOOD | {"a": 1},
        *({name: value for name, value in GOOD.items() if name != missing} for missing in GOOD),
        *(GOOD | {"after": after} for after in ("x/y", "", "..", None, 1, str(GOOD["after"]).upper())),
        *(GOOD | {"skip": skip} for skip in (0, -1, 1.0, "2", True, 2**63)),
        *(GOOD | {"per_page": per_page} for per_page in (0, 101, 1_000_000, None)),
        *(GOOD | {"total": total} for total in (-1, 2**63, 2**70, 0.5)),
    ],
    ids=str,
)
def test_a_forged_token_with_wrong_content_is_rejected(content: Any) -> None:  # noqa: ANN401 - any JSON
    with pytest.raises(Invalid) as raised:
        read_token(forged(content), "")
    [fault] = raised.value.faults
    assert fault.location == ("query", "page_token")


@pytest.mark.parametrize("content", [b"", b"\xff", b"{", b"[" * 10_000])
def test_a_forged_token_that_is_no_json_is_rejected(content: bytes) -> None:
    raw = hashlib.sha256(content + b"\n").digest()[:12] + content

    with pytest.raises(Invalid):
        read_token(base64.urlsafe_b64encode(raw).decode().rstrip("="), "")


def test_a_forged_token_with_good_content_begins_elsewhere() -> None:
    """A token is not secret: its content is validated like any parameter."""
    assert read_token(forged(GOOD), "").model_dump() == GOOD


@pytest.mark.parametrize("skip", [1, 10, 100])
def test_the_same_bytes_in_other_letters_are_no_token(skip: int) -> None:
    """The last character can have unused bits, and padding has no content."""
    text = write_token(PageToken.model_validate(GOOD | {"skip": skip}), "")
    padded = text + "=" * (-len(text) % 4)

    for other in {padded, *(text[:-1] + letter for letter in string.ascii_letters + string.digits)} - {text}:
        with pytest.raises(Invalid):
            read_token(other, "")
