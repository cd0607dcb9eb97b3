"""Authentication of keys, and its cache."""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest

from shared.domain.errors import Unauthenticated, Unavailable
from shared.edge.auth import CACHE_SECONDS, Authenticator
from shared.pb.inventory.v1.records_pb2 import ApiKey

NOW = datetime(2026, 1, 1, tzinfo=UTC)


class Store:
    """A store whose first read waits for a signal, and then fails."""

    def __init__(self) -> None:
        self.requested = asyncio.Event()
        self.reads: list[asyncio.Future[None]] = []

    async def find(self, _: str) -> ApiKey | None:
        self.reads.append(asyncio.get_running_loop().create_future())
        if len(self.reads) == 1:
            self.requested.set()
            await self.reads[0]
        return ApiKey(organization_id="organization")


async def test_a_failed_read_is_forgotten_also_when_the_first_caller_has_left() -> None:
    store = Store()
    authenticator = Authenticator(store.find, lambda: NOW)
    first = asyncio.create_task(authenticator.authenticate(["Bearer key"]))
    await store.requested.wait()
    second = asyncio.create_task(authenticator.authenticate(["Bearer key"]))
    first.cancel()
    with pytest.raises(asyncio.CancelledError):
        await first

    store.reads[0].set_exception(Unavailable())
    with pytest.raises(Unavailable):
        await second

    assert (await authenticator.authenticate(["Bearer key"])).organization_id == "organization"
    assert len(store.reads) == 2


async def test_a_read_that_fails_late_takes_no_later_one_with_it() -> None:
    seconds, store = 0.0, Store()
    authenticator = Authenticator(store.find, lambda: NOW, monotonic=lambda: seconds)
    late = asyncio.create_task(authenticator.authenticate(["Bearer key"]))
    await store.requested.wait()
    seconds = CACHE_SECONDS
    await authenticator.authenticate(["Bearer key"])

    store.reads[0].set_exception(Unavailable())
    with pytest.raises(Unavailable):
        await late

    await authenticator.authenticate(["Bearer key"])
    assert len(store.reads) == 2


async def test_a_key_that_is_longer_than_any_costs_no_read() -> None:
    async def reads(length: int) -> int:
        read = 0

        async def find(_: str) -> None:
            nonlocal read
            read += 1

        with pytest.raises(Unauthenticated):
            await Authenticator(find, lambda: NOW).authenticate(["Bearer " + "k" * length])
        return read

    assert [await reads(length) for length in (1, 255, 256)] == [1, 1, 0]


async def test_the_key_that_was_used_least_recently_is_forgotten_first(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("shared.edge.auth.CACHE_SIZE", 2)
    seconds, reads = 0.0, 0

    async def find(_: str) -> ApiKey:
        nonlocal reads
        reads += 1
        return ApiKey(organization_id="organization")

    authenticator = Authenticator(find, lambda: NOW, monotonic=lambda: seconds)

    async def reads_of(key: str) -> int:
        before = reads
        await authenticator.authenticate([f"Bearer {key}"])
        return reads - before

    used = ["first", "second", "first", "third", "first", "third", "second"]
    assert [await reads_of(key) for key in used] == [1, 1, 0, 1, 0, 0, 1]
    seconds = CACHE_SECONDS  # each entry has expired and is read again, which also counts as a use
    used = ["third", "first", "third", "first"]
    assert [await reads_of(key) for key in used] == [1, 1, 0, 0]


async def test_keys_that_are_no_longer_used_leave_the_memory() -> None:
    """Otherwise, each instance keeps 10,000 of those that callers have tried or rotated, 10 MB."""
    seconds = 0.0

    async def find(_: str) -> None:
        return None

    authenticator = Authenticator(find, lambda: NOW, monotonic=lambda: seconds)
    for number in range(100):
        with pytest.raises(Unauthenticated):
            await authenticator.authenticate([f"Bearer {number}"])
        seconds += 1
    assert len(authenticator._found) == CACHE_SECONDS


async def test_a_key_that_is_remembered_counts_until_it_expires() -> None:
    now, reads = NOW, 0

    async def find(_: str) -> ApiKey:
        nonlocal reads
        reads += 1
        key = ApiKey(organization_id="organization")
        key.expires_at.FromDatetime(NOW + timedelta(seconds=10))
        return key

    authenticator = Authenticator(find, lambda: now)
    for seconds in (0, 9):
        now = NOW + timedelta(seconds=seconds)
        assert (await authenticator.authenticate(["Bearer key"])).organization_id == "organization"
    now = NOW + timedelta(seconds=10)
    with pytest.raises(Unauthenticated):
        await authenticator.authenticate(["Bearer key"])

    assert reads == 1


async def test_a_key_that_is_revoked_works_on_for_less_than_a_minute() -> None:
    """Even if the clock stands still, or is set back again and again."""
    seconds, key, reads = 0.0, ApiKey(organization_id="organization"), 0

    async def find(_: str) -> ApiKey:
        nonlocal reads
        reads += 1
        return key

    authenticator = Authenticator(find, lambda: NOW, monotonic=lambda: seconds)
    await authenticator.authenticate(["Bearer key"])
    key = ApiKey(organization_id="organization", revoked_at=NOW)
    seconds = CACHE_SECONDS - 0.001
    await authenticator.authenticate(["Bearer key"])
    seconds = CACHE_SECONDS
    with pytest.raises(Unauthenticated):
        await authenticator.authenticate(["Bearer key"])

    assert reads == 2
    assert CACHE_SECONDS < 60
