"""Agents of several organizations call at once: each gets its own answer, also if shared calls fail."""

import asyncio
from datetime import timedelta

import httpx
import pytest

from tests.control import Control
from tests.functions.machines.agents import AGENTS, missing, parse_time, shown
from tests.functions.machines.api import MachinesApi
from tests.functions.machines.bodies import a_body
from tests.functions.machines.expectations import PATH, created
from tests.inventory_checker import InventoryChecker, settled

COUNT = 8
UNKNOWN = "01900000-0000-7000-8000-{:012}"


class Agent:
    """The agent of one machine."""

    def __init__(self, machines: MachinesApi, foreign: MachinesApi, number: int) -> None:
        self.machines, self.foreign = machines, foreign
        self.unknown = UNKNOWN.format(number)
        self.body = a_body(name=f"machine {number} of {machines.organization.id}")

    async def register(self) -> None:
        self.id = created(await self.machines.register(self.body))
        self.time = parse_time(shown(await self.machines.call("GET", f"{AGENTS}/{self.id}"))["last_seen"])

    async def work(self) -> None:
        """Make all kinds of calls that share calls of the store, all at once, and check their answers."""
        self.time += timedelta(minutes=1)
        [mac] = [nic["mac"] for nic in self.body["nics"]]
        beat, unchanged = {"last_seen": self.time.isoformat()}, {"name": self.body["name"]}
        path, unknown = f"{AGENTS}/{self.id}", f"{AGENTS}/{self.unknown}"
        key = {"Idempotency-Key": f"{self.id}-{self.time.isoformat()}"}
        alive, again, same, read, listed, *absent = await asyncio.gather(
            self.machines.call("PATCH", path, beat),
            self.machines.call("PATCH", path, beat, {"If-Match": '"1"'}),
            self.machines.call("PATCH", path, unchanged, key),
            self.machines.call("GET", f"{PATH}/{self.id}"),
            self.machines.call("GET", f"{PATH}?mac={mac}"),
            self.machines.call("GET", unknown),
            self.machines.call("PATCH", unknown, beat),
            self.foreign.call("GET", path),
            self.foreign.call("PATCH", path, beat),
        )
        for response in (alive, again):
            self.check(response)
            assert parse_time(response.json()["last_seen"]) == self.time
        self.check(same)
        self.check(read)
        assert [machine["id"] for machine in listed.json()["machines"]] == [self.id]
        for response, machine_id in zip(absent, [self.unknown] * 2 + [self.id] * 2, strict=True):
            missing(response, machine_id)
        assert await self.has_its_heartbeat()

    def check(self, response: httpx.Response) -> None:
        machine = shown(response)
        expected = (self.id, self.machines.organization.id, self.body["name"])
        assert (machine["id"], machine["organization_id"], machine["name"]) == expected

    async def has_its_heartbeat(self) -> bool:
        response = await self.machines.call("GET", f"{AGENTS}/{self.id}")
        return self.time == parse_time(shown(response)["last_seen"]) and response.headers["etag"] == '"1"'


@pytest.mark.parametrize("when", [None, "before", "after"])
async def test_each_agent_gets_its_own_answers(
    machines: MachinesApi,
    others: MachinesApi,
    firestore_control: Control,
    checker: InventoryChecker,
    when: str | None,
) -> None:
    pairs = [(machines, others), (others, machines)]
    agents = [Agent(*pairs[number % 2], number) for number in range(COUNT)]
    await asyncio.gather(*(agent.register() for agent in agents))
    if when is not None:
        for method in ("BatchGetDocuments", "BatchWrite"):
            for code in ("UNAVAILABLE", "ABORTED" if when == "before" else "INTERNAL"):
                await firestore_control.fail_next(method, when=when, code=code)

    for _ in range(2):
        await asyncio.gather(*(agent.work() for agent in agents))
    while await firestore_control.waiting():  # so few calls began together that some faults hit none
        await asyncio.gather(*(agent.work() for agent in agents))

    assert all([await agent.has_its_heartbeat() for agent in agents])
    assert settled(checker.faults) == []
