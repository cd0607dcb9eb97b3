"""`make smoke`, on the local stack."""

import os
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import httpx
import pytest
from google.cloud.firestore import Client

from infra import ROOT
from infra.smoke import Failure, Smoke
from tests.plain_http import NO_AUTHORITIES
from tests.stack import NewOrganization, RunningStack


def smoke(url: str, key: str) -> subprocess.CompletedProcess[str]:
    """Run it as the Makefile does."""
    return subprocess.run(
        [sys.executable, "-m", "infra.smoke", url],
        cwd=ROOT,
        env=os.environ | {"KEY": key},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


def test_smoke_tells_what_it_saw_and_leaves_nothing_behind(
    stack: RunningStack, new_organization: NewOrganization, firestore_client: Client
) -> None:
    organization = new_organization()

    run = smoke(stack.gateway, organization.api_key)

    assert (run.stderr, run.returncode) == ("", 0)
    *calls, verdict = run.stdout.splitlines()
    statuses = "201 201 409 200 200 201 200 200 200 200 204 204 404"
    assert statuses.split() == [line.split()[0] for line in calls]
    assert verdict == f"{stack.gateway} works: it registers, finds, pools and deletes machines"
    for collection in ("machines", "pools"):
        assert not firestore_client.collection(f"organizations/{organization.id}/{collection}").get()


def test_smoke_names_the_call_that_failed_and_still_leaves_nothing_behind(
    stack: RunningStack, new_organization: NewOrganization, firestore_client: Client
) -> None:
    organization = new_organization(("machines:read", "machines:write"))

    run = smoke(stack.gateway, organization.api_key)

    assert run.returncode == 1
    (line,) = run.stderr.splitlines()
    assert line.startswith(f"muster: {stack.gateway} does not work: POST /v1/pools answers 403, not 201: ")
    assert not firestore_client.collection(f"organizations/{organization.id}/machines").get()


@contextmanager
def failing_pools(behind: str, answer: int | None) -> Iterator[str]:
    """Stand before a stack where pools take no machines, and deletions of pools get an answer or none."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def _serve(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            if not self.path.startswith("/v1/pools/"):
                headers = {name: value for name, value in self.headers.items() if name != "Host"}
                passed = httpx.request(
                    self.command, f"{behind}{self.path}", headers=headers, content=body, verify=NO_AUTHORITIES
                )
                self._answer(passed.status_code, passed.content, passed.headers.get("Idempotent-Replayed"))
            elif self.command == "POST":
                self._answer(503)
            elif answer:
                self._answer(answer)
            else:
                self.close_connection = True

        do_GET = do_POST = do_DELETE = _serve  # noqa: N815 - its names

        def _answer(self, status: int, body: bytes = b"", replayed: str | None = None) -> None:
            self.send_response(status)
            if replayed:
                self.send_header("Idempotent-Replayed", replayed)
            if status != 204:
                self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        serving = threading.Thread(target=server.serve_forever, args=(0.01,))
        serving.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        serving.join()


@pytest.mark.parametrize(
    ("answer", "reason"),
    [(None, "Server disconnected without sending a response."), (500, "DELETE answers 500")],
)
def test_smoke_deletes_what_it_can_and_names_what_stays_behind_it(
    answer: int | None,
    reason: str,
    stack: RunningStack,
    new_organization: NewOrganization,
    firestore_client: Client,
) -> None:
    organization = new_organization()

    with failing_pools(stack.gateway, answer) as url:
        run = smoke(url, organization.api_key)

    of_organization = f"organizations/{organization.id}"
    (pool,) = firestore_client.collection(f"{of_organization}/pools").get()
    path = f"/v1/pools/{pool.id}"
    assert run.stderr.splitlines() == [
        f"muster: {path} was not deleted: {reason}",
        f"muster: {url} does not work: POST {path}/machines answers 503, not 200: ",
    ]
    assert run.returncode == 1
    assert not firestore_client.collection(f"{of_organization}/machines").get()


Lie = Callable[[httpx.Response], dict[str, Any]]


class Lying(httpx.HTTPTransport):
    """Reaches a stack, and tells something else than that has answered."""

    def __init__(self, lie: Lie) -> None:
        super().__init__(verify=NO_AUTHORITIES)
        self._lie = lie

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        answer = super().handle_request(request)
        if not answer.read():
            return answer
        headers = {name: value for name, value in answer.headers.items() if name != "content-length"}
        return httpx.Response(answer.status_code, headers=headers, json=answer.json() | self._lie(answer))


def another_machine(answer: httpx.Response) -> dict[str, Any]:
    return {"id": "another"} if "idempotent-replayed" in answer.headers else {}


def one_machine_more(answer: httpx.Response) -> dict[str, Any]:
    return {"machine_count": 1} if answer.json().get("machine_count") == 0 else {}


@pytest.mark.parametrize(
    ("lie", "complaint"),
    [
        (another_machine, "a repeated request made another machine"),
        (one_machine_more, "the pool counts a machine that has left it"),
    ],
)
def test_smoke_does_not_believe_what_cannot_be(
    stack: RunningStack, new_organization: NewOrganization, lie: Lie, complaint: str
) -> None:
    http = httpx.Client(
        base_url=stack.gateway, headers=new_organization().headers, transport=Lying(lie), timeout=60
    )
    with http, pytest.raises(Failure, match=complaint):
        Smoke(http).run()


def test_smoke_says_so_in_one_line_when_nobody_answers() -> None:
    run = smoke("http://127.0.0.1:1", "key")

    assert run.returncode == 1
    (line,) = run.stderr.splitlines()
    assert line.startswith("muster: http://127.0.0.1:1 cannot be reached: ")


def test_smoke_says_what_a_url_lacks() -> None:
    run = smoke("127.0.0.1:8080", "key")

    assert run.stderr == "muster: 127.0.0.1:8080 is not a URL: put http:// or https:// before it\n"


def test_smoke_takes_no_key_that_is_cut_short() -> None:
    run = smoke("http://127.0.0.1:1", "muster_\u2026")

    assert run.stderr == "muster: KEY is not an API key: it has characters other than ASCII\n"


def test_smoke_takes_no_broken_url() -> None:
    run = smoke("http://[::1", "key")

    assert run.stderr.startswith("muster: http://[::1 cannot be reached: ")


@pytest.mark.parametrize(("url", "key"), [("", ""), ("http://127.0.0.1:1", ""), ("", "key")])
def test_smoke_asks_for_a_url_and_a_key(url: str, key: str) -> None:
    run = smoke(url, key)

    assert run.stderr == "muster: set the URL and the API key: KEY=muster_... make smoke URL=https://...\n"
