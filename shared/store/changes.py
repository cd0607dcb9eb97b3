"""Changes of the inventory: each is decided and committed until it is in the store, and then published."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime
from typing import TypeVar

from shared.domain.answer import Answer
from shared.domain.command import Command
from shared.domain.deadline import Deadline
from shared.domain.errors import InventoryError, Unavailable
from shared.pb.inventory.v1.records_pb2 import OutboxEntry
from shared.store.attempts import Attempts
from shared.store.change import Change, Committed, Decide, Decision
from shared.store.errors import StoreError
from shared.store.firestore import Firestore
from shared.store.outbox import Outbox
from shared.store.transaction import Transaction

# How long the fault of a request waits for what its idempotency key tells.
EARLIER_ANSWER_SECONDS = 1.0

Wanted = TypeVar("Wanted")

Publish = Callable[[Sequence[OutboxEntry], datetime], Awaitable[list[str]]]
"""Publishes events with the time of their commit; returns the ids of those that went out."""

Complete = Callable[[Decision, datetime | None], Awaitable[Answer]]
"""Adds to a decision's answer what is no part of a commit, and makes no failure of it.

That is as of the time of the commit; or as of now, where no time is given: that of a recorded answer is past.
"""


class Changes:
    """Applies changes to the inventory.

    Args:
        firestore: where they are committed.
        publish: tells subscribers.
        outbox: drops the events that went out.
        clock: tells the time of records.
        new_id: makes the ids of changes, which are those of their events.
    """

    def __init__(
        self,
        firestore: Firestore,
        *,
        publish: Publish,
        outbox: Outbox,
        clock: Callable[[], datetime],
        new_id: Callable[[], str],
    ) -> None:
        self._firestore = firestore
        self._publish = publish
        self._outbox = outbox
        self._clock = clock
        self._new_id = new_id

    async def answer(
        self,
        command: Command,
        read: Callable[[], Wanted],
        decide: Callable[[Transaction, Wanted], Awaitable[Decision]],
        *,
        complete: Complete | None = None,
    ) -> Answer:
        """Answer a request: read what it wants, then `apply` that.

        Where the request is at fault and its idempotency key came before, it gets the earlier answer, or is
        told that the key was reused. Where the store does not answer, it is told its fault.

        Args:
            command: whose request it is.
            read: reads the request's body.
            decide: is given what was read.
            complete: as `apply` has it.

        Raises:
            InventoryError: what `read` raises, `IdempotencyKeyReused`, or what `apply` raises.
        """
        try:
            wanted = read()
        except InventoryError:
            earlier = await self._change(command).earlier_decision(Deadline(EARLIER_ANSWER_SECONDS))
            if earlier is None:
                raise
            return earlier.answer if complete is None else await complete(earlier, None)
        return await self.apply(command, lambda transaction: decide(transaction, wanted), complete=complete)

    async def apply(self, command: Command, decide: Decide, *, complete: Complete | None = None) -> Answer:
        """Decide and commit, as often as it takes until the command's deadline, then publish.

        Args:
            command: whose change it is.
            decide: is asked again when what it read has changed.
            complete: is asked once there is an answer, while the events are published; without it, the answer
                is complete.

        Returns:
            The decision's answer, or the recorded one of an earlier request with the same key, completed.

        Raises:
            InventoryError: what `decide` raises, a conflict, or `Unavailable` past the deadline.
        """
        change = self._change(command)
        failure: StoreError | None = None
        async for _ in Attempts(command.deadline):
            try:
                outcome = await change.attempt(decide)
            except StoreError as error:
                failure = error
                continue
            if isinstance(outcome, Committed):
                return await self._publish_and_complete(outcome, complete)
            decision = outcome.decision
            return decision.answer if complete is None else await complete(decision, outcome.time)
        raise Unavailable from failure

    def _change(self, command: Command) -> Change:
        return Change(command, self._new_id(), self._firestore, self._clock)

    async def _publish_and_complete(self, committed: Committed, complete: Complete | None) -> Answer:
        """Publish the events and complete the answer, side by side; both have ended in the end."""
        if complete is None:
            self._outbox.drop(await self._publish(committed.entries, committed.time))
            return committed.decision.answer
        publishing = asyncio.ensure_future(self._publish(committed.entries, committed.time))
        try:
            return await complete(committed.decision, committed.time)
        finally:
            self._outbox.drop(await publishing)
