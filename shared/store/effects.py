"""Effects of events, applied once: each is committed with a record that the event is processed.

Events are published and delivered at least once. For a repeat, the record already exists, so its commit fails
and nothing changes.
"""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from shared.domain.attempts import Attempts
from shared.domain.deadline import Deadline
from shared.domain.errors import Unavailable
from shared.pb.inventory.v1.records_pb2 import ProcessedEvent
from shared.store import paths, writes
from shared.store.errors import Rejected, StoreError
from shared.store.firestore import Firestore
from shared.store.transaction import Transaction
from shared.store.wire_format import Write

# Twice as long as a topic or a subscription can keep a message:
# https://cloud.google.com/pubsub/docs/subscription-properties#message_retention_duration
RECORD_TIME = timedelta(days=62)
# An effect is decided again if a precondition fails. After so many failures in a row, it will always fail.
MAX_REJECTIONS = 5


@dataclass(frozen=True, kw_only=True)
class Effect:
    """The effect of an event, or a step of it.

    Attributes:
        writes: the writes of documents, each with its precondition.
        complete: False if the effect is too large for one commit. The next step is then decided after this
            one's commit, from what is left. So if a delivery is killed, the next one continues where it
            stopped.
    """

    writes: Sequence[Write] = ()
    complete: bool = True


Decide = Callable[[Transaction], Awaitable[Effect]]
"""Reads what the effect depends on, in the transaction or with preconditions, and decides a step."""


class Effects:
    """Applies the effects of events.

    Args:
        firestore: the database.
        clock: returns the current time, for records.
    """

    def __init__(self, firestore: Firestore, clock: Callable[[], datetime]) -> None:
        self._firestore = firestore
        self._clock = clock

    async def apply(self, subscription: str, event_id: str, decide: Decide, deadline: Deadline) -> None:
        """Commit an event's effect and its record, unless an earlier delivery has done it.

        Args:
            subscription: the subscription; each one processes the event separately.
            event_id: the event's `ce-id`.
            decide: called again if what it read has changed.
            deadline: when to stop.

        Raises:
            Unavailable: the effect is not committed completely before the deadline; a redelivery continues.
            Rejected: the preconditions of the effect failed `MAX_REJECTIONS` times in a row.
        """
        path = paths.processed(subscription, event_id)
        record = writes.create(self._firestore.name(path), self._record(subscription, event_id))
        transaction = Transaction(self._firestore, deadline)
        failure: StoreError | None = None
        rejections = 0
        try:
            async for _ in Attempts(deadline):
                try:
                    while True:
                        transaction = transaction.successor()
                        if await self._step(transaction, decide, record, deadline):
                            return
                        rejections = 0
                except Rejected as error:
                    if await self._firestore.get(path, deadline) is not None:
                        return
                    rejections += 1
                    if rejections == MAX_REJECTIONS:
                        raise
                    failure = error
                except StoreError as error:
                    failure = error
                except Unavailable as error:  # no time is left for another attempt
                    raise error from error.__cause__ or failure
            raise Unavailable from failure
        finally:
            del failure  # breaks the reference cycle with its traceback, which includes this frame

    async def _step(
        self, transaction: Transaction, decide: Decide, record: Write, deadline: Deadline
    ) -> bool:
        """Decide and commit the next step; return whether the effect is complete."""
        async with transaction:
            effect = await decide(transaction)
            batch = [*effect.writes, record] if effect.complete else effect.writes
            await transaction.commit(batch, deadline)
        return effect.complete

    def _record(self, subscription: str, event_id: str) -> ProcessedEvent:
        record = ProcessedEvent(event_id=event_id, subscription=subscription)
        record.expires_at.FromDatetime(self._clock() + RECORD_TIME)
        return record
