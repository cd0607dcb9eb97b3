import pytest
from google.api_core.exceptions import InvalidArgument
from google.cloud.pubsub_v1 import PublisherClient, SubscriberClient
from hypothesis import given
from hypothesis import strategies as st

from infra.local.pubsub.filters import parse
from infra.local.status_errors import InvalidArgument as InvalidFilter
from tests.emulators.pubsub.pulling import data, pull

ATTRIBUTES = {"colour": "blue", "my-key": "1", "empty": "", "odd key!": 'say "hi"', "iana.org/tag": "fr"}

MATCHING = [
    "",
    "attributes:colour",
    "attributes:my-key",
    'attributes:"odd key!"',
    'attributes.colour = "blue"',
    'attributes.colour="blue"',
    '  attributes . colour = "blue"  ',
    'attributes.empty = ""',
    'attributes."iana.org/tag" = "fr"',
    r'attributes."odd key!" = "say \"hi\""',
    r'attributes.colour = "\142l\x75\u0065"',
    'attributes.colour != "red"',
    'attributes.absent != "red"',
    'hasPrefix(attributes.colour, "bl")',
    'hasPrefix(attributes.colour, "")',
    "NOT attributes:absent",
    "-attributes:absent",
    "NOT NOT attributes:colour",
    'attributes:colour AND attributes.my-key = "1" AND attributes:empty',
    "attributes:absent OR attributes:colour OR attributes:absent",
    "attributes:colour AND (attributes:absent OR attributes:empty)",
    "(attributes:absent AND attributes:colour) OR attributes:empty",
    "NOT (attributes:absent OR attributes:missing)",
    "((attributes:colour))",
]
NOT_MATCHING = [
    "attributes:Colour",
    'attributes.colour = "Blue"',
    'attributes.colour != "blue"',
    'attributes.absent = ""',
    'hasPrefix(attributes.colour, "blues")',
    'hasPrefix(attributes.absent, "")',
    "NOT attributes:colour",
    "-attributes:colour",
    "attributes:colour AND attributes:absent",
    "attributes:absent OR attributes:missing",
    "NOT (attributes:colour AND attributes:empty)",
    "NOT attributes:colour OR attributes:absent",
]
BAD = [
    "attributes",
    "attributes.colour",
    "attributes.colour = blue",
    "attributes.colour = 'blue'",
    'attributes.colour == "blue"',
    'attributes.colour > "blue"',
    'attributes.colour = "blue',
    r'attributes.colour = "\q"',
    r'attributes.colour = "\UFFFFFFFF"',
    'data = "x"',
    'hasPrefix(attributes:colour, "b")',
    'hasSuffix(attributes.colour, "b")',
    "attributes:a AND attributes:b OR attributes:c",
    "attributes:a OR attributes:b AND attributes:c",
    "attributes:a and attributes:b",
    "attributes:a attributes:b",
    "attributes:a AND",
    "(attributes:a",
    "attributes:a)",
    "NOT",
    "   ",
    f'attributes.a = "{"x" * 250}"',
]


@pytest.mark.parametrize("expression", MATCHING)
def test_a_filter_matches(expression: str) -> None:
    assert parse(expression)(ATTRIBUTES)


@pytest.mark.parametrize("expression", NOT_MATCHING)
def test_a_filter_does_not_match(expression: str) -> None:
    assert not parse(expression)(ATTRIBUTES)


@pytest.mark.parametrize("expression", BAD)
def test_a_bad_filter_is_rejected(
    expression: str, subscriber: SubscriberClient, project: str, topic: str
) -> None:
    name = f"{project}/subscriptions/filtered"
    with pytest.raises(InvalidArgument, match="Invalid filter given"):
        subscriber.create_subscription(request={"name": name, "topic": topic, "filter": expression})


@given(st.text(alphabet='attributes:. ="\\()-!NOTANDhasPrefix,\n', max_size=40))
def test_any_text_is_a_filter_or_is_rejected(text: str) -> None:
    try:
        matches = parse(text)
    except InvalidFilter:
        return
    assert matches(ATTRIBUTES) in {True, False}


def test_a_subscription_gets_what_its_filter_matches(
    publisher: PublisherClient, subscriber: SubscriberClient, project: str, topic: str
) -> None:
    name = f"{project}/subscriptions/filtered"
    subscriber.create_subscription(
        request={"name": name, "topic": topic, "filter": 'attributes.change = "deleted"'}
    )
    for number, change in enumerate(["created", "deleted", "updated", "deleted"]):
        publisher.publish(topic, b"%d" % number, change=change).result()
    publisher.publish(topic, b"none").result()
    publisher.publish(topic, b"last", change="deleted").result()
    assert data(pull(subscriber, name, 3)) == [b"1", b"3", b"last"]
