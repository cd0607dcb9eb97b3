"""Push subscriptions: messages delivered as HTTP requests.

Source: https://cloud.google.com/pubsub/docs/push
"""

import asyncio
import base64
import json

from infra.local.counters import Counters
from infra.local.faults import Fault, Faults
from infra.local.projects import project_of
from infra.local.pubsub.broker import Broker
from infra.local.pubsub.clock import Clock
from infra.local.pubsub.leases import Consumer, Lease
from infra.local.pubsub.post import PostError, post
from infra.local.pubsub.subscription import Subscription

_ACKS = {102, 200, 201, 202, 204}  # https://cloud.google.com/pubsub/docs/push#receive_push
_MAX_OUTSTANDING = 100


class Pushing:
    """Delivers the messages of all subscriptions that have a push endpoint."""

    def __init__(self, broker: Broker, counters: Counters, faults: Faults) -> None:
        self._broker = broker
        self._counters = counters
        self._faults = faults
        self._pushers: dict[str, asyncio.Task[None]] = {}

    def update(self) -> None:
        """Start pushers for new push subscriptions, and remove those that have ended."""
        for name, task in list(self._pushers.items()):
            if task.done():
                task.result()  # a failure is a bug, and must not be hidden
                del self._pushers[name]
        for name, subscription in self._broker.subscriptions.items():
            if subscription.pushes and name not in self._pushers:
                pusher = Pusher(subscription, self._broker.clock, self._counters, self._faults)
                self._pushers[name] = asyncio.create_task(pusher.run())

    async def stop(self) -> None:
        """Stop all pushers."""
        for task in self._pushers.values():
            task.cancel()
        await asyncio.gather(*self._pushers.values(), return_exceptions=True)


class Pusher:
    """Delivers the messages of one subscription."""

    def __init__(
        self,
        subscription: Subscription,
        clock: Clock,
        counters: Counters,
        faults: Faults,
    ) -> None:
        self._subscription = subscription
        self._clock = clock
        self._counters = counters
        self._faults = faults
        self._project = project_of(subscription.name)
        self._deliveries: set[asyncio.Task[None]] = set()

    async def run(self) -> None:
        """Push until the subscription is deleted or detached, or no longer has an endpoint."""
        bell = Consumer()
        self._subscription.backlog.attach(bell)
        try:
            while self._subscription.pushes:
                bell.ready.clear()
                for lease in self._take():
                    task = asyncio.create_task(self._deliver(lease))
                    self._deliveries.add(task)
                    task.add_done_callback(self._deliveries.discard)
                    task.add_done_callback(lambda _: bell.ready.set())
                await bell.ready.wait()
        finally:
            self._subscription.backlog.detach(bell)
            for task in self._deliveries:
                task.cancel()

    def _take(self) -> list[Lease]:
        leases: list[Lease] = []
        while len(self._deliveries) + len(leases) < _MAX_OUTSTANDING:
            # Each request is a separate consumer, so only one message per ordering key is outstanding.
            taken = self._subscription.backlog.take(Consumer(), 1, self._clock())
            if not taken:
                break
            leases += taken
        return leases

    async def _deliver(self, lease: Lease) -> None:
        self._subscription.last_used = self._clock()
        self._counters.add(self._project, "delivered")
        self._counters.rpc(self._project, "Push")
        endpoint = self._subscription.config.push_config.push_endpoint
        fault = self._faults.take("Push", lambda: [self._subscription.name, endpoint])
        if await self._is_acked(lease, endpoint, fault):
            self._counters.add(self._project, "acked", self._subscription.backlog.acknowledge([lease.ack_id]))
        else:
            self._subscription.backlog.modify_deadline(lease.ack_id, 0, self._clock())

    async def _is_acked(self, lease: Lease, endpoint: str, fault: Fault | None) -> bool:
        if fault is None:
            return await self._post(lease, endpoint)
        fails = fault.code is not None or fault.disconnect
        if fault.when == "before":
            await fault.delay()
            if fails:
                return False
        acked = await self._post(lease, endpoint)
        if fault.duplicate:
            acked = await self._post(lease, endpoint) and acked
        if fault.when == "after":
            await fault.delay()
            return acked and not fails
        return acked

    async def _post(self, lease: Lease, endpoint: str) -> bool:
        body = envelope(lease, self._subscription)
        try:
            return await post(endpoint, body, self._subscription.config.ack_deadline_seconds) in _ACKS
        except PostError:
            return False


def envelope(lease: Lease, subscription: Subscription) -> bytes:
    """Return the body of a push request.

    Ids and times are included under both the JSON name and the proto name, as in production.
    """
    proto = lease.delivery.message.parse()
    published = proto.publish_time.ToJsonString()
    message: dict[str, object] = {
        "messageId": proto.message_id,
        "message_id": proto.message_id,
        "publishTime": published,
        "publish_time": published,
    }
    if proto.data:
        message["data"] = base64.b64encode(proto.data).decode()
    if proto.attributes:
        message["attributes"] = dict(proto.attributes)
    if proto.ordering_key:
        message["orderingKey"] = proto.ordering_key
    body: dict[str, object] = {"message": message, "subscription": subscription.name}
    if subscription.config.HasField("dead_letter_policy"):
        body["deliveryAttempt"] = lease.delivery.failures + 1
    return json.dumps(body).encode()
