"""Pages of lists in the pools family."""

from collections.abc import Mapping, Sequence
from typing import Any

from starlette.requests import Request

from shared.domain.http_response import HttpResponse
from shared.edge.responses import json_response


def page_response(  # noqa: PLR0913 - a page's figures, by name
    request: Request,
    items: Sequence[object],
    *,
    total: int,
    skip: int,
    limit: int,
    extra: Mapping[str, Any],
) -> HttpResponse:
    """Return the response with a page, and a link to the next page if there is one.

    Args:
        request: the request.
        items: the items of the page.
        total: how many items the whole list has.
        skip: how many items the page skips.
        limit: how many items the page can contain.
        extra: further members of the body.
    """
    page = {"items": items, "total": total, "skip": skip, "limit": limit}
    return json_response(200, {**page, **extra}, _next_page(request, skip=skip + len(items), total=total))


def _next_page(request: Request, *, skip: int, total: int) -> dict[str, str]:
    """Return the `Link` header to the next page (RFC 8288), or nothing after the last item."""
    if skip >= total:
        return {}
    url = request.url.include_query_params(skip=skip)
    return {"Link": f'<{url.path}?{url.query}>; rel="next"'}
