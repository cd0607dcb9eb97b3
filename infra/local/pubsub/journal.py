"""What the emulator notes of every change, so that a restart finds it. In memory: nothing."""

import asyncio
from collections.abc import Iterable

from google_apis.pubsub import pubsub_pb2 as pb

Deliveries = list[tuple[str, bool, int]]
"""Who holds a message: subscription, whether it is acknowledged, failed deliveries."""


class Journal:
    """Takes every change of state, in order, and says when they are safe. This one keeps nothing of them."""

    def save(self, kind: str, name: str, body: bytes) -> None:
        """Note a topic, subscription or schema, new or changed."""

    def remove(self, kind: str, name: str) -> None:
        """Note that a topic, subscription or schema is gone."""

    def add_message(self, sequence: int, topic: str, published: float, proto: pb.PubsubMessage) -> None:
        """Note a published message, and which topic retains it; empty: none."""

    def end_retention(self, sequence: int) -> None:
        """Note that no topic retains the message any more; subscriptions may still hold it."""

    def remove_message(self, sequence: int) -> None:
        """Note that nobody keeps the message any more."""

    def save_delivery(self, subscription: str, sequence: int, *, acked: bool, failures: int) -> None:
        """Note that a subscription holds a message, and how far it is with it."""

    def remove_delivery(self, subscription: str, sequence: int) -> None:
        """Note that a subscription is done with a message."""

    async def committed(self) -> None:
        """Return once all that was noted so far survives the process."""

    async def broken(self) -> None:
        """Wait until nothing can be kept any more, and raise why."""
        await asyncio.Event().wait()

    async def close(self) -> None:
        """Write what is noted and let go of what is open."""

    # What a restart finds

    def resources(self, kind: str) -> Iterable[bytes]:  # noqa: ARG002 - it has none of any kind
        """List the topics, subscriptions or schemas."""
        return ()

    def messages(self) -> Iterable[tuple[int, str, float, pb.PubsubMessage, Deliveries]]:
        """List the messages in the order of publication, each with what retains it and who holds it."""
        return ()
