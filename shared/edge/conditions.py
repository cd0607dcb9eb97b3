"""Conditional requests: `If-Match` and `If-None-Match` against an entity's version (RFC 9110, 13.1)."""

import re

from starlette.requests import Request

from shared.domain.errors import PreconditionFailed

_TAG = re.compile(r'(W/)?"([\x21\x23-\x7e\x80-\xff]*)"')
# A list of them, whose elements may be empty (RFC 9110, 5.6.1).
_TAGS = re.compile(rf"[\s,]*(?:{_TAG.pattern}\s*(?:,[\s,]*|\Z))*")


def etag(version: int) -> str:
    """Write a version as a strong entity tag."""
    return f'"{version}"'


def pool_etag(version: int, members: int) -> str:
    """Write a pool's version and behind it how many members it is shown with, if there are any.

    Members come and go without a version of their pool: docs/decisions/0008-pools.md.
    """
    return f'"{version}.{members}"' if members else etag(version)


def require_match(request: Request, version: int) -> None:
    """Refuse a change whose `If-Match` does not name the current version.

    Raises:
        PreconditionFailed: `If-Match` is there and names other versions; weak tags never match.
    """
    _require(request, version, accepted=str(version))


def require_pool_match(request: Request, version: int) -> None:
    """Refuse a change whose `If-Match` does not name the pool's current version; its members do not count.

    Raises:
        PreconditionFailed: `If-Match` is there and names other versions; weak tags never match.
    """
    _require(request, version, accepted=rf"{version}(\.[0-9]+)?")


def _require(request: Request, version: int, *, accepted: str) -> None:
    condition = _combined(request, "if-match")
    if condition is None or condition.strip() == "*":
        return
    if not any(re.fullmatch(accepted, tag) for weak, tag in _tags(condition) if not weak):
        raise PreconditionFailed(version)


def is_known(request: Request, tag: str | None) -> bool:
    """Whether the caller has what is to be shown already: `If-None-Match` has its entity tag, or is any.

    Args:
        request: the request.
        tag: None for what has changed behind its entity tag.
    """
    condition = _combined(request, "if-none-match") or ""
    return condition.strip() == "*" or any(tag == f'"{known}"' for _, known in _tags(condition))


def _tags(condition: str) -> list[tuple[str, str]]:
    """Give the entity tags of a list, each with its mark if it is weak; none of what is no such list."""
    return _TAG.findall(condition) if _TAGS.fullmatch(condition) else []


def _combined(request: Request, name: str) -> str | None:
    """Read a header that is a list, in whatever number of lines it came (RFC 9110, 5.3)."""
    lines = request.headers.getlist(name)
    return ", ".join(lines) if lines else None
