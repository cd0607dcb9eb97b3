"""One idempotency key in concurrent requests, for every write of every function."""

import asyncio
import re
import time
from dataclasses import dataclass
from typing import Any

import httpx
import pytest
from google.cloud import firestore

from shared.domain.deadline import REQUEST_SECONDS
from tests.control import Control
from tests.functions.machines.bodies import a_mac
from tests.stack import NewOrganization, Organization

AT_ONCE = 64
PROFILES, MACHINES, POOLS = "/api/v1/machines", "/v1/machines", "/v1/pools"
# Not part of a commit: shown as of the time of each response.
SHOWN_AS_NOW = {"machine_count", "machines", "included"}


@dataclass(frozen=True)
class Scene:
    """An organization with a machine in one of its two pools."""

    http: httpx.AsyncClient
    organization: Organization
    store: firestore.Client
    machine: str
    joined: str
    other: str
    mac: str

    async def send(self, write: str, key: str) -> httpx.Response:
        """Send a write of the table, with the scene's ids."""
        method, path, body = WRITES[write][0]
        return await self.http.request(
            method,
            self.filled(path),
            json=self.filled(body),
            headers={**self.organization.headers, "Idempotency-Key": key},
        )

    def versions(self) -> dict[str, int]:
        """Return the versions of all stored machines and pools."""
        organization = self.store.collection("organizations").document(self.organization.id)
        return {
            document.id: document.get("version")
            for collection in ("machines", "pools")
            for document in organization.collection(collection).stream()
        }

    def filled(self, part: Any) -> Any:  # noqa: ANN401 - JSON
        """Replace placeholders with the scene's ids."""
        match part:
            case str():
                return part.format(machine=self.machine, joined=self.joined, other=self.other, mac=self.mac)
            case list():
                return [self.filled(value) for value in part]
            case dict():
                return {name: self.filled(value) for name, value in part.items()}
            case _:
                return part


Request = tuple[str, str, dict[str, Any] | None]

# Each request, with its effect on the sum of all versions. The machine's is 2, and a pool's is 1.
WRITES: dict[str, tuple[Request, int]] = {
    "register": (("POST", PROFILES, {"nics": [{"mac": "{mac}"}]}), 1),
    "register by fingerprint": (("POST", MACHINES, {"fingerprint": "f", "unkey_key_id": "k"}), 1),
    "replace": (("PUT", PROFILES + "/{machine}", {"nics": [{"mac": "{mac}"}], "name": "new"}), 1),
    "patch": (("PATCH", MACHINES + "/{machine}", {"name": "new"}), 1),
    "heartbeat": (("PATCH", MACHINES + "/{machine}", {"last_seen": "2030-01-01T00:00:00Z"}), 0),
    "delete": (("DELETE", MACHINES + "/{machine}", None), -2),
    "delete profile": (("DELETE", PROFILES + "/{machine}", None), -2),
    "create pool": (("POST", POOLS, {"name": "new"}), 1),
    "update pool": (("PATCH", POOLS + "/{joined}", {"name": "new"}), 1),
    "delete pool": (("DELETE", POOLS + "/{joined}", None), -1),
    "add": (("POST", POOLS + "/{other}/machines", {"machine_ids": ["{machine}"]}), 1),
    "remove": (("DELETE", POOLS + "/{joined}/machines", {"machine_ids": ["{machine}"]}), 1),
    "remove by post": (("POST", POOLS + "/{joined}/machines/remove", {"machine_ids": ["{machine}"]}), 1),
    "set pools": (("PUT", MACHINES + "/{machine}/pools", {"pool_ids": ["{other}"]}), 1),
}
WITH_BODY = [write for write, ((_, _, body), _) in WRITES.items() if body]


@pytest.fixture
async def scene(
    http: httpx.AsyncClient, new_organization: NewOrganization, firestore_client: firestore.Client
) -> Scene:
    organization = new_organization()

    async def create(path: str, body: dict[str, Any]) -> str:
        response = await http.post(path, json=body, headers=organization.headers)
        assert response.status_code == 201, response.text
        return str(response.json()["id"])

    machine = await create(PROFILES, {"nics": [{"mac": a_mac()}]})
    joined, other = await create(POOLS, {"name": "joined"}), await create(POOLS, {"name": "other"})
    response = await http.post(
        f"{POOLS}/{joined}/machines", json={"machine_ids": [machine]}, headers=organization.headers
    )
    assert response.status_code == 200, response.text
    return Scene(http, organization, firestore_client, machine, joined, other, a_mac())


@pytest.mark.parametrize("write", WRITES)
async def test_concurrent_requests_with_one_key_take_effect_once_and_get_the_same_response(
    scene: Scene, write: str
) -> None:
    before = scene.versions()
    responses = await asyncio.gather(*(scene.send(write, "one-key") for _ in range(AT_ONCE)))
    assert all(response.is_success for response in responses), [response.text for response in responses][:3]
    assert (
        len(
            {
                (response.status_code, own_state(response), response.headers.get("ETag"))
                for response in responses
            }
        )
        == 1
    )
    assert sum("Idempotent-Replayed" not in response.headers for response in responses) == 1
    assert sum(scene.versions().values()) - sum(before.values()) == WRITES[write][1]


def own_state(response: httpx.Response) -> str:
    """Return the part of a response that must be equal in all responses."""
    content = response.json() if response.content else {}
    return str({name: value for name, value in content.items() if name not in SHOWN_AS_NOW})


@pytest.mark.parametrize("write", WRITES)
async def test_fields_of_a_newer_release_stay(scene: Scene, write: str) -> None:
    """During a rollout, and after a rollback, this release changes what a newer one wrote."""
    organization = scene.store.collection("organizations").document(scene.organization.id)
    newer = {"rack": "r1", "placement": {"room": "a"}, "fans": [{"rpm": 900}], "notes": {"a": "b"}, "cost": 7}
    ids = {"machines": [scene.machine], "pools": [scene.joined, scene.other]}
    documents = [organization.collection(name).document(each) for name in ids for each in ids[name]]
    for document in documents:
        document.update(newer)

    assert (await scene.send(write, "one-key")).is_success

    left = [found for document in documents if (found := document.get()).exists]
    assert len(documents) - write.startswith("delete") == len(left)
    assert [newer] * len(left) == [{name: found.get(name) for name in newer} for found in left]


@pytest.mark.parametrize(
    "path", [f"{PROFILES}/{{machine}}", f"{MACHINES}/{{machine}}", f"{POOLS}/{{joined}}"]
)
async def test_a_deletion_is_none_of_a_list_in_its_body(scene: Scene, path: str) -> None:
    """The client may have meant to send it to the pool's `/machines`."""
    before = scene.versions()
    url = scene.filled(path)

    async def delete(content: bytes, **headers: str) -> httpx.Response:
        sent = {**scene.organization.headers, "Content-Type": "application/json", **headers}
        return await scene.http.request("DELETE", url, content=content, headers=sent)

    rejected = await delete(b'{"machine_ids": []}')
    assert rejected.status_code == (400 if path.startswith(PROFILES) else 422)
    assert "machine_ids" in rejected.text
    assert (await delete(b"x")).status_code == 400
    assert (await delete(b"x", **{"Content-Type": "text/plain"})).status_code == 415
    assert before == scene.versions()
    assert (await delete(b"{}")).status_code == 204


@pytest.mark.parametrize("write", WITH_BODY)
async def test_a_body_that_is_lost_is_missed(scene: Scene, write: str) -> None:
    method, path, _ = WRITES[write][0]
    url = scene.filled(path)

    response = await scene.http.request(method, url, headers=scene.organization.headers)

    assert response.status_code == 400
    assert response.json()["detail"].startswith("There is no body")


@pytest.mark.parametrize("write", WRITES)
async def test_a_key_that_was_used_is_reported_before_what_is_wrong_with_another_body(
    scene: Scene, write: str
) -> None:
    assert (await scene.send(write, "one-key")).is_success
    method, path, _ = WRITES[write][0]
    url = scene.filled(path)
    headers = {**scene.organization.headers, "Idempotency-Key": "one-key"}

    for content in (b"{ }", b'{"x": 1}', b"x"):
        sent = {**headers, "Content-Type": "application/json"}
        response = await scene.http.request(method, url, content=content, headers=sent)
        assert response.status_code == 422
        assert "was used before" in response.text

    fresh = await scene.http.request(
        method, url, json={"x": 1}, headers={**headers, "Idempotency-Key": "another-key"}
    )
    assert fresh.status_code == (400 if url.startswith(PROFILES) else 422)
    assert "x" in fresh.text


@pytest.mark.parametrize("write", [write for write, ((_, path, _), _) in WRITES.items() if "{" in path])
async def test_a_key_that_was_used_is_reported_before_what_is_wrong_with_another_path(
    scene: Scene, write: str
) -> None:
    assert (await scene.send("create pool", "one-key")).is_success
    method, path, body = WRITES[write][0]
    headers = {**scene.organization.headers, "Idempotency-Key": "one-key"}

    response = await scene.http.request(
        method, re.sub(r"{\w+}", "nothing", path), json=scene.filled(body), headers=headers
    )

    assert response.status_code == 422
    assert "was used before" in response.text


@pytest.mark.parametrize("write", WRITES)
async def test_a_replay_has_its_headers_in_the_same_order(scene: Scene, write: str) -> None:
    def order(response: httpx.Response) -> list[str]:
        return [name for name in response.headers if name not in {"link", "idempotent-replayed"}]

    first = await scene.send(write, "one-key")

    assert order(first) == order(await scene.send(write, "one-key"))


@pytest.mark.parametrize(
    ("write", "code"),
    [
        ("replace", "UNAVAILABLE"),
        ("create pool", "UNAVAILABLE"),
        ("delete", "UNAVAILABLE"),
        ("patch", "FAILED_PRECONDITION"),
        ("add", "PERMISSION_DENIED"),
    ],
)
async def test_a_fault_is_reported_though_the_store_cannot_say_whether_the_key_was_used(
    scene: Scene, firestore_control: Control, write: str, code: str
) -> None:
    records = f"{scene.organization.id}/idempotency/"
    await firestore_control.fail_next("BatchGetDocuments", pattern=records, code=code, count=1000)
    method, path, _ = WRITES[write][0]
    headers = {**scene.organization.headers, "Idempotency-Key": "one-key"}

    began = time.monotonic()
    try:
        response = await scene.http.request(method, scene.filled(path), json={"x": 1}, headers=headers)
    finally:
        await firestore_control.forget()

    assert response.status_code == (400 if path.startswith(PROFILES) else 422)
    assert "x" in response.text
    assert time.monotonic() - began < REQUEST_SECONDS / 2
