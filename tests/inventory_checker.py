"""Check from outside that claims, machines and events are consistent.

Events arrive some time after their changes. So the check is repeated until it finds no faults or the time is
over, and then returns the remaining faults:

    with event_logs(subscriber, project) as logs:
        ...
        checker = InventoryChecker(firestore_client, logs.of(organization_id), organization_id)
        assert settled(checker.faults) == []
"""

import hashlib
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote

from google.cloud.firestore import Client, DocumentSnapshot

from shared.pb.inventory.v1.events_pb2 import (
    MachineCreated,
    MachineDeleted,
    MachineUpdated,
    PoolChange,
    PoolChanged,
)
from shared.pb.inventory.v1.machine_pb2 import Machine
from tests.event_log import EventLog, Payload, ReceivedEvent

TIMEOUT = 20.0
CLAIMS_A_PAGE = 10_000
_PAUSE = 0.1


def settled(faults: Callable[[], list[str]], seconds: float = TIMEOUT) -> list[str]:
    """Repeat a check until it finds no faults or the time is over, and return the last faults."""
    end = time.monotonic() + seconds
    while (found := faults()) and time.monotonic() < end:
        time.sleep(_PAUSE)
    return found


@dataclass(frozen=True)
class InventoryChecker:
    """The stored documents and the published events.

    Attributes:
        store: Google's Firestore client.
        log: the events since before the first change.
        organization_id: the organization to check; all by default.
        acknowledged: ids of machines in successful responses. Each must have events, even if it was deleted.
    """

    store: Client
    log: EventLog
    organization_id: str | None = None
    acknowledged: Iterable[str] = ()

    def faults(self) -> list[str]:
        """Compare everything once; if events still wait in the outbox, report only those."""
        if waiting := list(self._outbox_faults()):
            return waiting
        machines = {machine.id: machine for machine in self._machines()}
        pools = {document.id for document in self._documents("pools")}
        events = self.log.events()
        return [
            *self.log.faults,
            *_claim_faults(machines, self._claims()),
            *_event_faults(machines, pools, events, self.acknowledged),
        ]

    def _machines(self) -> Iterator[Machine]:
        names = Machine.DESCRIPTOR.fields_by_name
        for document in self._documents("machines"):
            fields = document.to_dict() or {}
            yield Machine(**{name: value for name, value in fields.items() if name in names})

    def _claims(self) -> Iterator[tuple[str, dict[str, str]]]:
        # All organizations' claims are in one collection, perhaps thousands. So read them by page, and decode
        # only what is needed. `stream` takes 0.25 ms for each.
        request = {
            "parent": f"{self.store._database_string}/documents",
            "collection_id": "identities",
            "page_size": CLAIMS_A_PAGE,
        }
        listed = self.store._firestore_api.list_documents(request=request, metadata=self.store._rpc_metadata)
        for page in listed.pages:
            for document in type(page).pb(page).documents:
                claim = {name: value.string_value for name, value in document.fields.items()}
                if self._is_meant(claim["organization_id"]):
                    yield document.name.rpartition("/")[2], claim

    def _outbox_faults(self) -> Iterator[str]:
        for document in self.store.collection("outbox").stream():
            entry = document.to_dict() or {}
            if self._is_meant(entry["attributes"]["organization_id"]):
                yield f"outbox: {entry['event_id']} for {entry['topic']} is not published"

    def _documents(self, collection: str) -> "Iterator[DocumentSnapshot[Any]]":
        if self.organization_id is None:
            return self.store.collection_group(collection).stream()
        return self.store.collection("organizations", self.organization_id, collection).stream()

    def _is_meant(self, organization_id: str) -> bool:
        return self.organization_id in (None, organization_id)


def _claim_faults(
    machines: dict[str, Machine], claims: Iterable[tuple[str, dict[str, str]]]
) -> Iterator[str]:
    wanted = {identity: machine.id for machine in machines.values() for identity in _identities(machine)}
    identities = [identity for machine in machines.values() for identity in _identities(machine)]
    for identity, count in Counter(identities).items():
        if count > 1:
            yield f"{identity}: {count} machines have it"
    held = {}
    for document_id, claim in claims:
        identity, machine_id = claim["identity"], claim["machine_id"]
        held[identity] = machine_id
        if document_id != hashlib.sha256(identity.encode()).hexdigest()[:40]:
            yield f"{identity}: the claim's document is {document_id}"
        if wanted.get(identity) != machine_id:
            yield f"{identity}: claimed by {machine_id}, which does not have it"
    for identity in wanted.keys() - held.keys():
        yield f"{identity}: not claimed, but {wanted[identity]} has it"


def _identities(machine: Machine) -> Iterator[str]:
    for nic in machine.nics:
        yield f"mac:{nic.mac}"
    if machine.HasField("fingerprint"):
        yield f"fingerprint:{quote(machine.organization_id, safe='')}:{machine.fingerprint}"


def _event_faults(
    machines: dict[str, Machine], pools: set[str], events: list[ReceivedEvent], acknowledged: Iterable[str]
) -> Iterator[str]:
    histories: dict[str, _History] = defaultdict(_History)
    for event in events:
        if event.machine is not None:
            histories[event.machine.id].add(event.version, event)
        elif isinstance(event.message, PoolChanged):
            for machine in event.message.machines:
                histories[machine.id].add(machine.version, event)
    for machine_id in {*machines, *histories, *acknowledged}:
        for fault in histories[machine_id].faults(machines.get(machine_id), pools):
            yield f"{machine_id}: {fault}"


@dataclass
class _History:
    """The events of one machine: its own, and those of pools that it entered or left."""

    by_version: dict[int, list[ReceivedEvent]] = field(default_factory=lambda: defaultdict(list))

    def add(self, version: int, event: ReceivedEvent) -> None:
        self.by_version[version].append(event)

    def faults(self, stored: Machine | None, pools: set[str]) -> Iterator[str]:
        """Replay all events, and compare the result with the stored machine."""
        versions = sorted(self.by_version)
        if not versions or versions != list(range(1, versions[-1] + 1)):
            yield f"events of the versions {versions}"
            return
        state: Machine | None = None
        for version in versions:
            try:
                state = _replay(state, version, self.by_version[version], pools)
            except AssertionError as error:
                yield f"version {version}: {error}"
                return
        if (state is None) != (stored is None):
            yield f"is {'stored' if stored else 'not stored'}, which contradicts its events"
        elif state is not None and stored is not None and _lasting(state, pools) != _lasting(stored, pools):
            yield f"stored in version {stored.version}, in another state than after its events"


def _replay(
    state: Machine | None, version: int, events: list[ReceivedEvent], pools: set[str]
) -> Machine | None:
    own = [event.message for event in events if event.machine is not None]
    if len(own) > 1:
        raise AssertionError(f"has {len(own)} events of the machine")
    match own:
        case [MachineCreated() as created]:
            _agree(state is None, "created again")
            return created.machine
        case [MachineUpdated() as updated]:
            _agree(bool(updated.changed_fields), "changes nothing")
            _agree(_continues(state, updated.before, pools), "does not continue the state before")
            _agree(_time(updated.before) <= _time(updated.after), "its time goes back")
            return updated.after
        case [MachineDeleted() as deleted]:
            _agree(_continues(state, deleted.machine, pools), "does not continue the state before")
            return None
    _agree(state is not None, "a change of a machine that does not exist")
    return _moved(state, version, [event.message for event in events])


def _moved(state: Machine | None, version: int, messages: Iterable[Payload]) -> Machine:
    """Apply a machine's changes of pools."""
    after = Machine()
    after.CopyFrom(state or after)
    after.version = version
    members = set(after.pool_ids)
    for message in messages:
        assert isinstance(message, PoolChanged)
        if message.change == PoolChange.POOL_CHANGE_MACHINES_ADDED:
            members.add(message.pool.id)
        else:
            members.discard(message.pool.id)
    del after.pool_ids[:]
    after.pool_ids.extend(members)
    return after


def _time(machine: Machine) -> datetime:
    return machine.updated_at.ToDatetime(UTC)


def _agree(holds: bool, otherwise: str) -> None:  # noqa: FBT001 - an assertion
    if not holds:
        raise AssertionError(otherwise)


def _continues(state: Machine | None, before: Machine, pools: set[str]) -> bool:
    return state is not None and _lasting(state, pools) == _lasting(before, pools)


def _lasting(machine: Machine, pools: set[str]) -> Machine:
    """Return the part of a machine that its events must reproduce.

    Heartbeats change `last_seen` without an event, a pool's deletion is one event for all its members, and
    pool events do not contain the time when a machine entered or left.
    """
    lasting = Machine()
    lasting.CopyFrom(machine)
    for name in ("last_seen", "updated_at", "pool_ids"):
        lasting.ClearField(name)
    lasting.pool_ids.extend(sorted(pools.intersection(machine.pool_ids)))
    return lasting
