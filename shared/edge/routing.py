"""Routes that match the whole path, including line breaks, so that unknown paths get this API's own 404."""

import re
from collections.abc import Callable
from typing import Any

from starlette.convertors import PathConvertor, register_url_convertor
from starlette.routing import Match, Route
from starlette.types import Scope


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


class _AnyPath(PathConvertor):
    regex = r"[\s\S]*"


def take_every_path() -> None:
    """Make functions-framework pass every path to the function.

    It routes `/{path:path}` to a function. In Starlette, that does not match line breaks, and the framework
    responds to such paths itself, with neither a problem nor a request id. It makes the route after it has
    loaded the function, so the new pattern applies.
    """
    register_url_convertor("path", _AnyPath())
