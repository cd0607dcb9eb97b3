"""Conditional requests: `If-Match` and `If-None-Match` against an entity's version (RFC 9110, 13.1)."""

import re

from starlette.requests import Request

from shared.domain.errors import PreconditionFailed

_TAG = re.compile(r'(W/)?"([\x21\x23-\x7e\x80-\xff]*)"')
# A list of tags, whose elements may be empty (RFC 9110, 5.6.1).
_TAGS = re.compile(rf"[\s,]*(?:{_TAG.pattern}\s*(?:,[\s,]*|\Z))*")


def etag(version: int) -> str:
    """Return a version as a strong entity tag."""
    return f'"{version}"'


def pool_etag(version: int, members: int) -> str:
    """Return a pool's entity tag: its version, and the number of members that it is shown with, if not 0.

    Changes of members do not change the pool's version: docs/decisions/0008-pools.md.
    """
    return f'"{version}.{members}"' if members else etag(version)


def require_match(request: Request, version: int) -> None:
    """Reject a change whose `If-Match` lacks the current version, or whose `If-None-Match` has it.

    Raises:
        PreconditionFailed: one of the two rules out the change; in `If-Match`, weak tags never match.
    """
    _require(request, version, accepted=str(version))


def require_pool_match(request: Request, version: int) -> None:
    """Reject a change as `require_match` does; the pool's version counts with any number of members.

    Raises:
        PreconditionFailed: one of the two rules out the change; in `If-Match`, weak tags never match.
    """
    _require(request, version, accepted=rf"{version}(\.[0-9]+)?")


def _require(request: Request, version: int, *, accepted: str) -> None:
    def is_current(tag: str) -> bool:
        return re.fullmatch(accepted, tag) is not None

    wanted = _list_header(request, "if-match", absent="*")
    if wanted.strip() != "*" and not any(is_current(tag) for weak, tag in _tags(wanted) if not weak):
        raise PreconditionFailed(version, "does not match If-Match")
    unwanted = _list_header(request, "if-none-match", absent="")
    if unwanted.strip() == "*" or any(is_current(tag) for _, tag in _tags(unwanted)):
        raise PreconditionFailed(version, "matches If-None-Match")


def is_known(request: Request, tag: str | None) -> bool:
    """Return whether `If-None-Match` has the entity tag or is `*`: the caller has the response already.

    Args:
        request: the request.
        tag: the response's entity tag; None, which no tag matches, if the response changed but its tag did
            not.
    """
    condition = _list_header(request, "if-none-match", absent="")
    return condition.strip() == "*" or any(tag == f'"{known}"' for _, known in _tags(condition))


def _tags(condition: str) -> list[tuple[str, str]]:
    """Return the entity tags of a list, each with its mark if it is weak; none if the syntax is wrong."""
    return _TAG.findall(condition) if _TAGS.fullmatch(condition) else []


def _list_header(request: Request, name: str, *, absent: str) -> str:
    """Return a list header as one line, even if it was sent as several (RFC 9110, 5.3), or the default."""
    lines = request.headers.getlist(name)
    return ", ".join(lines) if lines else absent
