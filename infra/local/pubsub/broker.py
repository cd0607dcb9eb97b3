"""All topics and subscriptions of all projects, and how they affect each other."""

from collections.abc import Iterable

from google_apis.pubsub import pubsub_pb2 as pb
from infra.local.projects import project_of
from infra.local.pubsub.clock import Clock
from infra.local.pubsub.errors import ResourceExists, ResourceNotFound
from infra.local.pubsub.journal import Journal
from infra.local.pubsub.message import Message
from infra.local.pubsub.names import DELETED_TOPIC, check_name
from infra.local.pubsub.schemas import DELETED_SCHEMA, Schemas
from infra.local.pubsub.settings import OUTPUT_ONLY, complete_subscription, complete_topic
from infra.local.pubsub.subscription import Subscription
from infra.local.pubsub.topic import Topic
from infra.local.status_errors import FailedPrecondition


class Broker:
    """All topics and subscriptions of all projects.

    Every method runs on the event loop without interruption. A change is durable once `journal.committed()`
    returns.
    """

    def __init__(self, clock: Clock, journal: Journal) -> None:
        """Restore the state from the journal. Messages that were leased are waiting again."""
        self.clock = clock
        self.journal = journal
        self.schemas = Schemas(clock, journal)
        self.topics: dict[str, Topic] = {}
        self.subscriptions: dict[str, Subscription] = {}
        # Ids are unique and increase, also across restarts, because they start at the time in microseconds.
        self._sequence = int(clock() * 1e6)
        self._restore()

    # Topics

    def topic(self, name: str) -> Topic:
        """Return a topic.

        Raises:
            ResourceNotFound: the topic does not exist.
        """
        check_name(name, "topics")
        try:
            return self.topics[name]
        except KeyError:
            raise ResourceNotFound(name) from None

    def create_topic(self, config: pb.Topic) -> Topic:
        """Create a topic.

        Raises:
            ResourceExists, ResourceNotFound, InvalidArgument: production would reject it too.
            Unimplemented: this emulator does not support it.
        """
        check_name(config.name, "topics")
        if config.name in self.topics:
            raise ResourceExists(config.name)
        self._complete_topic(config)
        topic = self.topics[config.name] = Topic(config, self.journal)
        self._save_topic(topic)
        return topic

    def update_topic(self, config: pb.Topic) -> Topic:
        """Replace a topic's configuration."""
        topic = self.topic(config.name)
        self._complete_topic(config)
        topic.config = config
        topic.expire(self.clock())
        self._save_topic(topic)
        return topic

    def delete_topic(self, name: str) -> None:
        """Delete a topic. Its subscriptions remain, with their messages."""
        topic = self.topic(name)
        del self.topics[name]
        topic.clear()
        for subscription in topic.subscriptions.values():
            subscription.config.topic = DELETED_TOPIC
            self._save_subscription(subscription)
        self.journal.remove("topic", name)

    def publish(self, topic: Topic, messages: Iterable[pb.PubsubMessage]) -> list[str]:
        """Set ids and publish times, add the messages to the topic's subscriptions, and return the ids."""
        now = round(self.clock(), 3)  # production's publish times are whole milliseconds
        retained_by = topic.name if topic.retains else ""
        ids = []
        for proto in messages:
            self._sequence += 1
            proto.message_id = str(self._sequence)
            proto.publish_time.FromMilliseconds(round(now * 1000))
            ids.append(proto.message_id)
            self.journal.add_message(self._sequence, retained_by, now, proto)
            topic.add(Message(proto, self._sequence, now))
        return ids

    def delete_schema(self, name: str) -> None:
        """Delete a schema. Topics with this schema then reject all messages."""
        self.schemas.delete(name)
        for topic in self.topics.values():
            if topic.config.schema_settings.schema == name:
                topic.config.schema_settings.schema = DELETED_SCHEMA
                self._save_topic(topic)

    # Subscriptions

    def subscription(self, name: str) -> Subscription:
        """Return a subscription.

        Raises:
            ResourceNotFound: the subscription does not exist.
        """
        check_name(name, "subscriptions")
        try:
            return self.subscriptions[name]
        except KeyError:
            raise ResourceNotFound(name) from None

    def create_subscription(self, config: pb.Subscription) -> Subscription:
        """Create a subscription. It receives messages that are published from now on.

        Raises:
            ResourceExists, ResourceNotFound, InvalidArgument: production would reject it too.
            Unimplemented: this emulator does not support it.
        """
        check_name(config.name, "subscriptions")
        if config.name in self.subscriptions:
            raise ResourceExists(config.name)
        topic = self.topic(config.topic)
        for name in OUTPUT_ONLY:
            config.ClearField(name)
        complete_subscription(config)
        self._check_dead_letter_topic(config)
        subscription = self._attach(config, topic)
        self._save_subscription(subscription)
        return subscription

    def update_subscription(self, config: pb.Subscription) -> Subscription:
        """Replace a subscription's configuration.

        Raises:
            ResourceNotFound, InvalidArgument: production would reject it too.
            Unimplemented: this emulator does not support it.
        """
        subscription = self.subscription(config.name)
        complete_subscription(config)
        # A dead letter topic that was deleted in the meantime must not prevent other changes.
        if config.dead_letter_policy != subscription.config.dead_letter_policy:
            self._check_dead_letter_topic(config)
        subscription.configure(config, self.clock())
        self._save_subscription(subscription)
        return subscription

    def delete_subscription(self, name: str) -> None:
        """Delete a subscription and its messages."""
        subscription = self.subscription(name)
        del self.subscriptions[name]
        self._leave_topic(subscription)
        subscription.deleted = True
        subscription.backlog.clear()
        self.journal.remove("subscription", name)

    def detach_subscription(self, name: str) -> None:
        """Detach a subscription from its topic. Its messages are dropped, and all pulls fail from then on."""
        subscription = self.subscription(name)
        self._leave_topic(subscription)
        subscription.config.detached = True
        subscription.backlog.clear()
        self._save_subscription(subscription)

    def seek(self, name: str, time: float) -> None:
        """Mark messages published before a time as acknowledged, and all others as not acknowledged."""
        subscription = self.subscription(name)
        if subscription.config.detached:
            raise FailedPrecondition(f"The subscription is detached from its topic (resource={name}).")
        topic = self.topics.get(subscription.config.topic)
        retained = [] if topic is None else topic.retained_at(self.clock())
        subscription.backlog.seek(time, filter(subscription.wants, retained))

    # Time

    def tick(self) -> None:
        """Handle the ack deadlines and backoffs that have ended."""
        now = self.clock()
        for subscription in self.subscriptions.values():
            subscription.backlog.tick(now)

    def expire(self) -> None:
        """Drop messages after their retention, and delete subscriptions that have expired."""
        now = self.clock()
        for topic in self.topics.values():
            topic.expire(now)
        for subscription in list(self.subscriptions.values()):
            if subscription.has_expired(now):
                self.delete_subscription(subscription.name)
            else:
                subscription.backlog.expire(now)

    # Parts

    def _restore(self) -> None:
        for body in self.journal.resources("topic"):
            topic = Topic(pb.Topic.FromString(body), self.journal)
            self.topics[topic.name] = topic
        for body in self.journal.resources("subscription"):
            config = pb.Subscription.FromString(body)
            self._attach(config, None if config.detached else self.topics.get(config.topic))
        for sequence, retained_by, published, proto, holders in self.journal.messages():
            self._sequence = max(self._sequence, sequence)
            message = Message(proto, sequence, published)
            message.hold()  # until all holders have it
            if retained_by in self.topics:
                self.topics[retained_by].keep(message)
            for name, acked, failures in holders:
                self.subscriptions[name].backlog.restore(message, acked=acked, failures=failures)
            message.release(self.journal)

    def _complete_topic(self, config: pb.Topic) -> None:
        complete_topic(config)
        if config.HasField("schema_settings") and config.schema_settings.schema != DELETED_SCHEMA:
            self.schemas.check_settings(config.schema_settings)

    def _check_dead_letter_topic(self, config: pb.Subscription) -> None:
        if config.HasField("dead_letter_policy"):
            self.topic(config.dead_letter_policy.dead_letter_topic)

    def _attach(self, config: pb.Subscription, topic: Topic | None) -> Subscription:
        def forward(message: Message, failures: int) -> bool:
            return self._dead_letter(subscription, message, failures)

        subscription = Subscription(config, self.journal, forward, self.clock())
        self.subscriptions[config.name] = subscription
        if topic is not None:
            topic.subscriptions[config.name] = subscription
        return subscription

    def _leave_topic(self, subscription: Subscription) -> None:
        topic = self.topics.get(subscription.config.topic)
        if topic is not None:
            topic.subscriptions.pop(subscription.name, None)

    def _dead_letter(self, subscription: Subscription, message: Message, failures: int) -> bool:
        """Publish a message to the dead letter topic; return whether the topic exists.

        If it does not, the message stays in the subscription, as in production.
        Source: https://cloud.google.com/pubsub/docs/handling-failures#track_delivery_attempts
        """
        topic = self.topics.get(subscription.config.dead_letter_policy.dead_letter_topic)
        if topic is None:
            return False
        dead = message.parse()
        published = dead.publish_time.ToDatetime().isoformat(timespec="milliseconds")
        dead.attributes["CloudPubSubDeadLetterSourceDeliveryCount"] = str(failures)
        dead.attributes["CloudPubSubDeadLetterSourceSubscription"] = subscription.name.rpartition("/")[2]
        dead.attributes["CloudPubSubDeadLetterSourceSubscriptionProject"] = project_of(subscription.name)
        dead.attributes["CloudPubSubDeadLetterSourceTopicPublishTime"] = f"{published}+00:00"
        self.publish(topic, [dead])
        return True

    def _save_topic(self, topic: Topic) -> None:
        self.journal.save("topic", topic.name, topic.config.SerializeToString())

    def _save_subscription(self, subscription: Subscription) -> None:
        self.journal.save("subscription", subscription.name, subscription.config.SerializeToString())
