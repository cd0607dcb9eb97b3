"""The RPCs of google.pubsub.v1.Publisher."""

import grpc
from google.protobuf.empty_pb2 import Empty

from google_apis.pubsub import pubsub_pb2 as pb
from infra.local.counters import Counters
from infra.local.projects import project_of
from infra.local.pubsub.broker import Broker
from infra.local.pubsub.masks import merged
from infra.local.pubsub.message import check_messages
from infra.local.pubsub.pages import page, page_of_project
from infra.local.wire import UnaryMethods, Wire

# As in production. Fields that are not implemented are rejected if they are set, as in a creation.
_MUTABLE = {
    "ingestion_data_source_settings",
    "kms_key_name",
    "labels",
    "message_retention_duration",
    "message_storage_policy",
    "message_transforms",
    "schema_settings",
}


class Publisher:
    """The RPCs of google.pubsub.v1.Publisher. Each is documented in google/pubsub/v1/pubsub.proto."""

    def __init__(self, broker: Broker, counters: Counters) -> None:
        self._broker = broker
        self._counters = counters

    def on(self, wire: Wire) -> grpc.GenericRpcHandler:
        """Return the handler of the service's RPCs."""
        methods: UnaryMethods = {
            "CreateTopic": (self._create, pb.Topic),
            "UpdateTopic": (self._update, pb.UpdateTopicRequest),
            "GetTopic": (self._get, pb.GetTopicRequest),
            "ListTopics": (self._list, pb.ListTopicsRequest),
            "ListTopicSubscriptions": (self._list_subscriptions, pb.ListTopicSubscriptionsRequest),
            "DeleteTopic": (self._delete, pb.DeleteTopicRequest),
            "DetachSubscription": (self._detach, pb.DetachSubscriptionRequest),
            "Publish": (self._publish, pb.PublishRequest),
        }
        return wire.unary("google.pubsub.v1.Publisher", methods)

    async def _create(self, request: pb.Topic) -> pb.Topic:
        topic = self._broker.create_topic(request)
        await self._broker.journal.committed()
        return topic.config

    async def _update(self, request: pb.UpdateTopicRequest) -> pb.Topic:
        current = self._broker.topic(request.topic.name).config
        topic = self._broker.update_topic(merged(current, request.topic, request.update_mask, _MUTABLE))
        await self._broker.journal.committed()
        return topic.config

    async def _get(self, request: pb.GetTopicRequest) -> pb.Topic:
        return self._broker.topic(request.topic).config

    async def _list(self, request: pb.ListTopicsRequest) -> pb.ListTopicsResponse:
        names, token = page_of_project(self._broker.topics, request.project, request)
        topics = [self._broker.topics[name].config for name in names]
        return pb.ListTopicsResponse(topics=topics, next_page_token=token)

    async def _list_subscriptions(
        self, request: pb.ListTopicSubscriptionsRequest
    ) -> pb.ListTopicSubscriptionsResponse:
        names, token = page(self._broker.topic(request.topic).subscriptions, request)
        return pb.ListTopicSubscriptionsResponse(subscriptions=names, next_page_token=token)

    async def _delete(self, request: pb.DeleteTopicRequest) -> Empty:
        self._broker.delete_topic(request.topic)
        await self._broker.journal.committed()
        return Empty()

    async def _detach(self, request: pb.DetachSubscriptionRequest) -> pb.DetachSubscriptionResponse:
        self._broker.detach_subscription(request.subscription)
        await self._broker.journal.committed()
        return pb.DetachSubscriptionResponse()

    async def _publish(self, request: pb.PublishRequest) -> pb.PublishResponse:
        topic = self._broker.topic(request.topic)
        check_messages(request.messages, request.ByteSize())
        if topic.config.HasField("schema_settings"):
            self._broker.schemas.stamp(topic.config.schema_settings, request.messages)
        ids = self._broker.publish(topic, request.messages)
        self._counters.add(project_of(topic.name), "published", len(ids))
        await self._broker.journal.committed()
        return pb.PublishResponse(message_ids=ids)
