"""The pools API, as a client of one organization calls it."""

import json
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import httpx
from google.cloud.firestore import Client, CollectionReference, FieldFilter, Query
from uuid6 import uuid7

from tests.functions.machines.bodies import a_body
from tests.stack import Organization

# Enough for the largest pools whose cost is measured.
SORTING_SECONDS = 120.0

Json = dict[str, Any]
Headers = Mapping[str, str]


def a_uuid() -> str:
    """Return a random id."""
    return str(uuid.uuid4())


# The changes of a pool: the method, the path below the pool's, and the body, with an unknown machine.
WRITES: list[tuple[str, str, Any]] = [
    ("PATCH", "", {"name": "b"}),
    ("DELETE", "", None),
    ("POST", "/machines", {"machine_ids": [a_uuid()]}),
    ("DELETE", "/machines", {"machine_ids": [a_uuid()]}),
    ("POST", "/machines/remove", {"machine_ids": [a_uuid()]}),
]


@dataclass(frozen=True, kw_only=True)
class PoolsApi:
    """The API for one organization, with access to the database behind it."""

    http: httpx.AsyncClient
    organization: Organization
    store: Client

    async def call(
        self, method: str, path: str, body: object = None, headers: Headers | None = None
    ) -> httpx.Response:
        """Send a request, with a JSON body if there is one."""
        content = None if body is None else json.dumps(body).encode()
        return await self.send(method, path, content, {"Content-Type": "application/json", **(headers or {})})

    async def send(
        self, method: str, path: str, content: bytes | None = None, headers: Headers | None = None
    ) -> httpx.Response:
        """Send a request with any body."""
        sent = {**self.organization.headers, **(headers or {})}
        return await self.http.request(method, path, content=content, headers=sent)

    async def create(self, **body: Any) -> Json:  # noqa: ANN401 - JSON
        """Create a pool and return it."""
        return _success(await self.call("POST", "/v1/pools", {"name": "a pool", **body}), 201)

    async def get(self, pool_id: str, query: str = "") -> Json:
        """Get a pool."""
        return _success(await self.call("GET", f"/v1/pools/{pool_id}{query}"), 200)

    async def update(self, pool_id: str, body: Json) -> Json:
        """Change a pool."""
        return _success(await self.call("PATCH", f"/v1/pools/{pool_id}", body), 200)

    async def delete(self, pool_id: str) -> None:
        """Delete a pool."""
        response = await self.call("DELETE", f"/v1/pools/{pool_id}")
        assert response.status_code == 204, response.text

    async def add(self, pool_id: str, machine_ids: Sequence[str]) -> Json:
        """Add machines to a pool."""
        body = {"machine_ids": machine_ids}
        return _success(await self.call("POST", f"/v1/pools/{pool_id}/machines", body), 200)

    async def remove(self, pool_id: str, machine_ids: Sequence[str]) -> None:
        """Remove machines from a pool."""
        body = {"machine_ids": machine_ids}
        response = await self.call("DELETE", f"/v1/pools/{pool_id}/machines", body)
        assert response.status_code == 204, response.text

    async def pools_of(self, machine_id: str) -> list[str]:
        """Return the ids of a machine's pools."""
        response = await self.call("GET", f"/v1/machines/{machine_id}/pools")
        assert response.status_code == 200, response.text
        return [pool["id"] for pool in response.json()]

    async def register(self) -> str:
        """Register a machine and return its id."""
        return str(_success(await self.call("POST", "/api/v1/machines", a_body()), 201)["id"])

    async def register_several(self, count: int) -> list[str]:
        """Register machines, and return their ids, newest first."""
        return [await self.register() for _ in range(count)][::-1]

    def machines(self) -> CollectionReference:
        """Return the organization's collection of machines."""
        return self.store.collection("organizations", self.organization.id, "machines")

    def stored(self, machine_id: str) -> Json:
        """Read a machine from the database."""
        stored: Json | None = self.machines().document(machine_id).get().to_dict()
        assert stored is not None
        return stored

    def put(self, machine_ids: Sequence[str], pool_ids: Sequence[str]) -> None:
        """Set the pools of machines directly in the database, which is fast."""
        batch = self.store.batch()
        for machine_id in machine_ids:
            batch.update(self.machines().document(machine_id), {"pool_ids": pool_ids})
        batch.commit()

    async def fill(self, pool_ids: Sequence[str], count: int) -> list[str]:
        """Create members of pools directly in the database, and return their ids, newest first."""
        member = self.stored(await self.register()) | {"pool_ids": pool_ids}
        del member["terms"]  # they are most of a machine's data, and no test searches here
        ids = [str(uuid7()) for _ in range(count)]
        for start in range(0, count, 400):
            batch = self.store.batch()
            for machine_id in ids[start : start + 400]:
                batch.set(self.machines().document(machine_id), member | {"id": machine_id})
            batch.commit()
        for pool_id in pool_ids:
            self._ask_for_members(pool_id)
        return ids[::-1]

    def _ask_for_members(self, pool_id: str) -> None:
        """Query the members, so that the emulator sorts its new data now instead of in the first request."""
        members = self.machines().where(filter=FieldFilter("pool_ids", "array_contains", pool_id))
        members.order_by("__name__", direction=Query.DESCENDING).limit(1).get(timeout=SORTING_SECONDS)
        members.count().get(timeout=SORTING_SECONDS)  # type: ignore[call-arg] # the library annotates it wrongly


def _success(response: httpx.Response, status: int) -> Json:
    assert response.status_code == status, response.text
    body: Json = response.json()
    return body
