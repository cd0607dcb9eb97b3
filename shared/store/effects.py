"""The effect of an event, once: committed together with a record that the event is processed.

Pub/Sub delivers at least once, and publishers publish at least once. A repeat meets the record of the first
delivery, and changes nothing.
"""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from shared.domain.deadline import Deadline
from shared.domain.errors import Unavailable
from shared.pb.inventory.v1.records_pb2 import ProcessedEvent
from shared.store import paths, writes
from shared.store.attempts import Attempts
from shared.store.errors import Refused, StoreError
from shared.store.firestore import Firestore
from shared.store.transaction import Transaction
from shared.store.wire_format import Write

# Twice as long as a topic or a subscription can keep a message:
# https://cloud.google.com/pubsub/docs/subscription-properties#message_retention_duration
RECORD_TIME = timedelta(days=62)
# What another change has made impossible is decided anew; what stays impossible will not come to pass.
MOST_REFUSALS = 5


@dataclass(frozen=True, kw_only=True)
class Effect:
    """What an event comes to.

    Attributes:
        writes: the documents, each with its precondition.
        complete: false where one commit cannot hold it all. The next step is decided after this one's
            commit, from what is left: so the effect goes on where a killed delivery ended.
    """

    writes: Sequence[Write] = ()
    complete: bool = True


Decide = Callable[[Transaction], Awaitable[Effect]]
"""Reads what the effect depends on, in the transaction or with preconditions, and decides a step."""


class Effects:
    """Applies the effects of events.

    Args:
        firestore: where they are committed, with their records.
        clock: tells the time of records.
    """

    def __init__(self, firestore: Firestore, clock: Callable[[], datetime]) -> None:
        self._firestore = firestore
        self._clock = clock

    async def apply(self, subscription: str, event_id: str, decide: Decide, deadline: Deadline) -> None:
        """Commit an event's effect and its record, or find that an earlier delivery did.

        Args:
            subscription: who processes the event: each subscription does so for itself.
            event_id: the event's `ce-id`.
            decide: is asked again when what it read has changed.
            deadline: how long it may take.

        Raises:
            Unavailable: not all of it is committed until the deadline; a redelivery goes on.
            Refused: the preconditions of what is decided do not hold, however often it is decided.
        """
        path = paths.processed(subscription, event_id)
        record = writes.create(self._firestore.name(path), self._record(subscription, event_id))
        transaction = Transaction(self._firestore, deadline)
        failure: StoreError | None = None
        refusals = 0
        async for _ in Attempts(deadline):
            try:
                while True:
                    transaction = transaction.successor()
                    if await self._step(transaction, decide, record, deadline):
                        return
                    refusals = 0
            except Refused as error:
                if await self._firestore.get(path, deadline) is not None:
                    return
                refusals += 1
                if refusals == MOST_REFUSALS:
                    raise
                failure = error
            except StoreError as error:
                failure = error
        raise Unavailable from failure

    async def _step(
        self, transaction: Transaction, decide: Decide, record: Write, deadline: Deadline
    ) -> bool:
        """Commit what is decided next, and tell whether it is all."""
        async with transaction:
            effect = await decide(transaction)
            batch = [*effect.writes, record] if effect.complete else effect.writes
            await transaction.commit(batch, deadline)
        return effect.complete

    def _record(self, subscription: str, event_id: str) -> ProcessedEvent:
        record = ProcessedEvent(event_id=event_id, subscription=subscription)
        record.expires_at.FromDatetime(self._clock() + RECORD_TIME)
        return record
