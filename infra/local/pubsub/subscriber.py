"""The RPCs of google.pubsub.v1.Subscriber, except StreamingPull."""

import asyncio

import grpc
from google.protobuf.empty_pb2 import Empty
from google.protobuf.timestamp_pb2 import Timestamp

from google_apis.pubsub import pubsub_pb2 as pb
from infra.local.counters import Counters
from infra.local.pubsub.broker import Broker
from infra.local.pubsub.leases import Consumer, Lease
from infra.local.pubsub.masks import merged
from infra.local.pubsub.pages import page_of_project
from infra.local.pubsub.session import Session
from infra.local.pubsub.subscription import Subscription
from infra.local.status_errors import InvalidArgument, Unimplemented
from infra.local.wire import UnaryMethods, Wire

# As in production. Fields that are not implemented are rejected if they are set, as in a creation.
_MUTABLE = {
    "ack_deadline_seconds",
    "bigquery_config",
    "bigtable_config",
    "cloud_storage_config",
    "dead_letter_policy",
    "enable_exactly_once_delivery",
    "expiration_policy",
    "labels",
    "message_retention_duration",
    "message_transforms",
    "push_config",
    "retain_acked_messages",
    "retry_policy",
}
_MAX_PULL = 1000
_MAX_WAIT = 90.0  # the maximum number of seconds that a pull waits for a message


class Subscriber:
    """The RPCs of google.pubsub.v1.Subscriber. Each is documented in google/pubsub/v1/pubsub.proto."""

    def __init__(self, broker: Broker, counters: Counters) -> None:
        self._broker = broker
        self._counters = counters

    def on(self, wire: Wire) -> grpc.GenericRpcHandler:
        """Return the handler of the service's RPCs."""
        methods: UnaryMethods = {
            "CreateSubscription": (self._create, pb.Subscription),
            "GetSubscription": (self._get, pb.GetSubscriptionRequest),
            "UpdateSubscription": (self._update, pb.UpdateSubscriptionRequest),
            "ListSubscriptions": (self._list, pb.ListSubscriptionsRequest),
            "DeleteSubscription": (self._delete, pb.DeleteSubscriptionRequest),
            "ModifyAckDeadline": (self._modify_ack_deadline, pb.ModifyAckDeadlineRequest),
            "Acknowledge": (self._acknowledge, pb.AcknowledgeRequest),
            "Pull": (self._pull, pb.PullRequest),
            "ModifyPushConfig": (self._modify_push_config, pb.ModifyPushConfigRequest),
            "Seek": (self._seek, pb.SeekRequest),
        }
        return wire.unary("google.pubsub.v1.Subscriber", methods)

    async def _create(self, request: pb.Subscription) -> pb.Subscription:
        subscription = self._broker.create_subscription(request)
        await self._broker.journal.committed()
        return self._shown(subscription)

    async def _get(self, request: pb.GetSubscriptionRequest) -> pb.Subscription:
        return self._shown(self._broker.subscription(request.subscription))

    async def _update(self, request: pb.UpdateSubscriptionRequest) -> pb.Subscription:
        current = self._broker.subscription(request.subscription.name).config
        return await self._configure(merged(current, request.subscription, request.update_mask, _MUTABLE))

    async def _modify_push_config(self, request: pb.ModifyPushConfigRequest) -> Empty:
        config = pb.Subscription()
        config.CopyFrom(self._broker.subscription(request.subscription).config)
        config.push_config.CopyFrom(request.push_config)
        await self._configure(config)
        return Empty()

    async def _configure(self, config: pb.Subscription) -> pb.Subscription:
        subscription = self._broker.update_subscription(config)
        await self._broker.journal.committed()
        return self._shown(subscription)

    async def _list(self, request: pb.ListSubscriptionsRequest) -> pb.ListSubscriptionsResponse:
        names, token = page_of_project(self._broker.subscriptions, request.project, request)
        shown = [self._shown(self._broker.subscriptions[name]) for name in names]
        return pb.ListSubscriptionsResponse(subscriptions=shown, next_page_token=token)

    async def _delete(self, request: pb.DeleteSubscriptionRequest) -> Empty:
        self._broker.delete_subscription(request.subscription)
        await self._broker.journal.committed()
        return Empty()

    async def _modify_ack_deadline(self, request: pb.ModifyAckDeadlineRequest) -> Empty:
        session = self._session(request.subscription)
        session.modify_deadlines(request.ack_ids, [request.ack_deadline_seconds] * len(request.ack_ids))
        return Empty()

    async def _acknowledge(self, request: pb.AcknowledgeRequest) -> Empty:
        self._session(request.subscription).acknowledge(request.ack_ids)
        return Empty()

    async def _pull(self, request: pb.PullRequest) -> pb.PullResponse:
        if request.max_messages <= 0:
            raise InvalidArgument(f"Invalid max_messages given (max_messages={request.max_messages}).")
        session = self._session(request.subscription)
        limit = min(request.max_messages, _MAX_PULL)
        leases = session.take(limit)
        if not leases and not request.return_immediately:
            leases = await _wait(session, limit)
        return pb.PullResponse(received_messages=session.received(leases))

    async def _seek(self, request: pb.SeekRequest) -> pb.SeekResponse:
        if request.HasField("snapshot"):
            raise Unimplemented("Seek to a snapshot")
        if not request.HasField("time"):
            raise InvalidArgument("Seek needs a time.")
        self._broker.seek(request.subscription, _seconds(request.time))
        await self._broker.journal.committed()
        return pb.SeekResponse()

    def _shown(self, subscription: Subscription) -> pb.Subscription:
        """Return a subscription's configuration for clients, with the retention of its topic."""
        shown = pb.Subscription()
        shown.CopyFrom(subscription.config)
        topic = self._broker.topics.get(subscription.config.topic)
        if topic is not None and topic.config.HasField("message_retention_duration"):
            shown.topic_message_retention_duration.CopyFrom(topic.config.message_retention_duration)
        return shown

    def _session(self, name: str) -> Session:
        subscription = self._broker.subscription(name)
        return Session(subscription, Consumer(), self._broker.clock, self._counters)


def _seconds(time: Timestamp) -> float:
    try:
        return time.ToMicroseconds() / 1e6
    except ValueError as error:
        raise InvalidArgument(f"Invalid time given: {error}") from error


async def _wait(session: Session, limit: int) -> list[Lease]:
    """Wait for messages; return none after the maximum wait."""
    try:
        async with asyncio.timeout(_MAX_WAIT):
            with session:
                while not (leases := session.take(limit)):
                    await session.ready()
                return leases
    except TimeoutError:
        return []
