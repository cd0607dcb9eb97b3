"""What the emulator notes of every change, so that a restart finds it. In memory: nothing."""

import asyncio
from typing import Protocol

from google_apis.pubsub import pubsub_pb2 as pb


class Journal(Protocol):
    """Takes every change of state, in order, and says when they are safe."""

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

    async def close(self) -> None:
        """Write what is noted and let go of what is open."""


class NoJournal:
    """The journal of an emulator that keeps its state in memory."""

    def save(self, kind: str, name: str, body: bytes) -> None:
        """Note nothing."""

    def remove(self, kind: str, name: str) -> None:
        """Note nothing."""

    def add_message(self, sequence: int, topic: str, published: float, proto: pb.PubsubMessage) -> None:
        """Note nothing."""

    def end_retention(self, sequence: int) -> None:
        """Note nothing."""

    def remove_message(self, sequence: int) -> None:
        """Note nothing."""

    def save_delivery(self, subscription: str, sequence: int, *, acked: bool, failures: int) -> None:
        """Note nothing."""

    def remove_delivery(self, subscription: str, sequence: int) -> None:
        """Note nothing."""

    async def committed(self) -> None:
        """Return at once."""

    async def broken(self) -> None:
        """Wait for ever."""
        await asyncio.Event().wait()

    async def close(self) -> None:
        """Close nothing."""
