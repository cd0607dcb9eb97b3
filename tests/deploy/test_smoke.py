"""`make smoke`, on the local stack."""

from collections.abc import Callable
from typing import Any

import httpx
import pytest
from google.cloud.firestore import Client

from infra.smoke import Failure, Smoke
from tests.command import run, run_into
from tests.plain_http import NO_AUTHORITIES
from tests.stack import NewOrganization, Organization, RunningStack


def test_smoke_prints_what_it_saw_and_leaves_nothing_behind(
    stack: RunningStack, new_organization: NewOrganization, firestore_client: Client
) -> None:
    organization = new_organization()

    ended = run("infra.smoke", stack.gateway, KEY=organization.api_key)

    assert (ended.stderr, ended.returncode) == ("", 0)
    *calls, verdict = ended.stdout.splitlines()
    statuses = "201 201 409 200 200 201 200 200 200 200 204 204 404"
    assert statuses.split() == [line.split()[0] for line in calls]
    assert verdict == f"{stack.gateway} works: it registers, finds, pools and deletes machines"
    for collection in ("machines", "pools"):
        assert not firestore_client.collection(f"organizations/{organization.id}/{collection}").get()


def test_smoke_names_the_call_that_failed_and_still_leaves_nothing_behind(
    stack: RunningStack, new_organization: NewOrganization, firestore_client: Client
) -> None:
    organization = new_organization(("machines:read", "machines:write"))

    ended = run("infra.smoke", stack.gateway, KEY=organization.api_key)

    assert ended.returncode == 1
    (line,) = ended.stderr.splitlines()
    assert line.startswith(f"muster: {stack.gateway} does not work: POST /v1/pools answers 403, not 201: ")
    assert not firestore_client.collection(f"organizations/{organization.id}/machines").get()


Broken = Callable[[httpx.Request, httpx.BaseTransport], httpx.Response]
"""Responds instead of a stack, with access to it."""


def complaint(stack: RunningStack, organization: Organization, broken: Broken) -> str:
    """Run `smoke` through a broken transport, and return its error."""
    with (
        httpx.HTTPTransport(verify=NO_AUTHORITIES) as behind,
        httpx.Client(
            base_url=stack.gateway,
            headers=organization.headers,
            transport=httpx.MockTransport(lambda request: broken(request, behind)),
        ) as http,
        pytest.raises(Failure) as failure,
    ):
        Smoke(http).run()
    return str(failure.value)


@pytest.mark.parametrize(
    ("response", "reason"), [(None, "nobody is there"), (httpx.Response(500), "DELETE answers 500")]
)
def test_smoke_deletes_what_it_can_and_names_what_stays_behind_it(  # noqa: PLR0913 - a table of two columns
    *,
    response: httpx.Response | None,
    reason: str,
    stack: RunningStack,
    new_organization: NewOrganization,
    firestore_client: Client,
    capsys: pytest.CaptureFixture[str],
) -> None:
    def pools_take_no_machines_and_stay(request: httpx.Request, stack: httpx.BaseTransport) -> httpx.Response:
        if not request.url.path.startswith("/v1/pools/"):
            return stack.handle_request(request)
        if request.method == "POST":
            return httpx.Response(503)
        if response is None:
            raise httpx.ReadError(reason)
        return response

    organization = new_organization()

    complained = complaint(stack, organization, pools_take_no_machines_and_stay)

    of_organization = f"organizations/{organization.id}"
    (pool,) = firestore_client.collection(f"{of_organization}/pools").get()
    path = f"/v1/pools/{pool.id}"
    assert complained == f"POST {path}/machines answers 503, not 200: "
    assert capsys.readouterr().err == f"muster: {path} was not deleted: {reason}\n"
    assert not firestore_client.collection(f"{of_organization}/machines").get()


Lie = Callable[[httpx.Request, dict[str, str], dict[str, Any]], None]
"""Changes the headers or the JSON body of a response."""


def no_replay(_: httpx.Request, headers: dict[str, str], __: dict[str, Any]) -> None:
    headers.pop("idempotent-replayed", None)


def another_machine(_: httpx.Request, headers: dict[str, str], body: dict[str, Any]) -> None:
    if "idempotent-replayed" in headers:
        body["id"] = "another"


def nameless_conflict(_: httpx.Request, __: dict[str, str], body: dict[str, Any]) -> None:
    body.pop("existing_machine_id", None)


def nothing_found(_: httpx.Request, __: dict[str, str], body: dict[str, Any]) -> None:
    if "machines" in body:
        body["machines"] = []


def another_shown(request: httpx.Request, _: dict[str, str], body: dict[str, Any]) -> None:
    if request.method == "GET" and "id" in body:
        body["id"] = "another"


def no_members(_: httpx.Request, __: dict[str, str], body: dict[str, Any]) -> None:
    if "items" in body:
        body["items"] = []


def count(wrong: int, right: int) -> Lie:
    def lie(_: httpx.Request, __: dict[str, str], body: dict[str, Any]) -> None:
        if body.get("machine_count") == right:
            body["machine_count"] = wrong

    return lie


@pytest.mark.parametrize(
    ("lie", "expected"),
    [
        (no_replay, "a repeated request is not replayed"),
        (another_machine, "a repeated request made another machine"),
        (nameless_conflict, "a conflict does not name the machine"),
        (nothing_found, "the machine is not found by its MAC address"),
        (another_shown, "the machine is not shown"),
        (count(0, right=1), "the pool does not count its machine"),
        (no_members, "the pool does not list its machine"),
        (count(1, right=0), "the pool counts a machine that has left it"),
    ],
)
def test_smoke_does_not_believe_what_cannot_be(
    stack: RunningStack, new_organization: NewOrganization, lie: Lie, expected: str
) -> None:
    def lying(request: httpx.Request, stack: httpx.BaseTransport) -> httpx.Response:
        response = stack.handle_request(request)
        if not response.read():
            return response
        headers = {name: value for name, value in response.headers.items() if name != "content-length"}
        body = response.json()
        lie(request, headers, body)
        return httpx.Response(response.status_code, headers=headers, json=body)

    assert expected == complaint(stack, new_organization(), lying)


def test_smoke_says_so_in_one_line_when_nobody_responds() -> None:
    ended = run("infra.smoke", "http://127.0.0.1:1", KEY="key")

    assert ended.returncode == 1
    (line,) = ended.stderr.splitlines()
    assert line.startswith("muster: http://127.0.0.1:1 cannot be reached: ")


def test_smoke_says_what_a_url_lacks() -> None:
    ended = run("infra.smoke", "127.0.0.1:8080", KEY="key")

    assert ended.stderr == "muster: 127.0.0.1:8080 is not a URL: put http:// or https:// before it\n"


def test_smoke_takes_no_key_that_is_cut_short() -> None:
    ended = run("infra.smoke", "http://127.0.0.1:1", KEY="muster_\u2026")

    assert ended.stderr == "muster: KEY is not an API key: it has characters other than visible ASCII\n"


@pytest.mark.parametrize("end", ["\r", " "])
def test_smoke_takes_no_key_with_white_space_and_does_not_show_it(end: str) -> None:
    """As from a file with Windows line ends; the message can end up in a public log."""
    ended = run("infra.smoke", "http://127.0.0.1:1", KEY=f"muster_secret{end}")

    assert ended.stderr == "muster: KEY is not an API key: it has characters other than visible ASCII\n"


def test_smoke_takes_no_broken_url() -> None:
    ended = run("infra.smoke", "http://[::1", KEY="key")

    assert ended.stderr.startswith("muster: http://[::1 cannot be reached: ")


@pytest.mark.parametrize(("url", "key"), [("", ""), ("http://127.0.0.1:1", ""), ("", "key")])
def test_smoke_asks_for_a_url_and_a_key(url: str, key: str) -> None:
    ended = run("infra.smoke", url, KEY=key)

    assert ended.stderr == "muster: set the URL and the API key: KEY=muster_... make smoke URL=https://...\n"


@pytest.mark.parametrize("unbuffered", ["", "1"])
def test_smoke_leaves_nothing_behind_even_if_it_cannot_print(
    stack: RunningStack, new_organization: NewOrganization, firestore_client: Client, unbuffered: str
) -> None:
    organization = new_organization()
    with open("/dev/full", "w") as full:  # noqa: PTH123 - a device
        environment = {"KEY": organization.api_key, "PYTHONUNBUFFERED": unbuffered}
        ended = run_into(full, "infra.smoke", stack.gateway, **environment)

    assert (ended.returncode, ended.stderr) == (1, "muster: [Errno 28] No space left on device\n")
    assert not firestore_client.collection(f"organizations/{organization.id}/machines").get()
