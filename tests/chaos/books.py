"""Whether the books balance in the end, from an outside view: answers, events received, documents stored."""

import hashlib
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote

from google.cloud import firestore

from shared.pb.inventory.v1.events_pb2 import (
    MachineCreated,
    MachineDeleted,
    MachineUpdated,
    PoolChange,
    PoolChanged,
)
from shared.pb.inventory.v1.machine_pb2 import Machine
from shared.pb.inventory.v1.pool_pb2 import Pool
from tests.chaos.client import Sent

Payload = MachineCreated | MachineUpdated | MachineDeleted | PoolChanged


@dataclass(frozen=True)
class Event:
    """An event as subscribers received it, once."""

    id: str
    message: Payload


@dataclass
class Inventory:
    """Machines and pools: as they are stored, or as the events alone tell them."""

    machines: dict[str, Machine] = field(default_factory=dict)
    pools: dict[str, Pool] = field(default_factory=dict)


# --- what is stored -------------------------------------------------------------------------------------


def stored_inventory(store: firestore.Client) -> Inventory:
    """Read all machines and pools."""
    return Inventory(
        machines={machine.id: machine for machine in _messages(store, "machines", Machine)},
        pools={pool.id: pool for pool in _messages(store, "pools", Pool)},
    )


def _messages(store: firestore.Client, collection: str, message: type[Any]) -> Iterator[Any]:
    names = message.DESCRIPTOR.fields_by_name
    for document in store.collection_group(collection).stream():
        yield message(**{name: value for name, value in (document.to_dict() or {}).items() if name in names})


def outbox_faults(store: firestore.Client) -> Iterator[str]:
    """Nothing is left in the outbox once all is quiet."""
    for document in store.collection("outbox").stream():
        yield f"outbox: {document.get('event_id')} is still there"


def claim_faults(store: firestore.Client, stored: Inventory) -> Iterator[str]:
    """Each identity has one owner, which has it; each machine has the claims of its identities."""
    owners = defaultdict(list)
    for machine in stored.machines.values():
        for identity in _identities(machine):
            owners[identity].append(machine.id)
    claims = {}
    for document in store.collection("identities").stream():
        claim = document.to_dict() or {}
        claims[claim["identity"]] = claim["machine_id"]
        if document.id != hashlib.sha256(claim["identity"].encode()).hexdigest()[:40]:
            yield f"claim: {claim['identity']} is at {document.id}"
    for identity, machine_ids in owners.items():
        if machine_ids != [claims.get(identity)]:
            yield f"claim: {identity} is claimed by {claims.get(identity)} and on {machine_ids}"
    for identity in claims.keys() - owners.keys():
        yield f"claim: {identity} is claimed by {claims[identity]}, which does not have it"


def _identities(machine: Machine) -> Iterator[str]:
    for nic in machine.nics:
        yield f"mac:{nic.mac}"
    if machine.HasField("fingerprint"):
        yield f"fingerprint:{quote(machine.organization_id, safe='')}:{machine.fingerprint}"


def membership_faults(stored: Inventory) -> Iterator[str]:
    """No machine is in a pool that is gone, or twice in one."""
    for machine in stored.machines.values():
        for pool_id, count in Counter(machine.pool_ids).items():
            if pool_id not in stored.pools:
                yield f"membership: {machine.id} is in {pool_id}, which is gone"
            if count > 1:
                yield f"membership: {machine.id} is in {pool_id} {count} times"


def record_faults(store: firestore.Client, events: Iterable[Event]) -> Iterator[str]:
    """Each recorded answer of a registration or creation belongs to a change that took effect."""
    known = {event.id for event in events}
    for document in store.collection_group("idempotency").stream():
        record = document.to_dict() or {}
        if record["status"] == 201 and record["change_id"] not in known:
            yield f"record: {document.id} of a change that no event tells of"


# --- what the events tell -------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Step:
    """What one event says of one machine."""

    version: int
    message: Payload


def replayed(events: Iterable[Event]) -> tuple[Inventory, list[str]]:
    """Rebuild the inventory from nothing, and tell where the events contradict each other or leave gaps."""
    events = list(events)
    pools, faults = _replay_pools(events)
    machines: dict[str, Machine] = {}
    for machine_id, steps in _machine_steps(events).items():
        machine, wrong = _replay_machine(machine_id, steps, pools)
        faults += wrong
        if machine is not None:
            machines[machine_id] = machine
    return Inventory(machines, pools), faults


def _replay_pools(events: Iterable[Event]) -> tuple[dict[str, Pool], list[str]]:
    """A pool's own changes have versions without a gap; members coming and going are not among them."""
    own = defaultdict(list)
    for event in events:
        if isinstance(event.message, PoolChanged) and not event.message.machines:
            own[event.message.pool.id].append(event.message)
    pools, faults = {}, []
    for pool_id, changes in own.items():
        changes.sort(key=lambda change: change.version)
        versions = [change.version for change in changes]
        if versions != list(range(1, len(changes) + 1)):
            faults.append(f"pool {pool_id}: changes of the versions {versions}")
        if changes[-1].change != PoolChange.POOL_CHANGE_DELETED:
            pools[pool_id] = changes[-1].pool
    return pools, faults


def _machine_steps(events: Iterable[Event]) -> dict[str, list[_Step]]:
    steps = defaultdict(list)
    for event in events:
        match event.message:
            case MachineCreated(machine=machine):
                steps[machine.id].append(_Step(machine.version, event.message))
            case MachineUpdated(after=machine):
                steps[machine.id].append(_Step(machine.version, event.message))
            case MachineDeleted(machine=machine, version=version):
                steps[machine.id].append(_Step(version, event.message))
            case PoolChanged(machines=members):
                for member in members:
                    steps[member.id].append(_Step(member.version, event.message))
    return steps


def _replay_machine(
    machine_id: str, steps: list[_Step], pools: dict[str, Pool]
) -> tuple[Machine | None, list[str]]:
    """Apply what the events say of a machine, in the order of its versions."""
    faults = []
    versions = sorted({step.version for step in steps})
    if versions != list(range(1, len(versions) + 1)):
        faults.append(f"machine {machine_id}: events of the versions {versions}")
    machine: Machine | None = None
    # Of one version: the pools that it left and joined, and then the machine's own event, if there is one.
    for step in sorted(steps, key=lambda step: (step.version, not isinstance(step.message, PoolChanged))):
        match step.message:
            case PoolChanged() if machine is not None:
                _move(machine, step.message)
                machine.version = step.version
            case MachineCreated(machine=created):
                faults += [f"machine {machine_id}: created twice"] if machine else []
                machine = Machine()
                machine.CopyFrom(created)
            case MachineUpdated(before=before, after=after) if machine is not None:
                faults += _differences(f"machine {machine_id} before {step.version}", machine, before, pools)
                machine.CopyFrom(after)
            case MachineDeleted(machine=last) if machine is not None:
                machine.version = last.version
                faults += _differences(
                    f"machine {machine_id} when deleted", machine, last, pools, members=False
                )
                return None, faults
            case _:
                faults.append(f"machine {machine_id}: {step.version} comes before its creation")
    return machine, faults


def _move(machine: Machine, change: PoolChanged) -> None:
    members = [pool_id for pool_id in machine.pool_ids if pool_id != change.pool.id]
    if change.change == PoolChange.POOL_CHANGE_MACHINES_ADDED:
        members.append(change.pool.id)
    machine.pool_ids[:] = members


def difference_faults(told: Inventory, stored: Inventory) -> Iterator[str]:
    """What the events tell is exactly what is stored."""
    for kind, by_events, by_store in (
        ("machine", told.machines, stored.machines),
        ("pool", told.pools, stored.pools),
    ):
        for entity_id in by_events.keys() - by_store.keys():
            yield f"{kind} {entity_id}: the events tell of it, and it is not stored"
        for entity_id in by_store.keys() - by_events.keys():
            yield f"{kind} {entity_id}: it is stored, and no event tells of it"
    for machine_id in told.machines.keys() & stored.machines.keys():
        yield from _differences(
            f"machine {machine_id} stored", told.machines[machine_id], stored.machines[machine_id], told.pools
        )
    for pool_id in told.pools.keys() & stored.pools.keys():
        if told.pools[pool_id] != stored.pools[pool_id]:
            yield f"pool {pool_id}: {told.pools[pool_id]} told, {stored.pools[pool_id]} stored"


def _differences(
    what: str, told: Machine, seen: Machine, pools: dict[str, Pool], *, members: bool = True
) -> list[str]:
    """Compare two states of a machine, but for what no event tells: heartbeats, and assignments' times."""
    states = []
    for machine in (told, seen):
        state = Machine()
        state.CopyFrom(machine)
        state.ClearField("last_seen")
        state.ClearField("updated_at")
        state.pool_ids[:] = sorted(pools.keys() & set(machine.pool_ids)) if members else []
        states.append(state)
    if states[0] == states[1]:
        return []
    return [f"{what}: told {_line(states[0])}, seen {_line(states[1])}"]


def _line(machine: Machine) -> str:
    return " ".join(str(machine).split())


# --- what clients were told -----------------------------------------------------------------------------


def acknowledgement_faults(sent: Iterable[Sent], events: Iterable[Event]) -> Iterator[str]:
    """Each acknowledged change has its event, once; a change with a key never took effect twice."""
    names, deleted = _told(events)
    for one in sent:
        change, answer = one.change, one.answer
        if name := (change.body or {}).get("name"):
            count = names[name]
        elif change.method == "DELETE" and change.body is None:
            name = change.path.rpartition("/")[2]
            count = deleted[name]
        else:
            continue
        if count > 1:
            yield f"{change.operation}: {name} took effect {count} times"
        elif answer is not None and answer.is_success and not count:
            yield f"{change.operation}: {name} was acknowledged, and no event tells of it"
        elif answer is not None and not answer.is_success and count and change.method != "DELETE":
            yield f"{change.operation}: {name} was refused with {answer.status_code}, and took effect"


def _told(events: Iterable[Event]) -> tuple[Counter[str], Counter[str]]:
    """Count the changes that gave something a name, and the deletions of something."""
    names: Counter[str] = Counter()
    deleted: Counter[str] = Counter()
    for event in events:
        match event.message:
            case MachineCreated(machine=machine):
                names[machine.name] += 1
            case MachineUpdated(before=before, after=after) if before.name != after.name:
                names[after.name] += 1
            case MachineDeleted(machine=machine):
                deleted[machine.id] += 1
            case PoolChanged(change=PoolChange.POOL_CHANGE_DELETED, pool=pool):
                deleted[pool.id] += 1
            case PoolChanged(pool=pool, machines=machines) if not machines:
                names[pool.name] += 1
    return names, deleted
