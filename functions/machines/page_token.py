"""Page tokens: where a walk through a list stands, in a form that clients hand back as it is.

A token has what its next page needs, so that the server keeps nothing. Its digest is over the question too:
a token that was damaged, or is used with another question, is refused rather than answered wrongly. But the
digest has no secret, so anybody can forge a token: its content is as untrusted as any parameter, and
validated as such. Who forges a good one begins elsewhere in a list of their own, with a total of their own.
"""

import base64
import binascii
import hashlib
from typing import Annotated

from pydantic import Field, ValidationError

from shared.domain.errors import Fault, Invalid
from shared.edge.validation import Strict

MAX_SKIP = 2**62

_DIGEST_BYTES = 12

MachineId = Annotated[str, Field(pattern=r"^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$")]


class PageToken(Strict):
    """Where the next page begins.

    Attributes:
        after: the id of the last machine that was shown.
        skip: how many were shown before.
        per_page: how many machines a page shows.
        total: how many machines there were when the first page was shown.
    """

    after: MachineId
    skip: Annotated[int, Field(ge=1, le=MAX_SKIP)]
    per_page: Annotated[int, Field(ge=1, le=100)]
    total: Annotated[int, Field(ge=0, le=2**63 - 1)]


def write_token(token: PageToken, question: str) -> str:
    """Write a token for the next page of a question."""
    content = token.model_dump_json().encode()
    return base64.urlsafe_b64encode(_digest(content, question) + content).decode().rstrip("=")


def read_token(text: str, question: str) -> PageToken:
    """Read a token.

    Raises:
        Invalid: it is none that was written for this question.
    """
    try:
        raw = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError) as error:
        raise _malformed() from error
    digest, content = raw[:_DIGEST_BYTES], raw[_DIGEST_BYTES:]
    if digest != _digest(content, question):
        raise _malformed()
    try:
        token = PageToken.model_validate_json(content)
    except ValidationError as error:
        raise _malformed() from error
    if text != write_token(token, question):
        raise _malformed()  # the same bytes in other letters: the last one has bits to spare
    return token


def _digest(content: bytes, question: str) -> bytes:
    return hashlib.sha256(content + b"\n" + question.encode()).digest()[:_DIGEST_BYTES]


def _malformed() -> Invalid:
    message = "must be the next_page_token of a page of this list"
    return Invalid([Fault(("query", "page_token"), "page_token", message)])
