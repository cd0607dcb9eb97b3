"""The sweep, which sets connected machines without a recent heartbeat to disconnected."""

import asyncio
import logging
from datetime import UTC, datetime, timedelta

from google_apis.firestore.document_pb2 import Document
from shared import logs
from shared.bootstrap import Inventory
from shared.domain import events, machines
from shared.domain.command import Command
from shared.domain.deadline import REQUEST_SECONDS, Deadline
from shared.domain.errors import MachineNotFound, Unavailable
from shared.domain.http_response import HttpResponse
from shared.store.change import Decision
from shared.store.machines import StoredMachine, change_machine, read_stored_machine
from shared.store.silent_machines import find_silent
from shared.store.transaction import Transaction

# Within the function's timeout of 60 s, there is time left for the last machines and their events.
SECONDS = 45.0
# The number of machines in a query, and that are disconnected concurrently, each in its own commit. One can
# have 480 KiB.
PAGE = 50
# A machine counts as one more for each 64 KiB. Otherwise, 50 of the largest would take nearly all memory of
# an instance: each takes several times its size, for its event, its commit and its publish.
SLOT_BYTES = 64 * 1024
# If published events are not deleted from the outbox within this time, the relay publishes them again.
DROP_SECONDS = 2.0

_DONE = HttpResponse(status=204)


async def sweep(
    inventory: Inventory, disconnect_after: timedelta, *, seconds: float = REQUEST_SECONDS
) -> None:
    """Disconnect all machines, of all organizations, that are connected but silent for too long.

    Only such machines are read. Machines that one call does not disconnect, because of its deadline or a
    failure, are still in the index for the next call. If several calls run concurrently, one of them
    disconnects a machine, and the others find it disconnected.

    Args:
        inventory: the adapters.
        disconnect_after: how long a machine can be silent.
        seconds: how long it can take to disconnect one machine.

    Raises:
        Unavailable: not all machines could be changed, or there are too many for one call.
        Rejected: the query's index is missing.
        grpc.aio.AioRpcError: the store rejects the query.
    """
    run = _Run(inventory, seconds)
    try:
        await run.start_all(disconnect_after)
    finally:
        await run.finish()
    if run.failed:
        raise Unavailable  # each failure is logged already


class _Run:
    """One call of the sweep, with its counts."""

    def __init__(self, inventory: Inventory, seconds: float) -> None:
        self.failed = 0
        self._inventory = inventory
        self._seconds = seconds
        self._silent = 0
        self._slots = asyncio.Semaphore(PAGE)
        self._running: set[asyncio.Task[None]] = set()

    async def start_all(self, disconnect_after: timedelta) -> None:
        """Start to disconnect the silent machines, of a page while those of the one before may still run.

        Otherwise each page would wait for its slowest machine.
        """
        deadline = Deadline(SECONDS)
        since = self._inventory.clock() - disconnect_after
        after: Document | None = None
        while True:
            found, read_at = await find_silent(
                self._inventory.firestore, since=since, after=after, limit=PAGE, deadline=deadline
            )
            # If this instance's clock is ahead, the query finds machines that are not silent by the store's.
            since = min(since, read_at - disconnect_after)
            page = [document for document in found if _last_seen(document) < since]
            for document in page:
                slots = 1 + document.ByteSize() // SLOT_BYTES
                for _ in range(slots):
                    await self._slots.acquire()
                deadline.timeout()  # ends the sweep if the time is over
                self._silent += 1
                self._running.add(
                    task := asyncio.create_task(self._try_to_disconnect(document, since, slots))
                )
                task.add_done_callback(self._running.discard)
            if len(page) < PAGE:
                return
            after = page[-1]

    async def finish(self) -> None:
        """Wait for the last machines and their events, and log the counts."""
        await asyncio.gather(*self._running)
        fields = {"silent": self._silent, "failed": self.failed}
        logs.log(logging.INFO, f"heartbeats: {self._silent} machines silent", fields)
        await self._inventory.outbox.flush(DROP_SECONDS)

    async def _try_to_disconnect(self, document: Document, since: datetime, slots: int) -> None:
        try:
            await _disconnect(self._inventory, document, since, Deadline(self._seconds))
        except Exception as error:  # noqa: BLE001 - whatever it is, the other machines are disconnected
            self.failed += 1
            fields = {"document": document.name}
            logs.log(logging.ERROR, "a silent machine was not disconnected", fields, error=error)
        finally:
            for _ in range(slots):
                self._slots.release()


def _last_seen(document: Document) -> datetime:
    return document.fields["last_seen"].timestamp_value.ToDatetime(UTC)


async def _disconnect(inventory: Inventory, document: Document, since: datetime, deadline: Deadline) -> None:
    """Disconnect a machine, unless it is deleted or no longer silent."""
    listed = [StoredMachine.of(document)]
    machine = listed[0].machine
    command = Command(organization_id=machine.organization_id, deadline=deadline)

    async def decide(_: Transaction) -> Decision:
        # The first attempt uses the query's document. If that has changed, the next attempt reads it again.
        if listed:
            stored = listed.pop()
        else:
            stored = await read_stored_machine(
                inventory.firestore, machine.organization_id, machine.id, deadline
            )
        if not machines.is_silent(stored.machine, since):
            return Decision(response=_DONE)
        change = machines.disconnect(stored.machine, now=inventory.clock())
        return Decision(
            response=_DONE,
            writes=[change_machine(stored, change)],
            events=[events.machine_updated(change)],
        )

    try:
        await inventory.changes.apply(command, decide)
    except MachineNotFound:
        return
