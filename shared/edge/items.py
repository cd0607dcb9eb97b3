"""Pages of the pools family's lists."""

from collections.abc import Mapping, Sequence
from typing import Any

from starlette.requests import Request

from shared.domain.answer import Answer
from shared.edge.answers import json_answer


def items_answer(  # noqa: PLR0913 - a page's figures, by name
    request: Request,
    items: Sequence[object],
    *,
    total: int,
    skip: int,
    limit: int,
    beside: Mapping[str, Any],
) -> Answer:
    """Answer with a page, and lead to the next one, where there is one.

    Args:
        request: the request.
        items: what is on the page.
        total: how many the whole list has.
        skip: how many the page leaves out.
        limit: how many it has room for.
        beside: what is shown beside the items.
    """
    page = {"items": items, "total": total, "skip": skip, "limit": limit}
    return json_answer(200, {**page, **beside}, _next_page(request, skip=skip + len(items), total=total))


def _next_page(request: Request, *, skip: int, total: int) -> dict[str, str]:
    """Link to the page that skips so many (RFC 8288)."""
    if skip >= total:
        return {}
    url = request.url.include_query_params(skip=skip)
    return {"Link": f'<{url.path}?{url.query}>; rel="next"'}
