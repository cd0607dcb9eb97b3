"""The `Idempotency-Key` header, and the digest that differs between different requests.

https://datatracker.ietf.org/doc/draft-ietf-httpapi-idempotency-key-header/
"""

import hashlib
import re

from starlette.requests import Request

from shared.domain.command import Command
from shared.domain.errors import Fault, Invalid
from shared.edge.resource import Call

_KEY = re.compile(r"[\x21-\x7e]{1,255}")


def command_of(call: Call) -> Command:
    """Return the request's command: whose request it is, and how a repeat of it is recognized.

    Raises:
        Invalid: the key is not 1 to 255 visible ASCII characters, or the header occurs twice.
    """
    return Command(
        organization_id=call.caller.organization_id,
        idempotency_key=_key(call.request),
        request_digest=_digest(call),
        deadline=call.deadline,
    )


def _key(request: Request) -> str | None:
    location = ("header", "Idempotency-Key")
    # HTTP excludes white space around a field's value, but uvicorn leaves it at the end.
    match [key.strip(" \t") for key in request.headers.getlist("idempotency-key")]:
        case []:
            return None
        case [key] if _KEY.fullmatch(key):
            return key
        case [_]:
            raise Invalid([Fault(location, "idempotency_key", "must have 1 to 255 visible ASCII characters")])
        case _:
            raise Invalid([Fault(location, "idempotency_key", "must not be given twice")])


def _digest(call: Call) -> bytes:
    scope = call.request.scope
    target = scope["raw_path"] + b"?" + scope["query_string"]
    return hashlib.sha256(b"\n".join((call.request.method.encode(), target, call.body))).digest()
