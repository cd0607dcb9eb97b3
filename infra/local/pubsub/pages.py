"""Pages of a list in the order of names, so creations and deletions between two pages skip no other names."""

from collections.abc import Iterable
from typing import Protocol

from infra.local.pubsub.names import check_project
from infra.local.status_errors import InvalidArgument

_DEFAULT_SIZE = 100
_MAX_SIZE = 1000


class _ListRequest(Protocol):
    page_size: int
    page_token: str


def page(names: Iterable[str], request: _ListRequest) -> tuple[list[str], str]:
    """Return the names on the requested page, and the token of the next page; empty on the last page.

    Raises:
        InvalidArgument: the page size is negative.
    """
    if request.page_size < 0:
        raise InvalidArgument(f"Invalid page_size given (page_size={request.page_size}).")
    size = min(request.page_size or _DEFAULT_SIZE, _MAX_SIZE)
    rest = sorted(name for name in names if name > request.page_token)
    return rest[:size], rest[size - 1] if len(rest) > size else ""


def page_of_project(names: Iterable[str], project: str, request: _ListRequest) -> tuple[list[str], str]:
    """Return the page of a project's names, as `page` does; raise InvalidArgument for a malformed project."""
    check_project(project)
    return page((name for name in names if name.startswith(f"{project}/")), request)
