"""Page tokens: the position in a list, as text that clients send back unchanged.

A token contains all that the next page needs, so the server stores nothing. It also contains a digest of its
content and the query, so a token that is damaged, or belongs to another query, is rejected. The digest has no
secret, so anybody can forge a token. Its content is therefore validated like any parameter. A forged token
that is valid only starts elsewhere in the caller's own list, with another total.
"""

import base64
import hashlib
from typing import Annotated

from pydantic import Field

from shared.domain.errors import Fault, Invalid
from shared.edge.validation import Strict

MAX_SKIP = 2**62

_DIGEST_BYTES = 12

MachineId = Annotated[str, Field(pattern=r"^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$")]


class PageToken(Strict):
    """The position of the next page.

    Attributes:
        after: the id of the previous page's last machine.
        skip: how many machines the previous pages showed.
        per_page: the number of machines per page.
        total: the number of machines as of the first page.
    """

    after: MachineId
    skip: Annotated[int, Field(ge=1, le=MAX_SKIP)]
    per_page: Annotated[int, Field(ge=1, le=100)]
    total: Annotated[int, Field(ge=0, le=2**63 - 1)]


def write_token(token: PageToken, query_id: str) -> str:
    """Return a token as text, for the next page of a query."""
    content = token.model_dump_json().encode()
    digest = hashlib.sha256(content + b"\n" + query_id.encode()).digest()[:_DIGEST_BYTES]
    return base64.urlsafe_b64encode(digest + content).decode().rstrip("=")


def read_token(text: str, query_id: str) -> PageToken:
    """Read a token.

    Raises:
        Invalid: the text is not a token for this query.
    """
    try:
        raw = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
        token = PageToken.model_validate_json(raw[_DIGEST_BYTES:])
    except ValueError as error:  # of base64, or pydantic's
        raise _malformed() from error
    # The text also differs if only its last character does, which has unused bits.
    if text != write_token(token, query_id):
        raise _malformed()
    return token


def _malformed() -> Invalid:
    message = "must be the next_page_token of a page of this list"
    return Invalid([Fault(("query", "page_token"), "page_token", message)])
