"""Resource names: `projects/{project}/{collection}/{id}`.

Source: https://cloud.google.com/pubsub/docs/pubsub-basics#resource_names
"""

import re
from collections.abc import Iterator

from google.protobuf.message import Message

from google_apis.pubsub.pubsub_pb2 import PublishRequest
from infra.local.status_errors import InvalidArgument

DELETED_TOPIC = "_deleted-topic_"
"""The topic in a subscription's configuration after the topic is deleted."""

_PROJECT = r"projects/[A-Za-z0-9][A-Za-z0-9._:-]*"
_ID = r"(?!goog)[A-Za-z][A-Za-z0-9\-_.~+%]{2,254}"
_NAMES = {
    collection: re.compile(f"{_PROJECT}/{collection}/{_ID}")
    for collection in ("topics", "subscriptions", "schemas")
}


def check_name(name: str, collection: str) -> None:
    """Check the name of a topic, subscription or schema, as production does.

    Raises:
        InvalidArgument: the name is reserved or malformed.
    """
    if not _NAMES[collection].fullmatch(name):
        raise InvalidArgument(
            f"Invalid resource name given (name={name}). Refer to "
            "https://cloud.google.com/pubsub/docs/pubsub-basics#resource_names for more information."
        )


def check_project(name: str) -> None:
    """Check that a name is `projects/{project}`; raise InvalidArgument."""
    if not re.fullmatch(_PROJECT, name):
        raise InvalidArgument(f"Invalid project given (name={name}).")


def targets(request: Message) -> Iterator[str]:
    """Yield a request's strings, which include resource names, the names of its parts, and ordering keys."""
    for field, value in request.ListFields():
        if isinstance(value, str):
            yield value
        elif field.message_type is not None and "name" in field.message_type.fields_by_name:
            yield value.name
    if isinstance(request, PublishRequest):
        yield from {message.ordering_key for message in request.messages}
