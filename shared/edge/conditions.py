"""Conditional requests: `If-Match` and `If-None-Match` against an entity's version (RFC 9110, 13.1)."""

import re

from starlette.requests import Request

from shared.domain.errors import PreconditionFailed

_TAG = re.compile(r'(W/)?"([\x21\x23-\x7e]*)"')


def etag(version: int, members: int = 0) -> str:
    """Write a version as a strong entity tag, and behind it the number of members that is shown with it.

    Members come and go without a version of their pool: docs/decisions/0008-pools.md.
    """
    return f'"{version}.{members}"' if members else f'"{version}"'


def require_match(request: Request, version: int) -> None:
    """Hold a change back from an entity that is not as its caller knows it; its members do not count.

    Raises:
        PreconditionFailed: `If-Match` is there and names other versions; weak tags never match.
    """
    condition = _combined(request, "if-match")
    if condition is None or condition.strip() == "*":
        return
    if all(weak or tag.partition(".")[0] != str(version) for weak, tag in _TAG.findall(condition)):
        raise PreconditionFailed(version)


def is_known(request: Request, version: int, members: int = 0) -> bool:
    """Whether the caller has what is to be shown already: `If-None-Match` has its entity tag, or is any."""
    condition = _combined(request, "if-none-match") or ""
    tags = [f'"{tag}"' for _, tag in _TAG.findall(condition)]
    return condition.strip() == "*" or etag(version, members) in tags


def _combined(request: Request, name: str) -> str | None:
    """Read a header that is a list, in whatever number of lines it came (RFC 9110, 5.3)."""
    lines = request.headers.getlist(name)
    return ", ".join(lines) if lines else None
