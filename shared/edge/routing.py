"""Routes by the whole path, line ends and all: what names nothing is a 404 of this API's own."""

import re
from collections.abc import Callable
from typing import Any

from starlette.convertors import PathConvertor, register_url_convertor
from starlette.routing import Match, Route
from starlette.types import Scope


class ExactRoute(Route):
    """A route that matches its path alone; Starlette's ends with `$`, before which a line may end."""

    def __init__(self, path: str, endpoint: Callable[..., Any]) -> None:
        super().__init__(path, endpoint)
        self.path_regex = re.compile(self.path_regex.pattern.removesuffix("$") + r"\Z")

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        """Match the decoded path, if it has no encoded slash: that separates nothing (RFC 3986, 2.2)."""
        match, found = super().matches(scope)
        if match is not Match.NONE and b"%2f" in scope["raw_path"].lower():
            return Match.NONE, {}
        return match, found


class _AnyPath(PathConvertor):
    regex = r"[\s\S]*"


def take_every_path() -> None:
    """Let functions-framework hand over every request.

    It routes `/{path:path}` to a function, which in Starlette is a path without line ends, and answers others
    itself, with neither a problem nor a request id. It makes that route after it has loaded the function.
    """
    register_url_convertor("path", _AnyPath())
