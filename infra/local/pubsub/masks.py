"""Updates with a field mask."""

from collections.abc import Set as AbstractSet
from typing import TypeVar

from google.protobuf.field_mask_pb2 import FieldMask

from google_apis.pubsub import pubsub_pb2 as pb
from infra.local.status_errors import InvalidArgument

Resource = TypeVar("Resource", pb.Topic, pb.Subscription)


def merged(current: Resource, update: Resource, mask: FieldMask, mutable: AbstractSet[str]) -> Resource:
    """Return a copy of a configuration with the fields in the mask replaced by those of the update.

    Raises:
        InvalidArgument: the mask is empty, or contains a field that does not exist or cannot be changed.
    """
    if not mask.paths:
        raise InvalidArgument("The update_mask must be set, and must contain a non-empty paths list.")
    fields = current.DESCRIPTOR
    for path in mask.paths:
        if path.partition(".")[0] not in mutable:
            raise InvalidArgument(f"Invalid update_mask provided in the request: {path} is not mutable.")
        if not FieldMask(paths=[path]).IsValidForDescriptor(fields):  # type: ignore[arg-type] # of either kind
            raise InvalidArgument(f"Invalid update_mask provided in the request: {path} is not a field.")
    result = type(current)()
    result.CopyFrom(current)
    mask.MergeMessage(update, result, replace_message_field=True, replace_repeated_field=True)
    return result
