"""Page tokens: handed back they say what they were made of, and nothing else is one."""

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from shared.domain.errors import Invalid
from shared.edge.page_token import PageToken, read_token, write_token

tokens = st.builds(
    PageToken,
    after=st.uuids().map(str),
    page=st.integers(2, 10**6),
    per_page=st.integers(1, 100),
    total=st.integers(0, 10**9),
)


@given(tokens, st.text(st.characters(codec="utf-8")))
def test_a_token_is_read_as_it_was_written(token: PageToken, question: str) -> None:
    assert token == read_token(write_token(token, question), question)


@given(tokens, st.data())
def test_a_changed_token_is_refused(token: PageToken, data: st.DataObject) -> None:
    text = write_token(token, "")
    at = data.draw(st.integers(0, len(text) - 1))
    changed = text[:at] + data.draw(st.characters(codec="utf-8")) + text[at + 1 :]
    assume(changed != text)

    with pytest.raises(Invalid) as refusal:
        read_token(changed, "")
    [fault] = refusal.value.faults
    assert fault.location == ("query", "page_token")


@given(st.text(max_size=40))
def test_a_text_that_is_no_token_is_refused(text: str) -> None:
    with pytest.raises(Invalid):
        read_token(text, "")


@given(tokens)
def test_a_token_is_refused_for_another_question(token: PageToken) -> None:
    with pytest.raises(Invalid):
        read_token(write_token(token, "label=tier"), "label=rack")
