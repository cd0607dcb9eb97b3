"""Published messages, and production's limits for them.

Source: https://cloud.google.com/pubsub/quotas#resource_limits
"""

from collections.abc import Sequence

from google_apis.pubsub import pubsub_pb2 as pb
from infra.local.pubsub.journal import Journal
from infra.local.status_errors import InvalidArgument

_MAX_MESSAGES = 1_000
_MAX_REQUEST_BYTES = 10_000_000
_MAX_ATTRIBUTES = 100
_MAX_KEY_BYTES = 256
_MAX_VALUE_BYTES = 1024
_MAX_ORDERING_KEY_BYTES = 1024


class Message:
    """A published message, which never changes and which all its subscriptions share.

    Attributes:
        ordering_key: Its ordering key; empty if it has none.
        sequence: Its sequence number, greater than that of every earlier message, also across restarts.
        published: When it was published, in seconds since the epoch.
        size: Its size in bytes, for flow control.
    """

    __slots__ = ("_holders", "_serialized", "ordering_key", "published", "sequence", "size")

    def __init__(self, proto: pb.PubsubMessage, sequence: int, published: float) -> None:
        # A parsed message takes four times as much memory, and topics retain messages for days.
        self._serialized = proto.SerializeToString()
        self.ordering_key = proto.ordering_key
        self.sequence = sequence
        self.published = published
        self.size = len(self._serialized)
        self._holders = 0

    def parse(self) -> pb.PubsubMessage:
        """Return the message that subscribers receive, with its id and publish time."""
        return pb.PubsubMessage.FromString(self._serialized)

    def hold(self) -> None:
        """Count one more holder: a subscription or topic that keeps the message."""
        self._holders += 1

    def release(self, journal: Journal) -> None:
        """Count one holder less; after the last one, remove the message from the journal."""
        self._holders -= 1
        if self._holders == 0:
            journal.remove_message(self.sequence)


def check_messages(messages: Sequence[pb.PubsubMessage], request_bytes: int) -> None:
    """Check the messages of a publish request, as production does.

    Raises:
        InvalidArgument: a message is invalid, or a limit is exceeded.
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
    # Google's own clients publish their trace context in attributes googclient_*.
    if not key or (key.startswith("goog") and not key.startswith("googclient_")):
        raise InvalidArgument(f"Attribute keys must not be empty or start with 'goog' (key={key}).")


def _at_most(name: str, value: int, maximum: int) -> None:
    if value > maximum:
        raise InvalidArgument(
            f"The value for {name} is too large. You passed {value} in the request, "
            f"but the maximum value is {maximum}."
        )
