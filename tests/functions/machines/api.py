"""The machines API, as a client of one organization calls it."""

import json
from collections.abc import AsyncIterable, Mapping
from dataclasses import dataclass
from typing import Any

import httpx
from google.cloud.firestore import Client, CollectionReference

from tests.functions.machines.expectations import PATH
from tests.stack import Organization

Headers = Mapping[str, str | bytes]
Content = bytes | AsyncIterable[bytes]


@dataclass(frozen=True, kw_only=True)
class MachinesApi:
    """The API for one organization, with access to the database behind it."""

    http: httpx.AsyncClient
    organization: Organization
    store: Client

    async def register(
        self, body: object, headers: Headers | None = None, *, query: str = ""
    ) -> httpx.Response:
        """Send a body as JSON."""
        return await self.post(json.dumps(body).encode(), headers, query=query)

    async def post(
        self, content: Content, headers: Headers | None = None, *, query: str = ""
    ) -> httpx.Response:
        """Send bytes, as JSON unless the headers contain another media type."""
        sent = {"Content-Type": "application/json", **self.organization.headers, **(headers or {})}
        encoded = [
            (name.encode(), value if isinstance(value, bytes) else value.encode())
            for name, value in sent.items()
        ]
        return await self.http.post(f"{PATH}?{query}" if query else PATH, content=content, headers=encoded)

    async def call(
        self,
        method: str,
        path: str,
        body: object = None,
        headers: Mapping[str, str] | None = None,
    ) -> httpx.Response:
        """Make any call, with a JSON body if there is one."""
        sent = {**self.organization.headers, **(headers or {})}
        if body is None:
            return await self.http.request(method, path, headers=sent)
        sent = {"Content-Type": "application/json", **sent}
        return await self.http.request(method, path, content=json.dumps(body).encode(), headers=sent)

    def stored(self, machine_id: str) -> dict[str, Any]:
        """Read a machine from the database."""
        stored: dict[str, Any] | None = self.machines().document(machine_id).get().to_dict()
        assert stored is not None
        return stored

    def machines(self) -> CollectionReference:
        """Return the organization's collection of machines."""
        return self.store.collection("organizations", self.organization.id, "machines")
