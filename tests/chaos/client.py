"""A correct client: it sends most changes with an idempotency key, and retries these until a response."""

import asyncio
import random
import time
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import httpx

# These statuses do not depend on the request, so the client repeats it with the same key.
TRY_AGAIN = {429, 502, 503, 504}
# After this, a client gives up. Its change may have been applied or not.
GIVE_UP_AFTER = 60.0
# The share of changes without a key, which cannot be repeated.
WITHOUT_KEY = 0.3
# The share of requests whose connection the client closes before the response.
IMPATIENT = 0.03


@dataclass(frozen=True, kw_only=True)
class Change:
    """A change that a client requests.

    Attributes:
        operation: the name of the operation, for people.
        method: the HTTP method.
        path: the resource's path.
        body: the body, sent as JSON.
        headers: the headers except `Idempotency-Key` and the API key.
        allowed: the statuses that are possible, as far as the client knows.
    """

    operation: str
    method: str
    path: str
    body: dict[str, Any] | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    allowed: frozenset[int]


@dataclass(frozen=True, kw_only=True)
class Sent:
    """A change that a client requested, with the response if there was one.

    Attributes:
        change: the change.
        key: the idempotency key, if any.
        attempts: the number of requests.
        sent_at: the time of the last request.
        response: the response to the last request; None if there was none.
    """

    change: Change
    key: str | None
    attempts: int
    sent_at: datetime
    response: httpx.Response | None


@dataclass
class Ledger:
    """The requests and responses of all clients, and the faults that they found."""

    sent: list[Sent] = field(default_factory=list)
    operations: Counter[str] = field(default_factory=Counter)
    responses: Counter[str] = field(default_factory=Counter)
    complaints: list[str] = field(default_factory=list)

    def note(self, sent: Sent) -> None:
        """Record a change."""
        self.sent.append(sent)
        self.operations[sent.change.operation] += 1
        self.responses[str(sent.response.status_code) if sent.response else "no answer"] += 1


class Client:
    """One client of one organization.

    Args:
        http: a client of the gateway.
        headers: the organization's API key.
        ledger: records the changes.
        chance: the client's random generator.
        name: a unique prefix of the names of its changes.
    """

    def __init__(
        self,
        http: httpx.AsyncClient,
        headers: dict[str, str],
        ledger: Ledger,
        chance: random.Random,
        name: str,
    ) -> None:
        self.ledger = ledger
        self.chance = chance
        self._http = http
        self._headers = headers
        self.name = name
        self._count = 0

    def token(self) -> str:
        """Return a name that is unique among all changes."""
        self._count += 1
        return f"{self.name}-{self._count}"

    async def ask(self, change: Change) -> httpx.Response | None:
        """Request a change, for a minute at most, and record a fault if the status is not allowed."""
        key = None if self.chance.random() < WITHOUT_KEY else f"key-{self.token()}"
        sent = await self._send(change, key)
        self.ledger.note(sent)
        if sent.response is not None and sent.response.status_code not in change.allowed:
            self.ledger.complaints.append(
                f"{change.operation}: {change.method} {change.path} with {key}: {sent.response.status_code}"
                f" after {sent.attempts} attempts, {sent.response.text[:300]} (asked {change.body})"
            )
        return sent.response

    async def read(self, path: str) -> httpx.Response:
        """Get a resource, with retries for up to a minute."""
        end = time.monotonic() + GIVE_UP_AFTER
        while True:
            try:
                response = await self._http.get(path, headers=self._headers)
            except httpx.TransportError:
                if time.monotonic() > end:
                    raise
            else:
                if response.status_code not in TRY_AGAIN or time.monotonic() > end:
                    self.ledger.operations["read"] += 1
                    return response
            await self._pause(1)

    async def replay(self, sent: Sent) -> httpx.Response:
        """Repeat a change that has a response."""
        return await self._request(sent.change, sent.key, timeout=30)

    async def _send(self, change: Change, key: str | None) -> Sent:
        end = time.monotonic() + GIVE_UP_AFTER
        attempts = 0
        sent_at = datetime.now(UTC)
        response: httpx.Response | None = None
        while response is None and time.monotonic() < end:
            attempts += 1
            sent_at = datetime.now(UTC)
            try:
                response = await self._request(change, key, timeout=self._timeout())
            except httpx.TransportError:
                response = None
            if response is not None and response.status_code in TRY_AGAIN:
                response = None
            if response is None:
                if key is None:
                    break  # it may have been applied, so a repeat could apply it twice
                await self._pause(attempts)
        return Sent(change=change, key=key, attempts=attempts, sent_at=sent_at, response=response)

    async def _request(self, change: Change, key: str | None, *, timeout: float) -> httpx.Response:  # noqa: ASYNC109 - the client's own
        headers = {**self._headers, **change.headers, **({"Idempotency-Key": key} if key else {})}
        return await self._http.request(
            change.method, change.path, json=change.body, headers=headers, timeout=timeout
        )

    def _timeout(self) -> float:
        return self.chance.uniform(0.001, 0.1) if self.chance.random() < IMPATIENT else 30

    async def _pause(self, attempts: int) -> None:
        await asyncio.sleep(self.chance.uniform(0, min(0.1 * 2**attempts, 2.0)))
