"""The journal records every change of state for a restart. The one in memory keeps nothing."""

import asyncio
from collections.abc import Iterable

from google_apis.pubsub import pubsub_pb2 as pb

Deliveries = list[tuple[str, bool, int]]
"""The deliveries of a message: subscription, whether it is acknowledged, number of failures."""


class Journal:
    """Accepts every change of state, in order, and reports when it is durable. This class keeps nothing."""

    def save(self, kind: str, name: str, body: bytes) -> None:
        """Record a new or changed topic, subscription or schema."""

    def remove(self, kind: str, name: str) -> None:
        """Record that a topic, subscription or schema is deleted."""

    def add_message(self, sequence: int, topic: str, published: float, proto: pb.PubsubMessage) -> None:
        """Record a published message, and the topic that retains it; empty if none does."""

    def end_retention(self, sequence: int) -> None:
        """Record that no topic retains a message any more; subscriptions can still hold it."""

    def remove_message(self, sequence: int) -> None:
        """Record that a message has no holders any more."""

    def save_delivery(self, subscription: str, sequence: int, *, acked: bool, failures: int) -> None:
        """Record that a subscription holds a message, and the state of its delivery."""

    def remove_delivery(self, subscription: str, sequence: int) -> None:
        """Record that a subscription no longer holds a message."""

    async def committed(self) -> None:
        """Return once everything recorded so far survives the process."""

    async def broken(self) -> None:
        """Wait until the journal can no longer be written, and raise the reason."""
        await asyncio.Event().wait()

    async def close(self) -> None:
        """Write everything recorded and close the journal."""

    # State after a restart

    def resources(self, kind: str) -> Iterable[bytes]:  # noqa: ARG002 - it has none of any kind
        """Return the topics, subscriptions or schemas."""
        return ()

    def messages(self) -> Iterable[tuple[int, str, float, pb.PubsubMessage, Deliveries]]:
        """Return the messages in order of publication, each with its retaining topic and its deliveries."""
        return ()
