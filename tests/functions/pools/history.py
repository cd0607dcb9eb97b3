"""The inventory after each commit, reconstructed from the events alone."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from itertools import groupby

from google.cloud.pubsub_v1.subscriber.message import Message

from shared.pb.inventory.v1.events_pb2 import MachineCreated, MachineDeleted, MachineUpdated, PoolChanged


@dataclass(frozen=True)
class State:
    """An organization's inventory: the versions of its machines and pools, and the pools' members."""

    machines: Mapping[str, int] = field(default_factory=dict)
    pools: Mapping[str, int] = field(default_factory=dict)
    members: Mapping[str, frozenset[str]] = field(default_factory=dict)

    def pools_of(self, machine_id: str) -> set[str]:
        """Return the ids of the pools that a machine is in."""
        return {pool_id for pool_id, members in self.members.items() if machine_id in members}


@dataclass(frozen=True)
class History:
    """States with the times of their commits, oldest first."""

    states: list[tuple[datetime, State]]

    @classmethod
    def of(cls, messages: Iterable[Message]) -> "History":
        """Replay events in the order of their commits; AssertionError if they are inconsistent."""
        once = {message.attributes["ce-id"]: message for message in messages}
        ordered = sorted(once.values(), key=_time)
        states = []
        state = State()
        for time, commit in groupby(ordered, key=_time):
            state = _after(state, list(commit))
            states.append((time, state))
        return cls(states)

    @property
    def last(self) -> State:
        """The state after all events."""
        return self.states[-1][1] if self.states else State()

    def during(self, start: datetime, end: datetime) -> Iterator[State]:
        """Yield the state at a start time, and all later ones until an end time."""
        before = State()
        for time, state in self.states:
            if time > end:
                break
            if time < start:
                before = state
            else:
                yield before
                before = state
        yield before

    def explains(self, start: datetime, end: datetime, claim: Callable[[State], bool]) -> bool:
        """Return whether a claim was true at some time during a request."""
        return any(claim(state) for state in self.during(start, end))


def _time(message: Message) -> datetime:
    return datetime.fromisoformat(message.attributes["ce-time"])


def _after(before: State, commit: list[Message]) -> State:
    """Apply the events of one commit, and check that each fits the state before."""
    machines, pools = dict(before.machines), dict(before.pools)
    members = {pool_id: set(ids) for pool_id, ids in before.members.items()}
    reached: dict[str, set[int]] = defaultdict(set)
    deleted = set()
    for message in commit:
        match message.attributes["ce-type"]:
            case "inventory.machine.created.v1":
                created = MachineCreated.FromString(message.data).machine
                assert created.id not in machines
                machines[created.id] = 0
                reached[created.id].add(created.version)
            case "inventory.machine.updated.v1":
                updated = MachineUpdated.FromString(message.data).after
                reached[updated.id].add(updated.version)
            case "inventory.machine.deleted.v1":
                gone = MachineDeleted.FromString(message.data)
                deleted.add(gone.machine.id)
                reached[gone.machine.id].add(gone.version)
            case "inventory.pool.changed.v1":
                event = PoolChanged.FromString(message.data)
                _change(message.attributes["change"], event, pools, members)
                for machine in event.machines:
                    reached[machine.id].add(machine.version)
    for machine_id, versions in reached.items():
        assert versions == {machines[machine_id] + 1}, "a version is missing or repeated"
        machines[machine_id] += 1
    for machine_id in deleted:
        del machines[machine_id]
        assert all(machine_id not in ids for ids in members.values())
    return State(machines, pools, {pool_id: frozenset(ids) for pool_id, ids in members.items()})


def _change(kind: str, event: PoolChanged, pools: dict[str, int], members: dict[str, set[str]]) -> None:
    pool, machines = event.pool, {machine.id for machine in event.machines}
    if kind == "created":
        assert pool.id not in pools
        pools[pool.id], members[pool.id] = pool.version, set()
        return
    version = pools[pool.id]
    match kind:
        case "updated":
            assert version + 1 == pool.version == event.version
            pools[pool.id] = pool.version
        case "deleted":
            assert (version, version + 1) == (pool.version, event.version)
            del pools[pool.id], members[pool.id]
        case "machines_added":
            assert version == pool.version
            assert not machines & members[pool.id]
            members[pool.id] |= machines
        case "machines_removed":
            assert machines <= members[pool.id]
            members[pool.id] -= machines
