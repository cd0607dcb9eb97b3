"""Conditional requests: `If-Match` and `If-None-Match` against an entity's version (RFC 9110, 13.1)."""

import re
from collections.abc import Callable

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
    _require(request, f"the ETag {etag(version)}", accepted=str(version))


def require_pool_match(request: Request, version: int) -> None:
    """Reject a change as `require_match` does; the pool's version counts with any number of members.

    The error names the version as a tag, without members: their number in the pool's ETag is not read.

    Raises:
        PreconditionFailed: one of the two rules out the change; in `If-Match`, weak tags never match.
    """
    _require(request, f"the version {etag(version)}", accepted=rf"{version}(\.[0-9]+)?")


def _require(request: Request, current: str, *, accepted: str) -> None:
    def is_current(tag: str) -> bool:
        return re.fullmatch(accepted, tag) is not None

    if "if-match" in request.headers and not _has(request, "if-match", is_current, weak=False):
        raise PreconditionFailed(current, "does not match If-Match")
    if _has(request, "if-none-match", is_current, weak=True):
        raise PreconditionFailed(current, "matches If-None-Match")


def is_known(request: Request, tag: str | None) -> bool:
    """Return whether `If-None-Match` has the entity tag or is `*`: the caller has the response already.

    Args:
        request: the request.
        tag: the response's entity tag; None, which no tag matches, if the response changed but its tag did
            not.
    """
    return _has(request, "if-none-match", lambda known: tag == f'"{known}"', weak=True)


def _has(request: Request, name: str, matches: Callable[[str], bool], *, weak: bool) -> bool:
    """Return whether a condition is `*`, or has a matching entity tag; False if the request lacks it.

    Args:
        request: the request.
        name: the header's name.
        matches: whether a tag, without its quotes, matches.
        weak: whether weak tags can match.
    """
    lines = request.headers.getlist(name)
    if not lines:
        return False
    condition = ", ".join(lines)  # several lines are one list (RFC 9110, 5.3)
    return condition.strip() == "*" or any(matches(tag) for mark, tag in _tags(condition) if weak or not mark)


def _tags(condition: str) -> list[tuple[str, str]]:
    """Return the entity tags of a list, each with its mark if it is weak; none if the syntax is wrong."""
    return _TAG.findall(condition) if _TAGS.fullmatch(condition) else []
