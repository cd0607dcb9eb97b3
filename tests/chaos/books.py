"""What else must be true in the end, from an outside view, beside the books of `tests/inventory_checker.py`.

Those hold machines, claims and events to each other; here are pools, members, recorded answers, and what the
clients were told.
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
from tests.inventory_checker import Books


def faults(store: Client, log: EventLog, sent: Iterable[Sent]) -> list[str]:
    """Compare everything with everything."""
    return [
        *Books(store, log).faults(),
        *_pool_faults(store, log),
        *membership_faults(store),
        *_record_faults(store, log),
        *_acknowledgement_faults(sent, log),
    ]


def _pool_faults(store: Client, log: EventLog) -> Iterator[str]:
    """A pool's own changes have versions without a gap, and the last one tells what is stored."""
    changes = defaultdict(list)
    for event in log.events():
        if isinstance(event.message, PoolChanged) and not event.message.machines:
            changes[event.message.pool.id].append(event.message)
    told = {}
    for pool_id, history in changes.items():
        history.sort(key=lambda change: change.version)
        versions = [change.version for change in history]
        if versions != list(range(1, len(history) + 1)):
            yield f"pool {pool_id}: changes of the versions {versions}"
        if history[-1].change != PoolChange.POOL_CHANGE_DELETED:
            told[pool_id] = history[-1].pool
    stored = _pools(store)
    for pool_id in told.keys() | stored.keys():
        if told.get(pool_id) != stored.get(pool_id):
            yield f"pool {pool_id}: told {told.get(pool_id)}, stored {stored.get(pool_id)}"


def _pools(store: Client) -> dict[str, Pool]:
    names = Pool.DESCRIPTOR.fields_by_name
    documents = [document.to_dict() or {} for document in store.collection_group("pools").stream()]
    return {
        fields["id"]: Pool(**{name: value for name, value in fields.items() if name in names})
        for fields in documents
    }


def membership_faults(store: Client) -> Iterator[str]:
    """No machine is in a pool that is gone, or twice in one."""
    pools = {document.id for document in store.collection_group("pools").select([]).stream()}
    # Nothing else of them: the end of a run waits for this, and looks again and again.
    for document in store.collection_group("machines").select(["pool_ids"]).stream():
        for pool_id, count in Counter((document.to_dict() or {}).get("pool_ids", [])).items():
            if pool_id not in pools:
                yield f"membership: {document.id} is in {pool_id}, which is gone"
            if count > 1:
                yield f"membership: {document.id} is in {pool_id} {count} times"


def _record_faults(store: Client, log: EventLog) -> Iterator[str]:
    """Each recorded answer of a registration or creation belongs to a change that took effect."""
    known = {event.id for event in log.events()}
    for document in store.collection_group("idempotency").stream():
        record = document.to_dict() or {}
        if record["status"] == 201 and record["change_id"] not in known:
            yield f"record {document.id}: of a change that no event tells of"


def _acknowledgement_faults(sent: Iterable[Sent], log: EventLog) -> Iterator[str]:
    """Each acknowledged change has its event, none took effect twice, and none that was refused."""
    names, deleted = _told(log)
    for one in sent:
        change, answer = one.change, one.answer
        if name := (change.body or {}).get("name"):
            times = names[name]
        elif change.method == "DELETE" and change.body is None:
            name = change.path.rpartition("/")[2]
            times = deleted[name]
        else:
            continue
        if len(times) > 1:
            yield f"{change.operation}: {name} took effect {len(times)} times"
        elif answer is not None and answer.is_success and not times:
            yield f"{change.operation}: {name} was acknowledged, and no event tells of it"
        elif _was_refused(one) and change.method != "DELETE" and _preceded(times, one):
            yield (
                f"{change.operation}: {name} took effect at {times[0]}, and was refused at attempt "
                f"{one.attempts}, asked for at {one.asked_at}: {answer}"
            )


def _was_refused(sent: Sent) -> bool:
    return sent.answer is not None and not sent.answer.is_success


def _preceded(times: Sequence[datetime], sent: Sent) -> bool:
    """Whether a change took effect before the attempt that was refused.

    An earlier one, which its client has given up, may still be under way then, and succeed once what the
    later one failed at is gone. What had succeeded before must be replayed.
    """
    return any(sent.attempts == 1 or time < sent.asked_at for time in times)


def _told(log: EventLog) -> tuple[defaultdict[str, list[datetime]], defaultdict[str, list[datetime]]]:
    """List when something was given a name, and when something was deleted."""
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
