"""The responses of a function's application when its own code fails."""

import logging
from collections.abc import Iterator
from http import HTTPStatus
from pathlib import Path

import httpx
import pytest
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Mount, Route
from starlette.types import Receive, Scope, Send

from shared.edge.app import Application, create_app
from shared.edge.files import file_routes
from shared.edge.problems import Problems
from tests.functions.machines.expectations import problem
from tests.logged import entries


async def fail(_: Request) -> Response:
    raise RuntimeError("a secret")


async def reject(_: Request) -> Response:
    raise HTTPException(HTTPStatus.IM_A_TEAPOT)


class _BrokenOff(Response):
    async def __call__(self, _scope: Scope, _receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        raise RuntimeError("broken off")


async def break_off(_: Request) -> Response:
    return _BrokenOff()


async def reach_store() -> None:
    pass


@pytest.fixture
def application(tmp_path: Path) -> Iterator[Application]:
    """An application with a failing route and a missing document. It configures the log while it exists."""
    handlers = logging.root.handlers
    yield create_app(
        [
            Route("/failing", fail),
            Route("/teapot", reject),
            Route("/broken-off", break_off),
            *file_routes({"/document": tmp_path / "missing"}),
        ],
        problems=Problems("https://api.example.com/errors"),
        reach_store=reach_store,
        new_id=lambda: "request-1",
        project="project",
    )
    logging.root.handlers = handlers


async def test_what_a_route_rejects_is_a_problem_also_inside_of_another_application(
    application: Application,
) -> None:
    """As in functions-framework, whose application has its own responses for such errors."""
    transport = httpx.ASGITransport(Starlette(routes=[Mount("/", application)]))
    async with httpx.AsyncClient(transport=transport, base_url="http://function.example.com") as http:
        problem(await http.get("/teapot"), 418)
        problem(await http.get("/nowhere"), 404)


@pytest.mark.parametrize("path", ["/failing", "/document"])
async def test_what_fails_in_any_route_is_a_problem_without_details_and_one_line_of_the_log(
    application: Application, path: str, capsys: pytest.CaptureFixture[str]
) -> None:
    transport = httpx.ASGITransport(application)
    async with httpx.AsyncClient(transport=transport, base_url="http://function.example.com") as http:
        response = await http.get(path)

    assert problem(response, 500)["detail"] == "Something went wrong; the request id is request-1"
    [entry] = entries(capsys)
    assert (entry["severity"], entry["message"]) == ("ERROR", f"GET {path} 500")
    assert entry["exception"].startswith("Traceback (most recent call last):\n")


async def test_a_response_that_has_begun_is_not_followed_by_another_and_the_log_says_why_it_ends(
    application: Application, capsys: pytest.CaptureFixture[str]
) -> None:
    transport = httpx.ASGITransport(application)
    async with httpx.AsyncClient(transport=transport, base_url="http://function.example.com") as http:
        with pytest.raises(RuntimeError, match="broken off"):
            await http.get("/broken-off")

    [entry] = entries(capsys)
    assert (entry["severity"], entry["message"]) == ("WARNING", "GET /broken-off 200")
    assert "broken off" in entry["exception"]
