"""One change, one commit: documents, claims, events and the answer's record, all of them or none.

What a commit's failure means is decided here, for every write of the product:

- refused: the idempotency key came before (its answer is given again), another machine has claimed an
  identity (the error names it), or a document changed since it was read (the change is decided again);
- contended: nothing was applied, and the change is decided again after a pause;
- unclear: it may have been applied. Its event's outbox document has an id that this change alone has, so
  whether that exists tells, and its attempt is the one that was applied; and a commit that is still under way
  meets its own preconditions.
"""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import grpc.aio

from google_apis.firestore.document_pb2 import Document
from shared.domain.answer import Answer
from shared.domain.command import Command
from shared.domain.deadline import Deadline
from shared.domain.errors import IdempotencyKeyReused, InventoryError
from shared.domain.events import Event, outbox_entry
from shared.domain.identities import conflict
from shared.domain.plain import Plain
from shared.pb.inventory.v1.records_pb2 import IdempotencyRecord, IdentityClaim, OutboxEntry
from shared.store import paths, writes
from shared.store.codec import decode
from shared.store.errors import FAILURES, Contended, Unclear
from shared.store.firestore import Firestore
from shared.store.transaction import Transaction
from shared.store.wire_format import Write

REPLAY_TIME = timedelta(hours=24)
# What a commit leaves of the deadline, to look whether it went through if it does not answer.
SETTLE_SECONDS = 1.0


@dataclass(frozen=True, kw_only=True)
class Decision:
    """What a command comes to.

    Attributes:
        answer: what the caller is told once it is committed.
        shown: the machines that the answer is completed with.
        writes: the documents, each with its precondition.
        claims: the identities that a machine takes.
        freed: the identities that it gives up.
        events: what subscribers are told.
    """

    answer: Answer
    shown: Sequence[Plain] = ()
    writes: Sequence[Write] = ()
    claims: Sequence[IdentityClaim] = ()
    freed: Sequence[IdentityClaim] = ()
    events: Sequence[Event] = ()


Decide = Callable[[Transaction], Awaitable[Decision]]
"""Reads what the decision needs, in the transaction or with preconditions, and decides."""


@dataclass(frozen=True)
class Committed:
    """A change that is in the store, with the events that are in the outbox."""

    decision: Decision
    entries: Sequence[OutboxEntry]
    time: datetime


@dataclass(frozen=True)
class Answered:
    """A decision that takes no commit, and as of when, where its transaction has read something."""

    decision: Decision
    time: datetime | None = None


@dataclass(frozen=True)
class _Sent:
    """A decision that came to a commit, which may have been applied."""

    attempt: int
    decision: Decision
    entries: Sequence[OutboxEntry]


class Change:
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
        self._sent: list[_Sent] = []
        self._expired_record: Document | None = None
        self._is_unclear = False  # whether one of them may have been applied

    async def attempt(self, decide: Decide) -> Committed | Answered:
        """Decide and commit once.

        Returns:
            The commit, or a decision that needs none.

        Raises:
            StoreError: it is to be tried again.
            InventoryError: what the caller is to be told.
        """
        self._transaction = self._transaction.successor()
        try:
            async with self._transaction as transaction:
                decision = await decide(transaction)
                if self._record_path or decision.writes:
                    return await self._commit(transaction, decision)
        except (*FAILURES, InventoryError) as error:
            # These have applied nothing; but an attempt before may have been applied.
            if isinstance(error, Contended | grpc.aio.AioRpcError) and not self._is_unclear:
                raise
            # A repetition may meet what the first request left: a deleted machine, a newer version.
            if outcome := await self._settled():
                return outcome
            raise
        # There is nothing left to change, perhaps because an attempt before has been applied.
        settled = await self._settled() if self._is_unclear else None
        return settled or Answered(decision, transaction.read_time)

    async def _commit(self, transaction: Transaction, decision: Decision) -> Committed:
        sent = self._send(decision)
        try:
            response = await transaction.commit(
                self._writes(sent), self._command.deadline.earlier(SETTLE_SECONDS)
            )
        except Unclear:
            self._is_unclear = True
            raise
        return Committed(decision, sent.entries, response.commit_time.ToDatetime(UTC))

    async def earlier_decision(self, deadline: Deadline) -> Decision | None:
        """Look up what an earlier request with the key came to; a store that does not answer knows none.

        Raises:
            IdempotencyKeyReused: it was another request.
        """
        try:
            record, _ = await self._look_up(deadline)
        except FAILURES:
            return None
        return None if record is None else self._replay(record)

    async def _settled(self) -> Committed | Answered | None:
        """Find out what stands in the way of the change, or whether it is in the store already.

        Returns:
            An earlier request's answer, this change's own commit, or nothing: a new attempt may succeed.

        Raises:
            IdempotencyKeyReused: an earlier request had the key and was another one.
            InventoryError: another machine has an identity that this one claims.
        """
        marker = paths.outbox(self._id)
        claimed: dict[str, IdentityClaim] = {}
        # Most often an earlier request is in the way, which its record tells alone.
        record, found = await self._look_up(self._command.deadline)
        if record is None and self._sent:
            claimed = {paths.identity(claim.identity): claim for claim in self._sent[-1].decision.claims}
            # The rest in one read, the record once more: of an earlier request that is committed between two
            # reads, the second would show the claims without the record.
            record, found = await self._look_up(self._command.deadline, marker, *claimed)
        if record is not None:
            if record.change_id != self._id:
                return Answered(self._replay(record))
            return self._committed(record.attempt, found[self._record_path])
        if marker in found:
            event = decode(found[marker].fields, OutboxEntry)
            return self._committed(event.attempt, found[marker])
        for path, claim in claimed.items():
            holder = decode(found[path].fields, IdentityClaim) if path in found else claim
            if holder.machine_id != claim.machine_id:
                raise conflict(claim, holder)
        return None

    async def _look_up(
        self, deadline: Deadline, *beside: str
    ) -> tuple[IdempotencyRecord | None, dict[str, Document]]:
        """Look up the idempotency key, and other documents as of the same moment.

        Returns:
            What counts of the key's record, and all of the documents that exist, by their paths.
        """
        self._expired_record = None
        wanted = [path for path in (self._record_path, *beside) if path]
        found = await self._firestore.get_all(wanted, deadline) if wanted else {}
        document = found.get(self._record_path)
        if document is None:
            return None, found
        record = decode(document.fields, IdempotencyRecord)
        if record.expires_at.ToDatetime(UTC) <= self._clock():
            self._expired_record = document  # Firestore deletes it some day; until then it is written over
            return None, found
        return record, found

    def _replay(self, record: IdempotencyRecord) -> Decision:
        if record.request_digest != self._command.request_digest:
            raise IdempotencyKeyReused
        headers = {**record.headers, "Idempotent-Replayed": "true"}
        return Decision(answer=Answer(status=record.status, headers=headers, body=record.body))

    def _send(self, decision: Decision) -> _Sent:
        """Address the events; the first one's id is the change's, and marks its commit."""
        attempt = len(self._sent)
        entries = [
            outbox_entry(event, f"{self._id}-{index}" if index else self._id, attempt=attempt)
            for index, event in enumerate(decision.events)
        ]
        sent = _Sent(attempt, decision, entries)
        self._sent.append(sent)
        return sent

    def _committed(self, attempt: int, written: Document) -> Committed:
        sent = self._sent[attempt]
        return Committed(sent.decision, sent.entries, written.update_time.ToDatetime(UTC))

    def _writes(self, sent: _Sent) -> list[Write]:
        decision, name = sent.decision, self._firestore.name
        taken = [writes.create(name(paths.identity(claim.identity)), claim) for claim in decision.claims]
        freed = [writes.delete(name(paths.identity(claim.identity))) for claim in decision.freed]
        outbox = [writes.create(name(paths.outbox(entry.event_id)), entry) for entry in sent.entries]
        return [*decision.writes, *taken, *freed, *self._record(sent), *outbox]

    def _record(self, sent: _Sent) -> list[Write]:
        if not self._record_path:
            return []
        answer = sent.decision.answer
        record = IdempotencyRecord(
            request_digest=self._command.request_digest,
            status=answer.status,
            headers=answer.headers,
            body=answer.body,
            change_id=self._id,
            attempt=sent.attempt,
        )
        record.expires_at.FromDatetime(self._clock() + REPLAY_TIME)
        name = self._firestore.name(self._record_path)
        if self._expired_record is not None:
            return [writes.replace(name, record, self._expired_record)]
        return [writes.create(name, record)]
