"""A backlog with random operations, compared with a model of its leases and their order."""

import time
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, replace
from weakref import WeakSet

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from google_apis.pubsub import pubsub_pb2 as pb
from infra.local.pubsub.backlog import Backlog
from infra.local.pubsub.journal import Journal
from infra.local.pubsub.leases import Consumer, Lease
from infra.local.pubsub.message import Message
from infra.local.pubsub.policy import Policy

ACK_DEADLINE = 10
POLICY = Policy(
    ordered=True,
    retain_acked=False,
    retention=1e9,
    ack_deadline=ACK_DEADLINE,
    minimum_backoff=2,
    maximum_backoff=5,
    max_attempts=0,
)


@dataclass
class Held:
    """A leased message, until its lease ends."""

    key: str
    sequence: int
    deadline: float
    holder: Consumer


def new_backlog(policy: Policy = POLICY) -> Backlog:
    return Backlog("name", policy, Journal(), lambda _message, _failures: False)


class BacklogMachine(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.now = 1000.5  # leases end at whole tenths of a second, between ticks
        self.backlog = new_backlog()
        self.streams = [Consumer(max_messages=2), Consumer(max_messages=3)]
        for consumer in self.streams:
            self.backlog.attach(consumer)
        self.offered: dict[int, str] = {}
        self.acked: set[int] = set()
        self.held: dict[str, Held] = {}
        self.ended: list[str] = []
        self.delivered: dict[str, set[int]] = defaultdict(set)

    @rule(key=st.sampled_from(["", "a", "b"]))
    def offer(self, key: str) -> None:
        sequence = len(self.offered) + 1
        self.offered[sequence] = key
        self.backlog.offer(Message(pb.PubsubMessage(data=b"x", ordering_key=key), sequence, self.now))

    @rule(stream=st.integers(0, 1), limit=st.integers(1, 3))
    def take_on_a_stream(self, stream: int, limit: int) -> None:
        self.take(self.streams[stream], limit)

    @rule(limit=st.integers(1, 5))
    def pull(self, limit: int) -> None:
        self.take(Consumer(), limit)

    @precondition(lambda self: self.held)
    @rule(data=st.data())
    def acknowledge(self, data: st.DataObject) -> None:
        ack_id = data.draw(st.sampled_from(sorted(self.held)))
        assert self.backlog.acknowledge([ack_id]) == 1
        self.acked.add(self.end(ack_id).sequence)

    @precondition(lambda self: self.ended)
    @rule(data=st.data(), seconds=st.sampled_from([0, 5]))
    def use_a_lease_that_ended(self, data: st.DataObject, seconds: int) -> None:
        ack_id = data.draw(st.sampled_from(self.ended))
        assert self.backlog.acknowledge([ack_id]) == 0
        self.backlog.modify_deadline(ack_id, seconds, self.now)

    @precondition(lambda self: self.held)
    @rule(data=st.data())
    def nack(self, data: st.DataObject) -> None:
        ack_id = data.draw(st.sampled_from(sorted(self.held)))
        self.backlog.modify_deadline(ack_id, 0, self.now)
        self.fail(ack_id)

    @precondition(lambda self: self.held)
    @rule(data=st.data(), seconds=st.integers(1, 20))
    def extend(self, data: st.DataObject, seconds: int) -> None:
        ack_id = data.draw(st.sampled_from(sorted(self.held)))
        self.backlog.modify_deadline(ack_id, seconds, self.now)
        self.held[ack_id].deadline = self.now + seconds

    @rule(seconds=st.integers(1, 12))
    def pass_time(self, seconds: int) -> None:
        self.now += seconds + 0.25
        self.backlog.tick(self.now)
        for ack_id in sorted(self.held):
            if ack_id in self.held and self.held[ack_id].deadline < self.now - 0.1:
                self.fail(ack_id)

    @invariant()
    def flow_control_counts_what_is_held(self) -> None:
        for consumer in self.streams:
            assert 0 <= consumer.messages <= consumer.max_messages

    def teardown(self) -> None:
        """In the end, all messages are delivered, in the order of each key."""
        for _ in range(3):
            self.pass_time(30)
            while self.take(Consumer(), 100):
                for ack_id in list(self.held):
                    self.backlog.acknowledge([ack_id])
                    self.acked.add(self.end(ack_id).sequence)
        assert self.acked == set(self.offered)

    def take(self, consumer: Consumer, limit: int) -> int:
        leases = self.backlog.take(consumer, limit, self.now)
        for lease in leases:
            message = lease.delivery.message
            key = message.ordering_key
            assert message.sequence not in {held.sequence for held in self.held.values()}
            if key:
                earlier = {one for one, of in self.offered.items() if of == key and one < message.sequence}
                assert earlier <= self.delivered[key]
                self.delivered[key].add(message.sequence)
                assert {held.holder for held in self.held.values() if held.key == key} <= {consumer}
            self.held[lease.ack_id] = Held(key, message.sequence, self.now + ACK_DEADLINE, consumer)
        return len(leases)

    def fail(self, ack_id: str) -> None:
        """Expect a message to be redelivered, with all later delivered messages of its key."""
        failed = self.end(ack_id)
        if failed.key:
            self.delivered[failed.key] -= set(range(failed.sequence, len(self.offered) + 1))
            for other, held in list(self.held.items()):
                if held.key == failed.key and held.sequence > failed.sequence:
                    self.end(other)

    def end(self, ack_id: str) -> Held:
        self.ended.append(ack_id)
        return self.held.pop(ack_id)


TestBacklog = BacklogMachine.TestCase
TestBacklog.settings = settings(max_examples=100, stateful_step_count=40)


def test_the_last_messages_of_many_come_as_fast_as_the_first() -> None:
    few, many = filled(1_000), filled(100_000)
    drain(many, batches=99, limit=1_000)

    times = [(cpu_time_of_100(few), cpu_time_of_100(many)) for _ in range(5)]
    of_few, of_many = map(min, zip(*times, strict=True))
    assert of_many < 3 * of_few


def filled(messages: int) -> Backlog:
    backlog = new_backlog()
    for sequence in range(messages):
        backlog.offer(Message(pb.PubsubMessage(data=b"x"), sequence, 0))
    return backlog


def drain(backlog: Backlog, batches: int, limit: int) -> None:
    for _ in range(batches):
        backlog.acknowledge(lease.ack_id for lease in backlog.take(Consumer(), limit, 0))


def cpu_time_of_100(backlog: Backlog) -> float:
    """Return the CPU time that delivering 100 messages one by one takes."""
    begun = time.process_time()
    drain(backlog, batches=100, limit=1)
    return time.process_time() - begun


class WatchedMessage(Message):
    """A message that supports weak references."""


@pytest.mark.parametrize(
    "key",
    [
        pytest.param(lambda _: "", id="no ordering key"),
        pytest.param(lambda _: "busy", id="one"),
        pytest.param(str, id="one for each message"),
        pytest.param(lambda number: "busy" if number % 10 == 0 else str(number), id="a busy one and others"),
        pytest.param(lambda number: "busy" if number % 10 == 0 else "", id="a busy one and none"),
    ],
)
def test_what_expires_unread_leaves_the_memory(key: Callable[[int], str]) -> None:
    backlog = new_backlog(replace(POLICY, retention=100))
    in_memory = WeakSet[Message]()
    for now in range(1_000):
        message = WatchedMessage(pb.PubsubMessage(data=b"x", ordering_key=key(now)), now, now)
        in_memory.add(message)
        backlog.offer(message)
        backlog.expire(now)
    assert len(in_memory) <= 2 * 101
    assert len(backlog.take(Consumer(), 1_000, now)) == 101


def test_an_acknowledged_message_that_expires_does_not_break_the_order_of_its_key() -> None:
    backlog = new_backlog(replace(POLICY, retain_acked=True, retention=100))
    first, second, third = (
        Message(pb.PubsubMessage(data=b"x", ordering_key="a"), number, published)
        for number, published in enumerate([0, 50, 150])
    )
    backlog.offer(first)
    backlog.acknowledge(lease.ack_id for lease in backlog.take(Consumer(), 1, now=0))
    backlog.offer(second)
    backlog.expire(now=120)
    backlog.offer(third)
    assert [lease.delivery.message for lease in backlog.take(Consumer(), 1, now=150)] == [second]
    assert backlog.take(Consumer(), 1, now=150) == []


def test_a_key_waits_for_the_longest_backoff_of_its_messages() -> None:
    backlog, consumer = new_backlog(), Consumer()
    for number in (1, 2):
        backlog.offer(Message(pb.PubsubMessage(data=b"x", ordering_key="a"), number, 0))

    def taken(now: float) -> list[Lease]:
        backlog.tick(now)
        return backlog.take(consumer, 10, now)

    first, second = taken(0)
    backlog.modify_deadline(second.ack_id, 0, 0)
    [second] = taken(2)
    backlog.modify_deadline(second.ack_id, 0, 2)  # second failure: backoff until 6
    backlog.modify_deadline(first.ack_id, 0, 2)  # first failure: backoff until 4

    assert taken(5) == []
    assert [lease.delivery.message.sequence for lease in taken(6)] == [1, 2]


def test_what_is_taken_at_once_is_about_a_megabyte() -> None:
    backlog = new_backlog()
    for number in range(10):
        backlog.offer(Message(pb.PubsubMessage(data=b"x" * 300_000), number, 0))
    assert [len(backlog.take(Consumer(), 1_000, now=0)) for _ in range(4)] == [4, 4, 2, 0]
