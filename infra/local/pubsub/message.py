"""A published message, and what production takes as one.

Source: https://cloud.google.com/pubsub/quotas#resource_limits
"""

from collections.abc import Sequence

from google_apis.pubsub import pubsub_pb2 as pb
from infra.local.pubsub.journal import Journal
from infra.local.refusals import InvalidArgument

_MAX_MESSAGES = 1_000
_MAX_REQUEST_BYTES = 10_000_000
_MAX_ATTRIBUTES = 100
_MAX_KEY_BYTES = 256
_MAX_VALUE_BYTES = 1024
_MAX_ORDERING_KEY_BYTES = 1024


class Message:
    """A message as published: it is shared by all subscriptions that hold it, and never changes.

    Attributes:
        proto: What subscribers get, with its id and publish time.
        sequence: Its place among all messages; grows with each one, also across restarts.
        published: When it was published, in seconds since the epoch.
        size: In bytes, as flow control counts it.
    """

    __slots__ = ("_holders", "proto", "published", "sequence", "size")

    def __init__(self, proto: pb.PubsubMessage, sequence: int, published: float) -> None:
        self.proto = proto
        self.sequence = sequence
        self.published = published
        self.size = proto.ByteSize()
        self._holders = 0

    def hold(self) -> None:
        """Count one more subscription or topic that keeps it."""
        self._holders += 1

    def release(self, journal: Journal) -> None:
        """Count one less; what nobody keeps is forgotten."""
        self._holders -= 1
        if self._holders == 0:
            journal.remove_message(self.sequence)


def check_messages(messages: Sequence[pb.PubsubMessage], request_bytes: int) -> None:
    """Refuse what production does not publish.

    Raises:
        InvalidArgument: names the limit that is passed.
    """
    if not messages:
        raise InvalidArgument("The request contains no messages.")
    _at_most("message_count", len(messages), _MAX_MESSAGES)
    _at_most("request_size", request_bytes, _MAX_REQUEST_BYTES)
    ordering_key = messages[0].ordering_key
    for message in messages:
        _check_message(message)
        if message.ordering_key != ordering_key:
            raise InvalidArgument("All messages of one publish request must have the same ordering_key.")


def _check_message(message: pb.PubsubMessage) -> None:
    if not message.data and not message.attributes:
        raise InvalidArgument("Some messages in the publish request are empty: no data and no attributes.")
    if message.ordering_key:
        _at_most("ordering_key_size", len(message.ordering_key.encode()), _MAX_ORDERING_KEY_BYTES)
    if message.attributes:
        _at_most("attribute_count", len(message.attributes), _MAX_ATTRIBUTES)
        for key, value in message.attributes.items():
            _check_key(key)
            _at_most("attribute_key_size", len(key.encode()), _MAX_KEY_BYTES)
            _at_most("attribute_value_size", len(value.encode()), _MAX_VALUE_BYTES)


def _check_key(key: str) -> None:
    # Google's clients themselves publish their trace context as googclient_*.
    if not key or (key.startswith("goog") and not key.startswith("googclient_")):
        raise InvalidArgument(f"Attribute keys must not be empty or start with 'goog' (key={key}).")


def _at_most(name: str, value: int, maximum: int) -> None:
    if value > maximum:
        raise InvalidArgument(
            f"The value for {name} is too large. You passed {value} in the request, "
            f"but the maximum value is {maximum}."
        )
