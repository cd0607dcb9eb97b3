"""Authentication by API key as a bearer token (RFC 6750), with one store read per key and cache time."""

import asyncio
import hashlib
import time
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime
from functools import partial

from shared.domain.access import Access, Caller, access
from shared.domain.errors import Unauthenticated
from shared.pb.inventory.v1.records_pb2 import ApiKey

FindKey = Callable[[str], Awaitable[ApiKey | None]]
"""Finds an API key by its SHA-256 digest in hexadecimal."""

# A revoked key still works for at most this long; SECURITY.md promises 60 s.
CACHE_SECONDS = 30.0
CACHE_SIZE = 10_000
MAX_KEY_LENGTH = 255


class Authenticator:
    """Authenticates callers. It caches keys by digest only, and evicts old and least recently used ones.

    Args:
        find_key: finds a key.
        clock: returns the current time, by which keys expire.
        monotonic: a clock in seconds that never goes back, by which cached keys are read again.
    """

    def __init__(
        self,
        find_key: FindKey,
        clock: Callable[[], datetime],
        *,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._find_key = find_key
        self._clock = clock
        self._monotonic = monotonic
        self._found: OrderedDict[str, tuple[float, asyncio.Future[Access | None]]] = OrderedDict()

    async def authenticate(self, authorizations: Sequence[str]) -> Caller:
        """Return the caller.

        Args:
            authorizations: the `Authorization` headers. There must be exactly one, because a proxy could
                evaluate the first of two and the function the last.

        Raises:
            Unauthenticated: the key is missing or not valid; the error does not say which.
        """
        scheme, _, key = authorizations[0].partition(" ") if len(authorizations) == 1 else ("", "", "")
        key = key.strip()
        if scheme.lower() != "bearer" or not key or len(key) > MAX_KEY_LENGTH:
            raise Unauthenticated
        found = await self._lookup(hashlib.sha256(key.encode()).hexdigest())
        if found is None or not found.is_valid_at(self._clock()):
            raise Unauthenticated
        return found.caller

    async def _lookup(self, digest: str) -> Access | None:
        """Return the access that a key grants; concurrent requests with the same key share one read."""
        now = self._monotonic()
        begun, reading = self._found.get(digest, (now, None))
        if reading is None or now - begun >= CACHE_SECONDS:
            reading = asyncio.ensure_future(self._read(digest))
            reading.add_done_callback(partial(self._forget_failure, digest))
            self._found[digest] = (now, reading)
        self._found.move_to_end(digest)
        while len(self._found) > CACHE_SIZE or now - next(iter(self._found.values()))[0] >= CACHE_SECONDS:
            self._found.popitem(last=False)
        try:
            return reading.result() if reading.done() else await asyncio.shield(reading)
        finally:
            del reading  # breaks the reference cycle with its failure's traceback, which includes this frame

    async def _read(self, digest: str) -> Access | None:
        key = await self._find_key(digest)
        return None if key is None else access(key)

    def _forget_failure(self, digest: str, reading: asyncio.Future[Access | None]) -> None:
        """Remove a failed read from the cache, because it says nothing about the key."""
        failed = reading.cancelled() or reading.exception() is not None
        if failed and self._found.get(digest, (None, None))[1] is reading:
            del self._found[digest]
