"""Changes of the inventory: each is decided and committed, with retries; then its events are published."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime
from typing import TypeVar

import grpc.aio

from shared.domain.attempts import Attempts
from shared.domain.command import Command
from shared.domain.deadline import Deadline
from shared.domain.errors import InventoryError, Unavailable
from shared.domain.http_response import HttpResponse
from shared.pb.inventory.v1.records_pb2 import OutboxEntry
from shared.store.change import Change, Committed, Decide, Decision, Uncommitted
from shared.store.errors import StoreError
from shared.store.firestore import Firestore
from shared.store.outbox import Outbox
from shared.store.transaction import Transaction

# How long the response to a faulty request is delayed to look up its idempotency key.
EARLIER_RESPONSE_SECONDS = 1.0

Body = TypeVar("Body")

Publish = Callable[[Sequence[OutboxEntry], datetime], Awaitable[list[str]]]
"""Publishes events with the time of their commit; returns the ids of the published events."""

Complete = Callable[[Decision, datetime | None], Awaitable[HttpResponse]]
"""Adds data that is not part of a commit to a decision's response, and never fails.

The data is as of the time of the commit. Without a time, it is as of now, as for a recorded response.
"""


class Changes:
    """Applies changes to the inventory.

    Args:
        firestore: the database.
        publish: publishes events.
        outbox: deletes published events.
        clock: returns the current time, for records.
        new_id: makes the ids of changes, from which their events have their ids.
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

    async def respond(
        self,
        command: Command,
        read: Callable[[], Body],
        decide: Callable[[Transaction, Body], Awaitable[Decision]],
        *,
        complete: Complete | None = None,
    ) -> HttpResponse:
        """Respond to a request: read its body, then `apply` the change.

        If the body has faults but the idempotency key was used before, the result is the earlier response, or
        the error that the key was reused. If the store does not answer then, the result is the faults.

        Args:
            command: the request's command.
            read: reads the request's body.
            decide: decides from what was read.
            complete: as in `apply`.

        Raises:
            InventoryError: what `read` raises, `IdempotencyKeyReused`, or what `apply` raises.
        """
        try:
            body = read()
        except InventoryError:
            earlier = await self._change(command).earlier_decision(Deadline(EARLIER_RESPONSE_SECONDS))
            if earlier is None:
                raise
            return earlier.response if complete is None else await complete(earlier, None)
        return await self.apply(command, lambda transaction: decide(transaction, body), complete=complete)

    async def apply(
        self, command: Command, decide: Decide, *, complete: Complete | None = None
    ) -> HttpResponse:
        """Decide and commit, with retries until the command's deadline, then publish.

        Args:
            command: the request's command.
            decide: called again if what it read has changed.
            complete: called with the decision while the events are published; without it, the decision's
                response is complete.

        Returns:
            The decision's response, or the recorded one of an earlier request with the same key, completed.

        Raises:
            InventoryError: what `decide` raises, a conflict, or `Unavailable` after the deadline.
        """
        outcome = await self._outcome(command, decide)
        if isinstance(outcome, Committed):
            return await self._publish_and_complete(outcome, complete)
        decision = outcome.decision
        return decision.response if complete is None else await complete(decision, outcome.time)

    async def _outcome(self, command: Command, decide: Decide) -> Committed | Uncommitted:
        change = self._change(command)
        failure: StoreError | None = None
        try:
            async for _ in Attempts(command.deadline):
                try:
                    return await change.attempt(decide)
                except StoreError as error:
                    failure = error
                except Unavailable as error:  # no time is left for another attempt
                    raise error from error.__cause__ or failure
                except grpc.aio.AioRpcError as error:
                    if not change.is_ambiguous:
                        raise
                    raise Unavailable from error  # a 500 would mean that nothing has changed
            raise Unavailable from failure
        finally:
            del failure  # breaks the reference cycle with its traceback, which includes this frame

    def _change(self, command: Command) -> Change:
        return Change(command, self._new_id(), self._firestore, self._clock)

    async def _publish_and_complete(self, committed: Committed, complete: Complete | None) -> HttpResponse:
        """Publish the events and complete the response concurrently; wait for both, even if one fails."""
        if complete is None:
            self._drop(committed, await self._publish(committed.entries, committed.time))
            return committed.decision.response
        publishing = asyncio.ensure_future(self._publish(committed.entries, committed.time))
        try:
            return await complete(committed.decision, committed.time)
        finally:
            self._drop(committed, await publishing)

    def _drop(self, committed: Committed, published: Sequence[str]) -> None:
        """Delete published events from the outbox, or leave that to the relay, which waits ten seconds."""
        if not committed.excludes_others:
            self._outbox.drop(published)
