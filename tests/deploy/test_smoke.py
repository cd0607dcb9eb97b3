"""`make smoke`, on the local stack."""

import os
import subprocess
import sys

import pytest
from google.cloud.firestore import Client

from infra import ROOT
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


def test_smoke_says_so_in_one_line_when_nobody_answers() -> None:
    run = smoke("http://127.0.0.1:1", "key")

    assert run.returncode == 1
    (line,) = run.stderr.splitlines()
    assert line.startswith("muster: http://127.0.0.1:1 cannot be reached: ")


def test_smoke_says_what_a_url_lacks() -> None:
    run = smoke("127.0.0.1:8080", "key")

    assert run.stderr == "muster: 127.0.0.1:8080 is no URL: put http:// or https:// before it\n"


def test_smoke_takes_no_key_that_is_cut_short() -> None:
    run = smoke("http://127.0.0.1:1", "muster_\u2026")

    assert run.stderr == "muster: KEY is no API key: it has other characters than ASCII\n"


def test_smoke_takes_no_broken_url() -> None:
    run = smoke("http://[::1", "key")

    assert run.stderr.startswith("muster: http://[::1 cannot be reached: ")


@pytest.mark.parametrize(("url", "key"), [("", ""), ("http://127.0.0.1:1", ""), ("", "key")])
def test_smoke_asks_for_a_url_and_a_key(url: str, key: str) -> None:
    run = smoke(url, key)

    assert (
        run.stderr == "muster: say where, and with which API key: KEY=muster_... make smoke URL=https://...\n"
    )
