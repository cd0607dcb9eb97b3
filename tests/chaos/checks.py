"""The final check from outside, in addition to `tests/inventory_checker.py`.

That compares machines, claims and events. This checks pools, members, recorded responses, and the responses
that clients received.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime

from google.cloud.firestore import Client

from shared.pb.inventory.v1.events_pb2 import (
    MachineCreated,
    MachineDeleted,
    MachineUpdated,
    PoolChange,
    PoolChanged,
)
from shared.pb.inventory.v1.pool_pb2 import Pool
from tests.chaos.client import Sent
from tests.event_log import EventLog
from tests.inventory_checker import InventoryChecker


def faults(store: Client, log: EventLog, sent: Iterable[Sent]) -> list[str]:
    """Compare everything, and return the faults."""
    return [
        *InventoryChecker(store, log).faults(),
        *_pool_faults(store, log),
        *membership_faults(store),
        *_record_faults(store, log),
        *_acknowledgement_faults(sent, log),
    ]


def _pool_faults(store: Client, log: EventLog) -> Iterator[str]:
    """Check that a pool's own events have consecutive versions, and that the last one matches the store."""
    changes = defaultdict(list)
    for event in log.events():
        if isinstance(event.message, PoolChanged) and not event.message.machines:
            changes[event.message.pool.id].append(event.message)
    latest = {}
    for pool_id, history in changes.items():
        history.sort(key=lambda change: change.version)
        versions = [change.version for change in history]
        if versions != list(range(1, len(history) + 1)):
            yield f"pool {pool_id}: events of the versions {versions}"
        if history[-1].change != PoolChange.POOL_CHANGE_DELETED:
            latest[pool_id] = history[-1].pool
    stored = _pools(store)
    for pool_id in latest.keys() | stored.keys():
        if latest.get(pool_id) != stored.get(pool_id):
            yield f"pool {pool_id}: {latest.get(pool_id)} in its events, but {stored.get(pool_id)} is stored"


def _pools(store: Client) -> dict[str, Pool]:
    names = Pool.DESCRIPTOR.fields_by_name
    documents = [document.to_dict() or {} for document in store.collection_group("pools").stream()]
    return {
        fields["id"]: Pool(**{name: value for name, value in fields.items() if name in names})
        for fields in documents
    }


def membership_faults(store: Client) -> Iterator[str]:
    """Check that no machine is in a deleted pool, or twice in the same pool."""
    pools = {document.id for document in store.collection_group("pools").select([]).stream()}
    # Read only these fields, because the end of a run waits for this and repeats it.
    for document in store.collection_group("machines").select(["pool_ids"]).stream():
        for pool_id, count in Counter((document.to_dict() or {}).get("pool_ids", [])).items():
            if pool_id not in pools:
                yield f"membership: {document.id} is in {pool_id}, which does not exist"
            if count > 1:
                yield f"membership: {document.id} is in {pool_id} {count} times"


def _record_faults(store: Client, log: EventLog) -> Iterator[str]:
    """Check that each recorded 201 belongs to a change with an event."""
    known = {event.id for event in log.events()}
    for document in store.collection_group("idempotency").stream():
        record = document.to_dict() or {}
        if record["status"] == 201 and record["change_id"] not in known:
            yield f"record {document.id}: its change has no event"


def _acknowledgement_faults(sent: Iterable[Sent], log: EventLog) -> Iterator[str]:
    """Check that each acknowledged change has an event, and none was applied twice or after a rejection."""
    names, deleted = _changes_by_name(log)
    for one in sent:
        change, response = one.change, one.response
        if name := (change.body or {}).get("name"):
            times = names[name]
        elif change.method == "DELETE" and change.body is None:
            name = change.path.rpartition("/")[2]
            times = deleted[name]
        else:
            continue
        if len(times) > 1:
            yield f"{change.operation}: {name} was applied {len(times)} times"
        elif response is not None and response.is_success and not times:
            yield f"{change.operation}: {name} was acknowledged, but has no event"
        elif _was_rejected(one) and change.method != "DELETE" and _preceded(times, one):
            yield (
                f"{change.operation}: {name} was applied at {times[0]}, but was rejected at attempt "
                f"{one.attempts}, sent at {one.sent_at}: {response}"
            )


def _was_rejected(sent: Sent) -> bool:
    return sent.response is not None and not sent.response.is_success


def _preceded(times: Sequence[datetime], sent: Sent) -> bool:
    """Return whether a change was applied before the attempt that was rejected.

    An earlier attempt that its client has abandoned can still be running when a later one is rejected. It can
    succeed afterwards, when the reason for the rejection is gone. But if it had already succeeded, the later
    attempt must be a replay.
    """
    return any(sent.attempts == 1 or time < sent.sent_at for time in times)


def _changes_by_name(
    log: EventLog,
) -> tuple[defaultdict[str, list[datetime]], defaultdict[str, list[datetime]]]:
    """Return the times when each name was set, and when each id was deleted."""
    names: defaultdict[str, list[datetime]] = defaultdict(list)
    deleted: defaultdict[str, list[datetime]] = defaultdict(list)
    for event in log.events():
        match event.message:
            case MachineCreated(machine=machine):
                names[machine.name].append(event.time)
            case MachineUpdated(before=before, after=after) if before.name != after.name:
                names[after.name].append(event.time)
            case MachineDeleted(machine=machine):
                deleted[machine.id].append(event.time)
            case PoolChanged(change=PoolChange.POOL_CHANGE_DELETED, pool=pool):
                deleted[pool.id].append(event.time)
            case PoolChanged(pool=pool, machines=machines) if not machines:
                names[pool.name].append(event.time)
    return names, deleted
