"""The plain protobuf messages of `google.pubsub.v1`, as shared/store/wire.py has those of Firestore."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from google_apis.pubsub.pubsub_pb2 import PublishRequest, PublishResponse, PubsubMessage
else:
    from google.pubsub_v1 import types

    def _plain(wrapper: type) -> type:
        return type(wrapper.pb(wrapper()))

    PublishRequest = _plain(types.PublishRequest)
    PublishResponse = _plain(types.PublishResponse)
    PubsubMessage = _plain(types.PubsubMessage)

__all__ = ["PublishRequest", "PublishResponse", "PubsubMessage"]
