"""`make replay`: a subscription receives messages again that it has acknowledged."""

import subprocess
import uuid
from datetime import UTC, datetime, timedelta, timezone

import httpx
import pytest
from google.cloud import pubsub

from infra.replay import parse_time
from tests.command import run
from tests.emulators.pubsub.pulling import acknowledge, pull
from tests.stack import NewOrganization, RunningStack

NOW = datetime(2026, 5, 4, 3, 2, 1, tzinfo=UTC)


def replay(stack: RunningStack, *arguments: str) -> subprocess.CompletedProcess[str]:
    host = stack.pubsub_emulator_host
    return run("infra.replay", "--project", stack.project, *arguments, PUBSUB_EMULATOR_HOST=host)


async def test_acknowledged_events_are_delivered_once_more(
    stack: RunningStack,
    http: httpx.AsyncClient,
    new_organization: NewOrganization,
    subscriber: pubsub.SubscriberClient,
) -> None:
    organization = new_organization()
    name = f"replay-{uuid.uuid4()}"
    subscription = subscriber.subscription_path(stack.project, name)
    subscriber.create_subscription(
        request={
            "name": subscription,
            "topic": f"projects/{stack.project}/topics/machine-created",
            "filter": f'attributes.organization_id = "{organization.id}"',
        }
    )
    body = {"nics": [{"mac": "00:00:5E:00:53:7A"}]}
    response = await http.post("/api/v1/machines", json=body, headers=organization.headers)
    assert response.status_code == 201
    first = pull(subscriber, subscription)
    acknowledge(subscriber, subscription, first)

    five_minutes_ago = datetime.now(timezone(timedelta(hours=2))) - timedelta(minutes=5)
    replayed = replay(stack, name, "--since", five_minutes_ago.isoformat())

    host = stack.pubsub_emulator_host
    assert (replayed.returncode, replayed.stderr) == (
        0,
        f"muster: PUBSUB_EMULATOR_HOST is {host}: this is that emulator's, and not Google Cloud's\n",
    )
    formatted = f"{five_minutes_ago.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"
    assert replayed.stdout == f"{name} gets again what its topic has kept since {formatted}\n"
    again = pull(subscriber, subscription)
    assert [one.message for one in again] == [one.message for one in first]
    acknowledge(subscriber, subscription, again)
    subscriber.delete_subscription(subscription=subscription)


def test_an_unknown_subscription_is_one_line_with_those_that_there_are(stack: RunningStack) -> None:
    replayed = replay(stack, "nobody", "--since", "5m")
    assert replayed.returncode == 1
    line = replayed.stderr.splitlines()[-1]
    message, _, names = line.partition(", but ")
    assert message == f"muster: there is no subscription nobody in {stack.project}"
    assert {"pool-cleanup", "pool-cleanup-dead"} <= set(names.split(", "))


@pytest.mark.parametrize(
    ("subscription", "since", "reason"),
    [
        ("pool-cleanup", "9d", "acknowledged messages for 7d only: give a later time"),
        ("pool-cleanup-dead", "1m", "no acknowledged messages: nothing can be replayed"),
    ],
)
def test_more_than_is_kept_cannot_be_replayed(
    stack: RunningStack, subscription: str, since: str, reason: str
) -> None:
    """Pub/Sub would accept the time, and deliver what there is."""
    replayed = replay(stack, subscription, "--since", since)

    assert (replayed.returncode, replayed.stdout) == (1, "")
    assert replayed.stderr.splitlines()[-1] == f"muster: {subscription} keeps {reason}"


def test_all_that_is_kept_can_be_replayed(stack: RunningStack) -> None:
    assert replay(stack, "pool-cleanup", "--since", "7d").returncode == 0


@pytest.mark.parametrize(
    ("text", "since"),
    [
        ("90s", NOW - timedelta(seconds=90)),
        ("604800s", NOW - timedelta(days=7)),
        ("30m", NOW - timedelta(minutes=30)),
        ("12h", NOW - timedelta(hours=12)),
        ("7d", NOW - timedelta(days=7)),
        ("2026-05-04T03:02:01Z", NOW),
        ("2026-05-04T05:02:01+02:00", NOW),
    ],
)
def test_a_moment_is_read(text: str, since: datetime) -> None:
    assert parse_time(text, now=NOW) == since


@pytest.mark.parametrize(
    "text",
    [
        *("", "yesterday", "5", "-5m", "2026-05-04T03:02:01", "2026-05-04T03:02:02Z", "999999d"),
        pytest.param(f"{'9' * 5000}s", id="a number of 5,000 digits"),
    ],
)
def test_what_is_no_time_or_in_the_future_is_rejected(text: str) -> None:
    with pytest.raises(ValueError, match=r"no moment|no zone|still to come"):
        parse_time(text, now=NOW)
