"""The local stack and its commands, with an environment that sets a proxy, which does not exist."""

import os
import subprocess
import sys
import urllib.request
from pathlib import Path

import pytest

from infra import ROOT
from infra.loopback import OF_GRPC, spare_proxies
from tests.command import run
from tests.stack import StackProcess

EXCEPTIONS = ("no_proxy", "NO_PROXY", OF_GRPC)


@pytest.fixture
def proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    """Set a proxy for all hosts."""
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:1")
    for variable in EXCEPTIONS:
        monkeypatch.delenv(variable, raising=False)


def printed(*command: str, **environment: str) -> str:
    """Run a command that must succeed, and return its output."""
    ended = run(*command, **environment)
    assert ended.returncode == 0, ended.stderr
    return ended.stdout


@pytest.mark.long
@pytest.mark.usefixtures("proxy")
def test_the_stack_and_its_commands_do_not_ask_it(tmp_path: Path) -> None:
    with StackProcess(tmp_path, module="tests.e2e.hurried_stack") as stack:
        gateway = stack.running().gateway
        stack.wait_for('"backlog":')
        stack.wait_for('"silent":')
        assert "the scheduled call failed" not in stack.output

        state = ("--state", str(tmp_path))
        every = ("machines:read", "machines:write", "pools:read", "pools:write")
        key = printed("infra.keys", *state, "create", "--organization", "a", "--scope", *every).strip()
        assert printed("infra.smoke", gateway, KEY=key).splitlines()[-1].startswith(f"{gateway} works")
        assert printed("infra.replay", *state, "pool-cleanup", "--since", "5m").startswith(
            "pool-cleanup gets"
        )
        with subprocess.Popen(
            [sys.executable, "-m", "infra.events", *state], cwd=ROOT, stderr=subprocess.PIPE, text=True
        ) as events:
            assert events.stderr
            assert events.stderr.readline() == f"Events of {gateway}, until Ctrl-C:\n"
            events.terminate()


@pytest.mark.usefixtures("proxy")
@pytest.mark.parametrize("variable", ["no_proxy", "NO_PROXY"])
@pytest.mark.parametrize(
    ("hosts", "direct"), [("*", "example.com"), ("example.com", "example.com"), ("", "localhost")]
)
def test_other_hosts_that_are_not_to_be_asked_of_it_stay_so(
    variable: str, hosts: str, direct: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(variable, hosts)
    for _ in range(2):  # as in a process and then in its child
        spare_proxies()

    assert urllib.request.proxy_bypass(direct)
    assert urllib.request.proxy_bypass("127.0.0.1")
    assert urllib.request.proxy_bypass("example.org") == (hosts == "*")
    assert os.environ[OF_GRPC] == f"{hosts},localhost,127.0.0.1,::1".removeprefix(",")
