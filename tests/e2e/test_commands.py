"""`python -m infra.keys` and `python -m infra.events`, with a running stack."""

import json
import os
import re
import signal
import subprocess
import sys
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from google.cloud.firestore import Client
from google.cloud.pubsub import PublisherClient, SubscriberClient

from infra import ROOT
from infra.google_cloud import RETRY
from infra.keys import create, find, main, revoke
from infra.local.state import read
from tests.functions.machines.bodies import a_mac
from tests.functions.outbox_relay.outbox import entry
from tests.plain_http import NO_AUTHORITIES
from tests.stack import TIMEOUT, NewOrganization, RunningStack, StackProcess, quiet_topology


@pytest.fixture
def state(stack: RunningStack, tmp_path: Path) -> Path:
    """A state folder with the `stack.json` of the shared stack."""
    (tmp_path / "stack.json").write_text(json.dumps(asdict(stack)))
    return tmp_path


@dataclass
class Ended:
    """The output of a command, and its exit status."""

    stdout: str
    stderr: str
    returncode: int


Command = Callable[..., Ended]


@pytest.fixture
def keys(state: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Command:
    """Runs the command in this process, because a new one would spend most of its time on imports.

    `test_commands_say_that_no_stack_runs` runs it as a program.
    """
    # The command sets this variable if it is unset; monkeypatch restores it after the test.
    monkeypatch.setenv("FIRESTORE_EMULATOR_HOST", "")

    def run(*arguments: str) -> Ended:
        monkeypatch.delenv("FIRESTORE_EMULATOR_HOST")
        try:
            main(["--state", str(state), *arguments])
        except SystemExit as end:
            # As the interpreter does: https://docs.python.org/3/library/sys.html#sys.exit
            if isinstance(end.code, str):
                sys.stderr.write(f"{end.code}\n")
            return Ended(*capsys.readouterr(), end.code if isinstance(end.code, int) else 1)
        return Ended(*capsys.readouterr(), 0)

    return run


def watched(subscriber: SubscriberClient, stack: RunningStack) -> set[str]:
    """Return the names of the subscriptions to events of machines."""
    listed = subscriber.list_subscriptions(project=f"projects/{stack.project}")
    return {subscription.name for subscription in listed if "/events-machine-" in subscription.name}


@contextmanager
def events(state: Path, *arguments: str) -> Iterator[subprocess.Popen[str]]:
    """Run the command until the end of the block, which begins when the subscription exists."""
    with subprocess.Popen(
        [sys.executable, "-m", "infra.events", "--state", str(state), *arguments],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            assert process.stderr
            assert process.stderr.readline().startswith("Events of http://127.0.0.1:")
            yield process
        finally:
            process.terminate()


def register(stack: RunningStack, api_key: str, mac: str) -> httpx.Response:
    return httpx.post(
        f"{stack.gateway}/api/v1/machines",
        headers={"Authorization": f"Bearer {api_key}"},
        json={"cpus": [{"manufacturer": "Intel", "clock_frequency": 1, "cores": 8}], "nics": [{"mac": mac}]},
        timeout=TIMEOUT,
        verify=NO_AUTHORITIES,
    )


def test_a_key_is_made_listed_and_revoked(keys: Command, stack: RunningStack) -> None:
    organization = f"organization-{uuid.uuid4()}"
    scopes = ("--scope", "machines:read", "machines:write")
    made = keys("create", "--organization", organization, *scopes, *scopes, "--expires", "30d")
    api_key = made.stdout.strip()
    key_id = made.stderr.split()[1]
    assert len("muster_") + 43 == len(api_key)
    assert register(stack, api_key, a_mac()).status_code == 201

    unused = keys("create", "--organization", organization, *scopes)
    unused_id = unused.stderr.split()[1]
    # After a restore, the old database still exists, with the same keys.
    where = f"in the database (default) of {stack.project}"
    assert (
        keys("revoke", unused_id).stdout
        == f"Key {unused_id} is revoked {where}: it stops working within a minute\n"
    )
    assert register(stack, unused.stdout.strip(), a_mac()).status_code == 401
    repeated = keys("revoke", unused_id).stdout
    assert re.fullmatch(
        rf"Key {unused_id} is revoked {re.escape(where)} already, since \d{{4}}-\d\d-\d\dT[\d:]{{8}}Z\n",
        repeated,
    )

    listed = [line.split() for line in keys("list", "--organization", organization).stdout.splitlines()]
    assert [[key_id, "expires"], [unused_id, "revoked"]] == [line[:2] for line in listed]
    assert {"machines:read,machines:write"} == {line[3] for line in listed}
    assert api_key not in str(listed)


def test_a_list_says_which_keys_are_good_and_which_have_expired(
    keys: Command, firestore_client: Client
) -> None:
    organization, now = f"organization-{uuid.uuid4()}", datetime.now(UTC)
    expected = [
        [create(firestore_client, organization, ("pools:read",), now=now, expires=expires)[1].id, standing]
        for expires, standing in ((None, "good"), (now - timedelta(days=1), "expired"))
    ]
    listed = keys("list", "--organization", organization)
    assert [line.split()[:2] for line in listed.stdout.splitlines()] == expected


def test_a_list_of_no_keys_says_so_apart_from_the_list(keys: Command) -> None:
    organization = f"organization-{uuid.uuid4()}"
    expected = Ended("", f"muster: {organization} has no keys: make one with create\n", 0)
    assert keys("list", "--organization", organization) == expected


def test_a_key_is_in_the_database_that_the_environment_names(
    keys: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    organization = f"organization-{uuid.uuid4()}"
    monkeypatch.setenv("FIRESTORE_DATABASE", "restored")
    made = keys("create", "--organization", organization, "--scope", "pools:read")
    assert made.stderr.split()[1] in keys("list", "--organization", organization).stdout
    monkeypatch.delenv("FIRESTORE_DATABASE")
    assert keys("list", "--organization", organization).stdout == ""


def test_a_key_that_is_revoked_stays_as_it_is(firestore_client: Client) -> None:
    now = datetime.now(UTC)
    _, record = create(firestore_client, f"organization-{uuid.uuid4()}", ("pools:read",), now=now)

    since = [revoke(firestore_client, record.id, now=now + timedelta(days=day)) for day in range(2)]

    [stored] = find(firestore_client, "id", record.id)
    assert [*since, stored.get("revoked_at")] == [now, now, now]


def test_a_key_allows_what_its_scopes_say(keys: Command, stack: RunningStack) -> None:
    made = keys("create", "--organization", "readers", "--scope", "machines:read")
    assert register(stack, made.stdout.strip(), a_mac()).status_code == 403


def test_a_key_for_the_emulator_that_the_environment_names_is_one_of_the_stack(
    stack: RunningStack, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("FIRESTORE_EMULATOR_HOST", stack.firestore_emulator_host)
    main(["create", "--organization", "writers", "--scope", "machines:write"])
    assert register(stack, capsys.readouterr().out.strip(), a_mac()).status_code == 201


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (("create", "--organization", "a", "--scope", "machines:all"), "invalid choice: 'machines:all'"),
        (("create", "--organization", "a"), "the following arguments are required: --scope"),
        (
            ("create", "--organization", "a", "--scope", "pools:read", "--expires", "soon"),
            "muster: --expires soon is neither days (30d) nor a future time",
        ),
        (
            ("create", "--organization", "a", "--scope", "pools:read", "--expires", "2020-01-01T00:00:00Z"),
            "muster: --expires 2020-01-01T00:00:00Z is neither days",
        ),
        (
            ("create", "--organization", "a", "--scope", "pools:read", "--expires", "2999-01-01T00:00:00"),
            "muster: --expires 2999-01-01T00:00:00 is neither days",
        ),
        (
            ("create", "--organization", "a", "--scope", "pools:read", "--expires", "0d"),
            "muster: --expires 0d is neither days",
        ),
        (
            ("create", "--organization", "a", "--scope", "pools:read", "--expires", "\u0663d"),
            "muster: --expires \u0663d is neither days",
        ),
        (
            ("create", "--organization", "a", "--scope", "pools:read", "--expires", "9999-12-31T23:59-01:00"),
            "muster: --expires 9999-12-31T23:59-01:00 is neither days",
        ),
        (
            ("create", "--organization", "acme eu", "--scope", "pools:read"),
            "muster: the organization 'acme eu' is not",
        ),
        (("revoke", "none"), "muster: there is no key none"),
        (("revoke", ""), "muster: argument id: it is empty"),
        (("list", "--organization", ""), "muster: argument --organization: it is empty"),
        (
            ("list", "--organization", "a\nb"),
            r"muster: argument --organization: 'a\nb' has control characters",
        ),
        (
            ("create", "--organization", "a", "--scope", "pools:read", "--expires", ""),
            "muster: argument --expires: it is empty",
        ),
    ],
)
def test_what_cannot_be_done_is_one_line(keys: Command, arguments: tuple[str, ...], complaint: str) -> None:
    ended = keys(*arguments)
    assert ended.returncode != 0
    assert complaint in ended.stderr.splitlines()[-1]


def test_an_emulator_in_a_projects_place_is_reported_and_one_that_does_not_respond_is_one_line(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("FIRESTORE_EMULATOR_HOST", "127.0.0.1:1")
    monkeypatch.setattr("infra.keys.RETRY", RETRY.with_timeout(0.1))
    with pytest.raises(SystemExit, match=r"^muster: Firestore does not answer: 503 [^\n]+$"):
        main(["--project", "a", "list", "--organization", "a"])
    expected = (
        "muster: FIRESTORE_EMULATOR_HOST is 127.0.0.1:1: this is that emulator's, and not Google Cloud's\n"
    )
    assert capsys.readouterr() == ("", expected)


@pytest.mark.parametrize("organization", ["", ".", "..", "__x__", "acme/eu", "acme eu", "\u00e9", "a" * 129])
def test_no_organization_has_an_id_that_a_path_cannot_hold(
    firestore_client: Client, organization: str
) -> None:
    with pytest.raises(ValueError, match=re.escape(f"the organization {organization!r} is not")):
        create(firestore_client, organization, ("pools:read",), now=datetime.now(UTC))


def test_an_event_is_shown_once_with_all_that_it_carries(
    state: Path, stack: RunningStack, new_organization: NewOrganization
) -> None:
    organization = new_organization()
    mac = a_mac()
    with events(state, "--json") as watching:
        machine_id = register(stack, organization.api_key, mac).json()["id"]
        assert register(stack, organization.api_key, mac).status_code == 409
        last_id = register(stack, organization.api_key, a_mac()).json()["id"]
        first, last = shown_until(watching, organization.id, "ce-subject", f"machines/{last_id}")

    assert f"machines/{last_id}" == last["attributes"]["ce-subject"]
    assert f"machines/{machine_id}" == first["attributes"]["ce-subject"]
    assert first["attributes"]["ce-type"] == "inventory.machine.created.v1"
    assert machine_id == first["ordering_key"] == first["message"]["machine"]["id"]
    assert [{"mac": mac}] == first["message"]["machine"]["nics"]


def shown_until(
    watching: subprocess.Popen[str], organization_id: str, attribute: str, value: str
) -> list[dict[str, Any]]:
    """Return an organization's events up to the first one with an attribute's value."""
    assert watching.stdout
    shown = []
    for line in watching.stdout:
        event = json.loads(line)
        if event["attributes"]["organization_id"] == organization_id:
            shown.append(event)
            if event["attributes"][attribute] == value:
                break
    return shown


def test_an_event_that_is_published_again_is_shown_once(
    state: Path, stack: RunningStack, publisher: PublisherClient
) -> None:
    one, last = (entry(str(uuid.uuid4()), version=version) for version in (1, 2))
    topic = f"projects/{stack.project}/topics/{one.topic}"
    with events(state, "--json") as watching:
        for event in (one, one, last):
            publisher.publish(topic, event.data, event.ordering_key, **event.attributes).result()
        shown = shown_until(watching, "example", "ce-id", last.event_id)

    assert [one.event_id, last.event_id] == [event["attributes"]["ce-id"] for event in shown]


@pytest.mark.parametrize(
    "signals", [[signal.SIGTERM], [signal.SIGINT], [signal.SIGTERM, signal.SIGINT] * 100]
)
def test_its_subscriptions_end_with_it(
    state: Path, stack: RunningStack, subscriber: SubscriberClient, signals: list[signal.Signals]
) -> None:
    before = watched(subscriber, stack)
    with events(state) as watching:
        during = watched(subscriber, stack) - before
        for name in during:
            subscription = subscriber.get_subscription(subscription=name)
            assert subscription.enable_message_ordering
            assert subscription.expiration_policy.ttl == timedelta(days=1)
        for number in signals:
            os.kill(watching.pid, number)  # even if it has ended
        assert watching.wait(TIMEOUT) == 0
        assert watching.stderr
        assert watching.stderr.read() == ""
    assert len(during) >= 3
    assert not during & watched(subscriber, stack)


def test_it_ends_quietly_when_nobody_reads_any_more(
    state: Path, stack: RunningStack, new_organization: NewOrganization
) -> None:
    """As in `make events | head`: make would report any other status."""
    with events(state) as watching:
        assert watching.stdout
        assert watching.stderr
        watching.stdout.close()
        assert register(stack, new_organization().api_key, a_mac()).status_code == 201
        assert watching.wait(TIMEOUT) == 0
        assert watching.stderr.read() == ""


def test_it_ends_when_its_subscription_is_deleted(
    state: Path, stack: RunningStack, subscriber: SubscriberClient
) -> None:
    before = watched(subscriber, stack)
    with events(state) as watching:
        subscriber.delete_subscription(subscription=(watched(subscriber, stack) - before).pop())
        assert watching.wait(TIMEOUT) == 1
        assert watching.stderr
        (line,) = watching.stderr.read().splitlines()
    assert line.startswith("muster: Pub/Sub answers ")


def test_a_stack_in_whose_place_another_one_runs_has_stopped(state: Path, stack: RunningStack) -> None:
    another = {**asdict(stack), "pids": {"stack": os.getpid()}}
    with events(state) as watching:
        (state / "stack.json").write_text(json.dumps(another))
        assert watching.wait(TIMEOUT) == 1
        assert watching.stderr
        assert watching.stderr.read() == "muster: the stack has stopped\n"


@pytest.mark.long
def test_a_stack_that_is_killed_is_missed_at_once(tmp_path: Path) -> None:
    with StackProcess(tmp_path, ("--topology", str(quiet_topology(tmp_path)))) as stack:
        stack.running()
        assert read(tmp_path)
        with events(tmp_path) as watching:
            stack.process.kill()
            stack.process.wait(TIMEOUT)
            assert watching.wait(5) == 1
            assert watching.stderr
            assert watching.stderr.read() == "muster: the stack has stopped\n"
    assert (tmp_path / "stack.json").exists()
    assert read(tmp_path) is None
