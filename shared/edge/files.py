"""Files that anybody can read without an API key."""

import hashlib
from collections.abc import Awaitable, Callable, Mapping
from functools import cache
from mimetypes import guess_type
from pathlib import Path

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from shared.edge.conditions import is_known
from shared.edge.routing import ExactRoute


def file_routes(files: Mapping[str, Path]) -> list[Route]:
    """Return routes that serve files at their paths."""
    return [ExactRoute(path, _serving(file)) for path, file in files.items()]


def _serving(file: Path) -> Callable[[Request], Awaitable[Response]]:
    @cache
    def content() -> tuple[bytes, str]:
        body = file.read_bytes()
        return body, f'"{hashlib.sha256(body).hexdigest()[:32]}"'

    async def serve(request: Request) -> Response:
        body, tag = content()
        if is_known(request, tag):
            return Response(status_code=304, headers={"ETag": tag})
        return Response(body, headers={"ETag": tag}, media_type=guess_type(file)[0])

    return serve
