"""One change, one commit: documents, claims, events and the answer's record, all of them or none.

What a commit's failure means is decided here, for every write of the product:

- refused: the idempotency key came before (its answer is given again), another machine has claimed an
  identity (the error names it), or a document changed since it was read (the change is decided again);
- contended: nothing was applied, and the change is decided again after a pause;
- unclear: it may have been applied. Its event's outbox document has an id that this change alone has, so
  whether that exists tells, and its attempt is the one that was applied; and a commit that is still under way
  meets its own preconditions.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, TypeVar

from shared.domain.answer import Answer
from shared.domain.command import Command
from shared.domain.deadline import Deadline
from shared.domain.errors import IdempotencyKeyReused, InventoryError, Unavailable
from shared.domain.events import Event, outbox_entry
from shared.domain.identities import conflict
from shared.pb.inventory.v1.records_pb2 import IdempotencyRecord, IdentityClaim, OutboxEntry
from shared.store import paths, writes
from shared.store.attempts import Attempts
from shared.store.codec import decode
from shared.store.errors import FAILURES, Contended, StoreError
from shared.store.firestore import Firestore
from shared.store.outbox import Outbox
from shared.store.transaction import Transaction
from shared.store.wire_format import Write

if TYPE_CHECKING:
    from google_apis.firestore.document_pb2 import Document

REPLAY_TIME = timedelta(hours=24)
# What a commit leaves of the deadline, to look whether it went through if it does not answer.
SETTLE_SECONDS = 1.0
# How long the fault of a request waits for what its idempotency key tells.
FAULT_SECONDS = 1.0

Wanted = TypeVar("Wanted")

Publish = Callable[[Sequence[OutboxEntry], datetime], Awaitable[list[str]]]
"""Publishes events with the time of their commit; returns the ids of those that went out."""


@dataclass(frozen=True, kw_only=True)
class Decision:
    """What a command comes to.

    Attributes:
        answer: what the caller is told once it is committed.
        writes: the documents, each with its precondition.
        claims: the identities that a machine takes.
        freed: the identities that it gives up.
        events: what subscribers are told.
    """

    answer: Answer
    writes: Sequence[Write] = ()
    claims: Sequence[IdentityClaim] = ()
    freed: Sequence[IdentityClaim] = ()
    events: Sequence[Event] = ()


Decide = Callable[[Transaction], Awaitable[Decision]]
"""Reads what the decision needs, in the transaction or with preconditions, and decides."""

Complete = Callable[[Answer, datetime | None], Awaitable[Answer]]
"""Adds to an answer what is no part of a commit, as of the time of that, and makes no failure of it.

Where no time is given, with what holds now: the time of a recorded answer is past.
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

        Where the request is at fault and its idempotency key came before, that is told instead; but no store
        that does not answer makes a fault anything else.

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
        except InventoryError as error:
            fault = error
        else:
            return await self.apply(
                command, lambda transaction: decide(transaction, wanted), complete=complete
            )
        change = self._change(command)
        if (earlier := await change.earlier(Deadline(FAULT_SECONDS))) is None:
            raise fault
        return earlier if complete is None else await complete(earlier, None)

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
            if isinstance(outcome, _Committed):
                return await self._told(outcome, complete)
            return outcome.answer if complete is None else await complete(outcome.answer, outcome.time)
        raise Unavailable from failure

    def _change(self, command: Command) -> "_Change":
        return _Change(command, self._new_id(), self._firestore, self._clock)

    async def _told(self, committed: "_Committed", complete: Complete | None) -> Answer:
        """Publish the events and complete the answer, side by side; both have ended in the end."""
        if complete is None:
            self._outbox.drop(await self._publish(committed.entries, committed.time))
            return committed.answer
        publishing = asyncio.ensure_future(self._publish(committed.entries, committed.time))
        try:
            return await complete(committed.answer, committed.time)
        finally:
            self._outbox.drop(await publishing)


@dataclass(frozen=True)
class _Committed:
    """A change that is in the store, with the events that are in the outbox."""

    answer: Answer
    entries: Sequence[OutboxEntry]
    time: datetime


@dataclass(frozen=True)
class _Answered:
    """An answer that takes no commit, and as of when, where its transaction has read something."""

    answer: Answer
    time: datetime | None = None


class _Change:
    """One command on its way into the store."""

    def __init__(
        self, command: Command, change_id: str, firestore: Firestore, clock: Callable[[], datetime]
    ) -> None:
        self._command = command
        self._id = change_id
        self._firestore = firestore
        self._clock = clock
        self._transaction = Transaction(firestore, command.deadline)
        key = command.idempotency_key
        self._record_path = paths.idempotency(command.organization_id, key) if key else ""
        # Of each attempt that came to a commit, of which one is applied at most: they have the change's id in
        # common. Decisions differ where what they were decided from has changed.
        self._sent: list[Decision] = []
        self._expired_record: Document | None = None

    async def attempt(self, decide: Decide) -> _Committed | _Answered:
        """Decide and commit once.

        Returns:
            The commit, or an answer that needs none.

        Raises:
            StoreError: it is to be tried again.
            InventoryError: what the caller is to be told.
        """
        self._transaction = self._transaction.successor()
        try:
            async with self._transaction as transaction:
                decision = await decide(transaction)
                if not self._record_path and not decision.writes:
                    return _Answered(decision.answer, transaction.read_time)
                attempt = len(self._sent)
                self._sent.append(decision)
                entries = self._entries(attempt)
                response = await transaction.commit(
                    self._writes(attempt, entries), self._command.deadline.earlier(SETTLE_SECONDS)
                )
        except Contended:
            raise
        except (StoreError, InventoryError):
            # A repetition may meet what the first request left: a deleted machine, a newer version.
            if outcome := await self._settled():
                return outcome
            raise
        return _Committed(decision.answer, entries, response.commit_time.ToDatetime(UTC))

    async def earlier(self, deadline: Deadline) -> Answer | None:
        """Look what an earlier request with the key was answered; a store that does not answer knows none.

        Raises:
            IdempotencyKeyReused: it was another request.
        """
        try:
            record, _ = await self._look(deadline)
        except FAILURES:
            return None
        return None if record is None else self._replay(record)

    async def _settled(self) -> _Committed | _Answered | None:
        """Look what stands in the way of the change, or whether it is in the store already.

        Returns:
            An earlier request's answer, this change's own commit, or nothing: a new attempt may succeed.

        Raises:
            IdempotencyKeyReused: an earlier request had the key and was another one.
            InventoryError: another machine has an identity that this one claims.
        """
        marker = paths.outbox(self._id)
        claimed = {paths.identity(claim.identity): claim for sent in self._sent[-1:] for claim in sent.claims}
        # Most often an earlier request is in the way, which its record tells alone.
        record, found = await self._look(self._command.deadline)
        if record is None and self._sent:
            # The rest in one read, the record once more: of an earlier request that is committed between two
            # reads, the second would show the claims without the record.
            record, found = await self._look(self._command.deadline, marker, *claimed)
        if record is not None:
            if record.change_id != self._id:
                return _Answered(self._replay(record))
            return self._committed(record.attempt, found[self._record_path])
        if marker in found:
            event = decode(found[marker].fields, OutboxEntry)
            return self._committed(event.attempt, found[marker])
        for path, claim in claimed.items():
            holder = decode(found[path].fields, IdentityClaim) if path in found else claim
            if holder.machine_id != claim.machine_id:
                raise conflict(claim, holder)
        return None

    async def _look(
        self, deadline: Deadline, *beside: str
    ) -> tuple[IdempotencyRecord | None, dict[str, "Document"]]:
        """Look the idempotency key up, and other documents as of the same moment.

        Returns:
            What counts of the key's record, and all of the documents that exist, by their paths.
        """
        self._expired_record = None
        wanted = [path for path in (self._record_path, *beside) if path]
        found = await self._firestore.get(wanted, deadline) if wanted else {}
        document = found.get(self._record_path)
        if document is None:
            return None, found
        record = decode(document.fields, IdempotencyRecord)
        if record.expires_at.ToDatetime(UTC) <= self._clock():
            self._expired_record = document  # Firestore deletes it some day; until then it is written over
            return None, found
        return record, found

    def _replay(self, record: IdempotencyRecord) -> Answer:
        if record.request_digest != self._command.digest:
            raise IdempotencyKeyReused
        headers = {**record.headers, "Idempotent-Replayed": "true"}
        return Answer(status=record.status, headers=headers, body=record.body)

    def _committed(self, attempt: int, written: "Document") -> _Committed:
        time = written.update_time.ToDatetime(UTC)
        return _Committed(self._sent[attempt].answer, self._entries(attempt), time)

    def _writes(self, attempt: int, entries: Sequence[OutboxEntry]) -> list[Write]:
        decision = self._sent[attempt]
        name = self._firestore.name
        taken = [writes.create(name(paths.identity(claim.identity)), claim) for claim in decision.claims]
        freed = [writes.delete(name(paths.identity(claim.identity))) for claim in decision.freed]
        outbox = [writes.create(name(paths.outbox(entry.event_id)), entry) for entry in entries]
        return [*decision.writes, *taken, *freed, *self._record(attempt), *outbox]

    def _record(self, attempt: int) -> list[Write]:
        if not self._record_path:
            return []
        answer = self._sent[attempt].answer
        record = IdempotencyRecord(
            request_digest=self._command.digest,
            status=answer.status,
            headers=answer.headers,
            body=answer.body,
            change_id=self._id,
            attempt=attempt,
        )
        record.expires_at.FromDatetime(self._clock() + REPLAY_TIME)
        name = self._firestore.name(self._record_path)
        if self._expired_record is not None:
            return [writes.replace(name, record, self._expired_record)]
        return [writes.create(name, record)]

    def _entries(self, attempt: int) -> list[OutboxEntry]:
        """Address the events; the first one's id is the change's, and marks its commit."""
        return [
            outbox_entry(event, f"{self._id}-{index}" if index else self._id, attempt=attempt)
            for index, event in enumerate(self._sent[attempt].events)
        ]
