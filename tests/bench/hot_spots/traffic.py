"""The writes of simulated traffic, made by the product's own code."""

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from uuid import UUID

from functions.machines.registration import created
from infra.local.firestore.pb import firestore_pb2
from infra.local.firestore.pb.write_pb2 import Write as PlainWrite
from shared.bootstrap import Inventory
from shared.domain import machines
from shared.domain.access import Caller
from shared.domain.answer import Answer
from shared.domain.command import Command
from shared.domain.deadline import Deadline
from shared.events.publisher import Publisher
from shared.pb.inventory.v1.machine_pb2 import (
    CPU,
    MACHINE_STATUS_CONNECTED,
    NIC,
    Drive,
    Machine,
    MemoryModule,
)
from shared.pb.inventory.v1.records_pb2 import OutboxEntry
from shared.store import paths
from shared.store.changes import Changes
from shared.store.effects import Effects
from shared.store.firestore import Firestore
from shared.store.machines import StoredMachine, change_machine
from shared.store.outbox import Outbox
from shared.store.wire import CommitRequest, CommitResponse, Document, Write
from tests.bench.hot_spots.ranges import Written

START = datetime(2026, 1, 1, tzinfo=UTC)
HEARTBEAT = timedelta(seconds=30)


class Recorder(Firestore):
    """Keeps what is committed, and says that it is."""

    def __init__(self) -> None:
        super().__init__("simulation", "(default)")
        self.writes: list[PlainWrite] = []

    async def commit(
        self, writes: Sequence[Write], _deadline: Deadline, *, transaction: bytes = b""
    ) -> CommitResponse:
        assert not transaction
        self.writes += plain(writes)
        response = CommitResponse()
        for _ in writes:
            response.write_results.add()
        return response


def plain(writes: Sequence[Write]) -> Sequence[PlainWrite]:
    """Give writes as they are on the wire."""
    sent = CommitRequest(writes=writes).SerializeToString()
    return firestore_pb2.CommitRequest.FromString(sent).writes


@dataclass
class Simulation:
    """Organizations whose machines register at even intervals, each in turn.

    Attributes:
        organizations: how many there are.
        rate: registrations or heartbeats a second, of all of them.
        seed: makes it the same traffic each time.
    """

    organizations: int
    rate: float
    seed: int = 8

    def __post_init__(self) -> None:
        self._random = random.Random(self.seed)  # noqa: S311 - chance is all that is wanted
        self._now = START
        self._recorder = Recorder()
        self._inventory = self._wired()

    def _wired(self) -> Inventory:
        """Wire the product up as `shared.bootstrap` does, but for time, ids and the two services."""
        outbox = Outbox(self._recorder)

        async def publish(_entries: Sequence[OutboxEntry], _time: datetime) -> list[str]:
            return []  # what is dropped from the outbox is not a key that comes to it

        changes = Changes(
            self._recorder,
            publish=publish,
            outbox=outbox,
            clock=lambda: self._now,
            new_id=lambda: self._random.randbytes(16).hex(),
        )
        return Inventory(
            firestore=self._recorder,
            changes=changes,
            effects=Effects(self._recorder, lambda: self._now),
            outbox=outbox,
            publisher=Publisher("simulation"),
            clock=lambda: self._now,
            new_id=self.new_id,
        )

    def new_id(self) -> str:
        """Make a UUIDv7 of the simulated time, as one of many instances does: the rest is chance."""
        milliseconds = int(self._now.timestamp() * 1000)
        return str(UUID(int=milliseconds << 80 | 0x7 << 76 | 0b10 << 62 | self._random.getrandbits(62)))

    async def registrations(self, count: int) -> list[Written]:
        """Register machines, each with an idempotency key; give all documents that are written."""
        for number in range(count):
            self._now = START + timedelta(seconds=number / self.rate)
            await self._register(self._caller(number))
        writes, self._recorder.writes = self._recorder.writes, []
        return [Written.created(write.update) for write in writes]

    def heartbeats(self, count: int) -> Iterator[Written]:
        """Have as many connected machines tell that they are alive."""
        for number in range(count):
            self._now = START + timedelta(seconds=number / self.rate)
            new = machines.register(Machine(), machine_id=self.new_id(), caller=self._caller(number))
            connected = machines.update(new, {"status": MACHINE_STATUS_CONNECTED}, now=self._now)
            alive = machines.update(connected, {"last_seen": self._now + HEARTBEAT}, now=self._now)
            yield Written.changed(self._change(new, connected), self._change(connected, alive))

    def _change(self, before: Machine, after: Machine) -> PlainWrite:
        name = self._recorder.name(paths.machine(before.organization_id, before.id))
        [write] = plain([change_machine(StoredMachine(before, Document(name=name)), after)])
        return write

    def _caller(self, number: int) -> Caller:
        return Caller(f"organization-{number % self.organizations}", "key", frozenset())

    async def _register(self, caller: Caller) -> None:
        machine = machines.register(self._profile(), machine_id=self._inventory.new_id(), caller=caller)
        command = Command(
            organization_id=caller.organization_id,
            idempotency_key=str(UUID(int=self._random.getrandbits(128), version=4)),
            digest=b"digest",
            deadline=Deadline(1),
        )
        await created(self._inventory, command, machine, Answer(status=201))

    def _profile(self) -> Machine:
        rack = f"r{self._random.randrange(100)}"
        mac = bytes([0x02, *self._random.randbytes(5)]).hex(":")
        return Machine(
            cpus=[CPU(manufacturer="Intel", clock_frequency=2_400_000_000, cores=8)],
            memory_modules=[MemoryModule(size=2**34)],
            nics=[NIC(mac=mac)],
            drives=[Drive(capacity=2**39)],
            hostname=f"{rack}-{self._random.randbytes(3).hex()}.example.com",
            labels={"rack": rack, "tier": "compute"},
        )
