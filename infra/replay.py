"""Deliver events again: `python -m infra.replay`, or `make replay SINCE=... SUBSCRIPTION=...`.

A seek resets a subscription to a time: all messages since then that its topic still has are unacknowledged
again. The command works on the running local stack, or with `--project` on Google Cloud.
https://cloud.google.com/pubsub/docs/replay-overview
"""

import argparse
import os
import re
import sys
from datetime import UTC, datetime, timedelta

from google.api_core.exceptions import NotFound
from google.cloud.pubsub import SubscriberClient
from google.pubsub_v1.types import Subscription

from infra import os_errors
from infra.arguments import Parser, given, printable
from infra.google_cloud import RETRY, TIMEOUT, one_line, report_emulator
from infra.local import state

_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}


@os_errors.in_one_line()
def main() -> None:
    """Seek a subscription to a time; report a failure in one line."""
    arguments = _arguments()
    if not arguments.subscription or not arguments.since:
        sys.exit("muster: name a subscription and a time: make replay SUBSCRIPTION=pool-cleanup SINCE=30m")
    project = arguments.project
    if project is None:
        stack = state.read(arguments.state)
        if stack is None:
            sys.exit(f"{state.none_runs(arguments.state)}, or name a --project")
        os.environ["PUBSUB_EMULATOR_HOST"] = stack.pubsub_emulator_host
        project = stack.project
    else:
        report_emulator("PUBSUB_EMULATOR_HOST")
    now = datetime.now(UTC)
    try:
        since = parse_time(arguments.since, now=now)
        with one_line("Pub/Sub"):
            replay(project, arguments.subscription, since, now=now)
    except ValueError as error:
        sys.exit(f"muster: {error}")
    formatted = f"{since.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"
    sys.stdout.write(f"{arguments.subscription} gets again what its topic has kept since {formatted}\n")


def replay(project: str, subscription: str, since: datetime, *, now: datetime) -> None:
    """Deliver messages since a time to a subscription again, including those that it has acknowledged.

    Raises:
        ValueError: the subscription does not exist, and the error names the project's subscriptions; or
            acknowledged messages are not kept since that time. Pub/Sub itself would seek, and deliver less.
    """
    with SubscriberClient() as client:
        path = client.subscription_path(project, subscription)
        try:
            kept = _kept(client.get_subscription(subscription=path, retry=RETRY, timeout=TIMEOUT))
            if not kept:
                raise ValueError(f"{subscription} keeps no acknowledged messages: nothing can be replayed")
            if since < now - kept:
                limit = _in_units(kept)
                raise ValueError(
                    f"{subscription} keeps acknowledged messages for {limit} only: give a later time"
                )
            client.seek(request={"subscription": path, "time": since}, retry=RETRY, timeout=TIMEOUT)
        except NotFound as error:
            listed = client.list_subscriptions(project=f"projects/{project}", retry=RETRY, timeout=TIMEOUT)
            names = sorted(one.name.rpartition("/")[2] for one in listed)
            raise ValueError(
                f"there is no subscription {subscription} in {project}, but {', '.join(names) or 'none'}"
            ) from error


def _kept(subscription: Subscription) -> timedelta:
    """Return how long acknowledged messages are kept, by the topic or by the subscription itself."""
    config = Subscription.pb(subscription)
    by_topic: timedelta = config.topic_message_retention_duration.ToTimedelta()
    by_itself: timedelta = config.message_retention_duration.ToTimedelta()
    return max(by_topic, by_itself) if config.retain_acked_messages else by_topic


def _in_units(duration: timedelta) -> str:
    """Write a duration as `parse_time` reads it, in the largest unit that fits."""
    units = {letter: timedelta(**{name: 1}) for letter, name in reversed(_UNITS.items())}
    letter = next((letter for letter, unit in units.items() if not duration % unit), "s")
    return f"{duration // units[letter]}{letter}"


def parse_time(text: str, *, now: datetime) -> datetime:
    """Parse a time: how long ago it is (`90s`, `30m`, `12h`, `7d`), or an ISO 8601 time with a time zone.

    Raises:
        ValueError: the text is neither, or the time is in the future: a seek to it would drop all waiting
            messages.
    """
    try:
        if ago := re.fullmatch(r"([0-9]+)([smhd])", text):
            return now - timedelta(**{_UNITS[ago[2]]: int(ago[1])})
        since = datetime.fromisoformat(text)
    except (ValueError, OverflowError) as error:
        raise ValueError(f"{text!r} is no moment: give 30m, 12h, 7d or 2026-05-04T03:02:01Z") from error
    if since.tzinfo is None:
        raise ValueError(f"{text!r} has no zone: give {since.isoformat()}Z, say")
    if since > now:
        raise ValueError(f"{text!r} is still to come, and would drop what waits")
    return since


def _arguments() -> argparse.Namespace:
    parser = Parser(prog="python -m infra.replay", description="Deliver events again.")
    parser.add_argument("subscription", type=printable, help="the subscription, such as pool-cleanup")
    parser.add_argument("--since", required=True, help="30m, 12h, 7d, or a time such as 2026-05-04T03:02:01Z")
    parser.add_argument("--project", type=given, help="a Google Cloud project (default: the local stack)")
    state.add_folder_argument(parser)
    return parser.parse_args()


if __name__ == "__main__":
    main()
