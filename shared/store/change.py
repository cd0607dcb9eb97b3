"""A change in one commit: documents, claims, events and the recorded response, all of them or none.

This module also handles failures of the commit:

- rejected: the idempotency key was used before (its response is replayed), another machine has claimed an
  identity (the error names it), or a document changed after it was read (the change is decided again).
- contended: nothing was applied, and the change is decided again after a delay.
- ambiguous: the commit may have been applied. If it was, its outbox document exists, with this change's id
  and the attempt that was applied. If it is only late, it and a new attempt exclude each other by their
  preconditions.
"""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import grpc.aio

from google_apis.firestore.document_pb2 import Document
from shared.domain.command import Command
from shared.domain.deadline import Deadline
from shared.domain.errors import IdempotencyKeyReused, InventoryError, Unavailable
from shared.domain.events import Event, outbox_entry
from shared.domain.http_response import HttpResponse
from shared.domain.identities import conflict
from shared.domain.plain import Plain
from shared.pb.inventory.v1.records_pb2 import IdempotencyRecord, IdentityClaim, OutboxEntry
from shared.store import paths, writes
from shared.store.codec import decode
from shared.store.errors import FAILURES, Ambiguous, Contended
from shared.store.firestore import Firestore
from shared.store.transaction import Transaction
from shared.store.wire_format import Write

REPLAY_TIME = timedelta(hours=24)
# How long before the deadline a commit times out, so that there is time to release its locks and to check
# whether it was applied.
SETTLE_SECONDS = 1.0


@dataclass(frozen=True, kw_only=True)
class Decision:
    """The effect of a command.

    Attributes:
        response: the response after the commit.
        shown: machines that `Complete` adds to the response.
        writes: the writes of documents, each with its precondition.
        claims: the claims to create.
        freed: the claims to delete.
        events: the events to publish.
    """

    response: HttpResponse
    shown: Sequence[Plain] = ()
    writes: Sequence[Write] = ()
    claims: Sequence[IdentityClaim] = ()
    freed: Sequence[IdentityClaim] = ()
    events: Sequence[Event] = ()


Decide = Callable[[Transaction], Awaitable[Decision]]
"""Reads what the decision depends on, in the transaction or with preconditions, and decides."""


@dataclass(frozen=True)
class Committed:
    """A committed change, with its events in the outbox.

    Attributes:
        decision: the decision that was committed.
        entries: its events.
        time: the time of the commit.
        excludes_others: whether another attempt's commit got no answer. It may still arrive, and then fails
            because of the outbox documents, even if what this one has created is deleted meanwhile.
    """

    decision: Decision
    entries: Sequence[OutboxEntry]
    time: datetime
    excludes_others: bool


@dataclass(frozen=True)
class Uncommitted:
    """A decision without a commit, and the read time of its transaction if that read something."""

    decision: Decision
    time: datetime | None = None


@dataclass(frozen=True)
class _Sent:
    """A decision whose commit was sent and may have been applied."""

    attempt: int
    decision: Decision
    entries: Sequence[OutboxEntry]


class Change:
    """The attempts to commit one command."""

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
        # One for each attempt that sent a commit. At most one of them is applied, because all create the same
        # document. Their decisions can differ if documents changed in between.
        self._sent: list[_Sent] = []
        self._unanswered: list[_Sent] = []
        self._expired_record: Document | None = None

    @property
    def is_ambiguous(self) -> bool:
        """Whether a commit got no answer, and may have been applied."""
        return bool(self._unanswered)

    @property
    def _is_untraceable(self) -> bool:
        """Whether such a commit wrote neither a record nor an event, as that of a heartbeat."""
        return not self._record_path and any(not sent.entries for sent in self._unanswered)

    async def attempt(self, decide: Decide) -> Committed | Uncommitted:
        """Decide and commit once.

        Returns:
            The committed change, or a decision without a commit.

        Raises:
            StoreError: the attempt failed and should be repeated.
            InventoryError: the error for the caller.
        """
        self._transaction = self._transaction.successor()
        try:
            async with self._transaction as transaction:
                decision = await decide(transaction)
                if self._record_path or decision.writes:
                    return await self._commit(transaction, decision)
        except (*FAILURES, InventoryError) as error:
            # This attempt has applied nothing, but an earlier one may have been applied.
            if isinstance(error, Contended | grpc.aio.AioRpcError) and not self.is_ambiguous:
                raise
            # A repeat can fail because of what the first request did: delete the machine, make a new version.
            if outcome := await self._settle():
                return outcome
            if self._is_untraceable and not isinstance(error, FAILURES):
                raise Unavailable from None  # any other error would mean that nothing has changed
            raise
        # There is nothing to change, perhaps because an earlier attempt has been applied.
        settled = await self._settle() if self.is_ambiguous else None
        return settled or Uncommitted(decision, transaction.read_time)

    async def _commit(self, transaction: Transaction, decision: Decision) -> Committed:
        sent = self._prepare(decision)
        try:
            time = await transaction.commit(
                self._writes(sent), self._command.deadline.earlier(SETTLE_SECONDS)
            )
        except Ambiguous:
            self._unanswered.append(sent)
            raise
        return self._committed(sent, time)

    async def earlier_decision(self, deadline: Deadline) -> Decision | None:
        """Return the recorded response for the key; None if there is none, or if the store fails.

        Raises:
            IdempotencyKeyReused: the earlier request was a different one.
        """
        try:
            record, _ = await self._look_up(deadline)
        except FAILURES:
            return None
        return None if record is None else self._replay(record)

    async def _settle(self) -> Committed | Uncommitted | None:
        """Find out why the change failed, or whether it is already committed.

        Returns:
            An earlier request's response, this change's own commit, or None if a new attempt can succeed.

        Raises:
            IdempotencyKeyReused: a different request used the key before.
            InventoryError: another machine has an identity that this change claims.
        """
        marker = paths.outbox(self._id)
        claimed: dict[str, IdentityClaim] = {}
        # The most frequent reason is an earlier request. Its record alone is enough to detect it.
        record, found = await self._look_up(self._command.deadline)
        if record is None and self._sent:
            claimed = {paths.identity(claim.identity): claim for claim in self._sent[-1].decision.claims}
            # Read the record again, together with the rest. Otherwise, if an earlier request is committed
            # between the two reads, the second one would find its claims without its record.
            record, found = await self._look_up(self._command.deadline, marker, *claimed)
        if record is not None:
            if record.change_id != self._id:
                return Uncommitted(self._replay(record))
            return self._found(record.attempt, found[self._record_path])
        if marker in found:
            event = decode(found[marker].fields, OutboxEntry)
            return self._found(event.attempt, found[marker])
        for path, claim in claimed.items():
            holder = decode(found[path].fields, IdentityClaim) if path in found else claim
            if holder.machine_id != claim.machine_id:
                raise conflict(claim, holder)
        return None

    async def _look_up(
        self, deadline: Deadline, *other_paths: str
    ) -> tuple[IdempotencyRecord | None, dict[str, Document]]:
        """Read the idempotency key's record, and other documents as of the same moment.

        The next commit replaces a record that has expired.

        Returns:
            The record if it has not expired, and all documents that exist, by their paths.
        """
        self._expired_record = None
        wanted = [path for path in (self._record_path, *other_paths) if path]
        found = await self._firestore.get_all(wanted, deadline) if wanted else {}
        document = found.get(self._record_path)
        if document is None:
            return None, found
        record = decode(document.fields, IdempotencyRecord)
        if record.expires_at.ToDatetime(UTC) <= self._clock():
            self._expired_record = document  # Firestore deletes it later; until then it can be replaced
            return None, found
        return record, found

    def _replay(self, record: IdempotencyRecord) -> Decision:
        if record.request_digest != self._command.request_digest:
            raise IdempotencyKeyReused
        headers = {**record.headers, "Idempotent-Replayed": "true"}
        return Decision(response=HttpResponse(status=record.status, headers=headers, body=record.body))

    def _prepare(self, decision: Decision) -> _Sent:
        """Make the outbox entries; the first one has the change's id, and so identifies its commit."""
        attempt = len(self._sent)
        entries = [
            outbox_entry(event, f"{self._id}-{index}" if index else self._id, attempt=attempt)
            for index, event in enumerate(decision.events)
        ]
        sent = _Sent(attempt, decision, entries)
        self._sent.append(sent)
        return sent

    def _found(self, attempt: int, written: Document) -> Committed:
        return self._committed(self._sent[attempt], written.update_time.ToDatetime(UTC))

    def _committed(self, sent: _Sent, time: datetime) -> Committed:
        others = any(other is not sent for other in self._unanswered)
        return Committed(sent.decision, sent.entries, time, excludes_others=others)

    def _writes(self, sent: _Sent) -> list[Write]:
        decision, name = sent.decision, self._firestore.name
        taken = [writes.create(name(paths.identity(claim.identity)), claim) for claim in decision.claims]
        freed = [writes.delete(name(paths.identity(claim.identity))) for claim in decision.freed]
        outbox = [writes.create(name(paths.outbox(entry.event_id)), entry) for entry in sent.entries]
        return [*decision.writes, *taken, *freed, *self._record(sent), *outbox]

    def _record(self, sent: _Sent) -> list[Write]:
        if not self._record_path:
            return []
        response = sent.decision.response
        record = IdempotencyRecord(
            request_digest=self._command.request_digest,
            status=response.status,
            headers=response.headers,
            body=response.body,
            change_id=self._id,
            attempt=sent.attempt,
        )
        record.expires_at.FromDatetime(self._clock() + REPLAY_TIME)
        name = self._firestore.name(self._record_path)
        if self._expired_record is not None:
            return [writes.replace(name, record, self._expired_record)]
        return [writes.create(name, record)]
