"""The publisher: one RPC for all events of a change with the same topic and ordering key."""

import asyncio
import logging
from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime
from functools import cached_property
from urllib.parse import quote

import grpc

from google_apis.pubsub.pubsub_pb2 import PublishRequest, PublishResponse, PubsubMessage
from shared import logs
from shared.channels import connect, routing
from shared.pb.inventory.v1.records_pb2 import OutboxEntry

# The service's google.api.default_host and google.api.oauth_scopes in google/pubsub/v1/pubsub.proto.
HOST = "pubsub.googleapis.com"
SCOPES = ("https://www.googleapis.com/auth/cloud-platform", "https://www.googleapis.com/auth/pubsub")

# After this time, the response does not wait any longer: the relay publishes the event from the outbox.
PUBLISH_SECONDS = 2.0


class Publisher:
    """Publishes outbox entries to the topics of one project."""

    def __init__(self, project: str) -> None:
        self._topics = f"projects/{project}/topics"

    @cached_property
    def _rpc(self) -> grpc.aio.UnaryUnaryMultiCallable[PublishRequest, PublishResponse]:
        """The RPC, made at the first call, because its channel belongs to the event loop that it is made in.

        It uses plain messages, for the reasons in shared/store/rpcs.py.
        """
        channel = connect("PUBSUB_EMULATOR_HOST", HOST, SCOPES)
        return channel.unary_unary(
            "/google.pubsub.v1.Publisher/Publish",
            request_serializer=PublishRequest.SerializeToString,
            response_deserializer=PublishResponse.FromString,
        )

    async def publish(self, entries: Sequence[OutboxEntry], committed_at: datetime) -> list[str]:
        """Publish events; those that cannot be published now are left to the relay.

        Args:
            entries: the events of one commit.
            committed_at: the commit time.

        Returns:
            The ids of the published events.
        """
        requests = defaultdict(list)
        for entry in entries:
            requests[entry.topic, entry.ordering_key].append(entry)
        calls = [self._publish(topic, batch, committed_at) for (topic, _), batch in requests.items()]
        match calls:
            case []:
                return []  # a heartbeat
            case [call]:
                return await call  # most changes have one event, which needs no task
            case _:
                return [event_id for ids in await asyncio.gather(*calls) for event_id in ids]

    async def _publish(self, topic: str, entries: Sequence[OutboxEntry], committed_at: datetime) -> list[str]:
        ids = [entry.event_id for entry in entries]
        try:
            messages = [pubsub_message(entry, committed_at) for entry in entries]
            await self.send(topic, messages, timeout=PUBLISH_SECONDS)
        except Exception as error:  # noqa: BLE001 - the change is committed, so the response must be a success
            fields = {"topic": topic, "events": ids, "reason": str(error)}
            is_expected = isinstance(error, grpc.aio.AioRpcError)
            logs.log(
                logging.WARNING if is_expected else logging.ERROR,
                "events not published, left to the relay",
                fields,
                error=None if is_expected else error,
            )
            return []
        return ids

    async def send(self, topic: str, messages: Sequence[PubsubMessage], *, timeout: float) -> None:  # noqa: ASYNC109 - the RPC's own
        """Publish messages with the same ordering key in one RPC, all of them or none.

        Raises:
            grpc.aio.AioRpcError: they are not published, or this is unknown.
        """
        request = PublishRequest(topic=f"{self._topics}/{topic}", messages=messages)
        await self._rpc(request, timeout=timeout, metadata=routing("topic", quote(request.topic)))


def pubsub_message(entry: OutboxEntry, committed_at: datetime) -> PubsubMessage:
    """Return the Pub/Sub message of an event, with its commit time as `ce-time`."""
    time = committed_at.isoformat(timespec="microseconds").replace("+00:00", "Z")
    return PubsubMessage(
        data=entry.data, attributes={**entry.attributes, "ce-time": time}, ordering_key=entry.ordering_key
    )
