"""Make the writes of simulated traffic by the product's own code."""

import random
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from uuid import UUID

from google.protobuf.message import Message

from functions.machines.registration import creation
from google_apis.firestore import firestore_pb2
from google_apis.firestore.document_pb2 import Document
from google_apis.firestore.firestore_pb2 import CommitResponse
from google_apis.firestore.write_pb2 import Write
from shared.bootstrap import Inventory
from shared.domain import machines
from shared.domain.access import Caller
from shared.domain.command import Command
from shared.domain.deadline import Deadline
from shared.domain.http_response import HttpResponse
from shared.domain.machine_change import MachineChange
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
from shared.store.change import Decision
from shared.store.changes import Changes
from shared.store.codec import encode
from shared.store.effects import Effects
from shared.store.firestore import Firestore
from shared.store.machines import StoredMachine, change_machine
from shared.store.outbox import Outbox
from shared.store.transaction import Transaction
from tests.bench.hot_spots.ranges import Written

START = datetime(2026, 1, 1, tzinfo=UTC)
HEARTBEAT = timedelta(seconds=30)
TIMEOUT = 60


class Recorder:
    """Replaces the RPCs: records commits, and responds that they were applied."""

    def __init__(self) -> None:
        self.writes: list[Write] = []

    async def commit(self, request: Message | bytes, **_: object) -> CommitResponse:
        sent = request if isinstance(request, bytes) else request.SerializeToString()
        commit = firestore_pb2.CommitRequest.FromString(sent)
        self.writes += commit.writes
        response = CommitResponse()
        for _write in commit.writes:
            response.write_results.add()
        return response


@dataclass
class Simulation:
    """Organizations whose machines register at even intervals, in turn.

    Attributes:
        organizations: the number of organizations.
        rate: registrations or heartbeats per second, of all together.
        seed: the seed, which makes the traffic reproducible.
    """

    organizations: int
    rate: float
    seed: int = 8

    def __post_init__(self) -> None:
        self._random = random.Random(self.seed)  # noqa: S311 - not a secret
        self._now = START
        self._recorder = Recorder()
        self._firestore = Firestore("simulation", "(default)")
        vars(self._firestore)["_rpcs"] = self._recorder
        self._inventory = self._wired()

    def _wired(self) -> Inventory:
        """Wire the product as `shared.bootstrap` does, but with simulated time, ids and services."""
        outbox = Outbox(self._firestore)

        async def publish(_entries: Sequence[OutboxEntry], _time: datetime) -> list[str]:
            return []  # publishing none avoids deletes from the outbox, which add no keys

        changes = Changes(
            self._firestore,
            publish=publish,
            outbox=outbox,
            clock=lambda: self._now,
            new_id=lambda: self._random.randbytes(16).hex(),
        )
        return Inventory(
            project="simulation",
            errors_base_url="https://api.example.com/errors",
            firestore=self._firestore,
            changes=changes,
            effects=Effects(self._firestore, lambda: self._now),
            outbox=outbox,
            publisher=Publisher("simulation"),
            clock=lambda: self._now,
            new_id=self.new_id,
        )

    def new_id(self) -> str:
        """Make a UUIDv7 of the simulated time with random bits, as if from one of many instances."""
        milliseconds = int(self._now.timestamp() * 1000)
        return str(UUID(int=milliseconds << 80 | 0x7 << 76 | 0b10 << 62 | self._random.getrandbits(62)))

    async def registrations(self, count: int) -> list[Written]:
        """Register machines, each with an idempotency key, and return all written documents."""
        for number in range(count):
            self._now = START + timedelta(seconds=number / self.rate)
            await self._register(self._caller(number))
        return [Written.created(write.update) for write in self._taken()]

    async def heartbeats(self, count: int) -> list[Written]:
        """Send a heartbeat from each of several connected machines, and return the heartbeats' writes."""
        beats = []
        for number in range(count):
            self._now = START + timedelta(seconds=number / self.rate)
            new = machines.register(Machine(), machine_id=self.new_id(), caller=self._caller(number))
            connected = machines.update(new, {"status": MACHINE_STATUS_CONNECTED}, now=self._now)
            alive = machines.update(connected.after, {"last_seen": self._now + HEARTBEAT}, now=self._now)
            await self._change(connected)
            await self._change(alive)
            beats.append(Written.changed(*self._taken()))
        return beats

    async def _change(self, change: MachineChange) -> None:
        machine = change.before
        name = self._firestore.name(paths.machine(machine.organization_id, machine.id))
        stored = StoredMachine.of(Document(name=name, fields=encode(machine)))
        write = change_machine(stored, change)
        await self._firestore.commit([write], Deadline(TIMEOUT))

    def _taken(self) -> list[Write]:
        writes, self._recorder.writes = self._recorder.writes, []
        return writes

    def _caller(self, number: int) -> Caller:
        return Caller(f"organization-{number % self.organizations}", "key", frozenset())

    async def _register(self, caller: Caller) -> None:
        machine = machines.register(self._profile(), machine_id=self._inventory.new_id(), caller=caller)
        command = Command(
            organization_id=caller.organization_id,
            idempotency_key=str(UUID(int=self._random.getrandbits(128), version=4)),
            request_digest=b"digest",
            deadline=Deadline(TIMEOUT),
        )

        async def decide(_: Transaction) -> Decision:
            return creation(self._inventory, machine, HttpResponse(status=201))

        await self._inventory.changes.apply(command, decide)

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
