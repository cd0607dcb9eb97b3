"""Routes of the API, and the framework's route to it, so that all errors are this API's own."""

import re
from collections.abc import Callable, Sequence
from typing import Any

import functions_framework.aio
from starlette.routing import Match, Route
from starlette.types import Receive, Scope, Send

from shared.edge.request_log import record_of


class ExactRoute(Route):
    """A route that matches only its path; Starlette's pattern ends with `$`, which allows a line break."""

    def __init__(self, path: str, endpoint: Callable[..., Any]) -> None:
        super().__init__(path, endpoint)
        self.path_regex = re.compile(self.path_regex.pattern.removesuffix("$") + r"\Z")

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        """Match the decoded path, unless it has an encoded slash, which is no separator (RFC 3986, 2.2)."""
        match, found = super().matches(scope)
        if match is not Match.NONE and b"%2f" in scope["raw_path"].lower():
            return Match.NONE, {}
        return match, found

    async def handle(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve a request that the route matches; the log entry names the route."""
        record_of(scope).route = self.path
        await super().handle(scope, receive, send)


class _FunctionRoute(Route):
    """The framework's route to the function, for every request; its other routes match nothing.

    The framework makes routes for seven methods only, and some for paths that it responds to itself, with a
    404. Both responses would be in plain text, without a request id.
    """

    def __init__(self, path: str, endpoint: Callable[..., Any], methods: Sequence[str]) -> None:
        super().__init__(path, endpoint, methods=methods)
        self.methods = set()  # any

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        """Match everything, including line breaks, which Starlette's `{path:path}` does not match."""
        if self.path != "/{path:path}" or scope["type"] != "http":
            return Match.NONE, {}
        return Match.FULL, {"endpoint": self.endpoint, "path_params": {}}


def take_every_request() -> None:
    """Make functions-framework pass every request that uvicorn can parse to the function.

    The framework makes its routes after it has loaded the function, so the replacement applies.
    """
    functions_framework.aio.Route = _FunctionRoute  # type: ignore[assignment, attr-defined]
