"""Test a deployment, or the local stack, with a new machine and a new pool: `KEY=... make smoke URL=...`.

Even after a failure, the test deletes all that it knows it has created, and reports what it cannot delete.
The key needs all four scopes.
"""

import contextlib
import os
import re
import secrets
import sys
import time
import uuid
from typing import Any

import httpx

from infra import os_errors
from infra.arguments import Parser, printable

TIMEOUT = 30.0


class Failure(Exception):
    """A response is not the one of a working deployment; the text says how it differs."""


class Smoke:
    """One run of the test against one deployment."""

    def __init__(self, http: httpx.Client) -> None:
        self._http = http
        self._left: list[str] = []
        # A locally administered address, which no manufacturer assigns (RFC 9542, section 2.1).
        self._mac = f"02{secrets.token_hex(5)}"

    def run(self) -> None:
        """Register a machine, find it, add it to a pool and delete it.

        Raises:
            Failure: a response is not as expected.
            httpx.HTTPError: the deployment does not answer.
        """
        try:
            machine = self._registers()
            self._finds(machine)
            self._pools(machine)
            self._deletes(machine)
        finally:
            for path in reversed(self._left):
                self._clean_up(path)

    def _clean_up(self, path: str) -> None:
        """Delete a resource. Print a failure but do not raise it, so that the run's own is reported."""
        try:
            status = self._http.delete(path).status_code
        except httpx.HTTPError as error:
            reason = str(error)
        else:
            if status in (204, 404):
                return
            reason = f"DELETE answers {status}"
        print(f"muster: {path} was not deleted: {reason}", file=sys.stderr)

    def _registers(self) -> str:
        profile = {"nics": [{"mac": self._mac}], "name": f"smoke-{self._mac}"}
        key = {"Idempotency-Key": str(uuid.uuid4())}
        first = self._call("POST", "/api/v1/machines", 201, profile, key)
        machine: str = first.json()["id"]
        self._left.append(f"/api/v1/machines/{machine}")
        again = self._call("POST", "/api/v1/machines", 201, profile, key)
        _expect(again.headers.get("Idempotent-Replayed") == "true", "a repeated request is not replayed")
        _expect(again.json()["id"] == machine, "a repeated request made another machine")
        conflict = self._call("POST", "/api/v1/machines", 409, profile).json()
        _expect(conflict.get("existing_machine_id") == machine, "a conflict does not name the machine")
        return machine

    def _finds(self, machine: str) -> None:
        found = self._call("GET", f"/api/v1/machines?mac={self._mac}", 200).json()["machines"]
        _expect([machine] == [each["id"] for each in found], "the machine is not found by its MAC address")
        shown = self._call("GET", f"/v1/machines/{machine}", 200).json()
        _expect(shown["id"] == machine, "the machine is not shown")

    def _pools(self, machine: str) -> None:
        pool = self._call("POST", "/v1/pools", 201, {"name": f"smoke-{self._mac}"}).json()["id"]
        self._left.append(f"/v1/pools/{pool}")
        filled = self._call("POST", f"/v1/pools/{pool}/machines", 200, {"machine_ids": [machine]}).json()
        _expect(filled["machine_count"] == 1, "the pool does not count its machine")
        members = self._call("GET", f"/v1/machines?pool_id={pool}", 200).json()["items"]
        _expect([machine] == [each["id"] for each in members], "the pool does not list its machine")
        self._call("PUT", f"/v1/machines/{machine}/pools", 200, {"pool_ids": []})
        left = self._call("GET", f"/v1/pools/{pool}", 200).json()
        _expect(left["machine_count"] == 0, "the pool counts a machine that has left it")
        self._call("DELETE", f"/v1/pools/{pool}", 204)
        self._left.remove(f"/v1/pools/{pool}")

    def _deletes(self, machine: str) -> None:
        self._call("DELETE", f"/api/v1/machines/{machine}", 204)
        self._left.remove(f"/api/v1/machines/{machine}")
        self._call("GET", f"/api/v1/machines/{machine}", 404)

    def _call(
        self,
        method: str,
        path: str,
        expected: int,
        body: Any = None,  # noqa: ANN401 - JSON
        headers: dict[str, str] | None = None,
    ) -> httpx.Response:
        begin = time.perf_counter()
        response = self._http.request(method, path, json=body, headers=headers)
        milliseconds = (time.perf_counter() - begin) * 1000
        if response.status_code != expected:
            reason = " ".join(response.text.split())[:300]
            raise Failure(f"{method} {path} answers {response.status_code}, not {expected}: {reason}")
        # Even if it cannot print, the test must delete what it has created. The last line reports the error.
        with contextlib.suppress(OSError):
            print(f"  {response.status_code}  {milliseconds:5.0f} ms  {method} {path}")
        return response


def _expect(condition: bool, otherwise: str) -> None:  # noqa: FBT001 - it is the sentence's subject
    if not condition:
        raise Failure(otherwise)


@os_errors.in_one_line()
def main() -> None:
    """Run the test once; report a failure in one line."""
    parser = Parser(
        prog="python -m infra.smoke", description="Test a deployment or the local stack. KEY has the API key."
    )
    parser.add_argument(
        "url", type=printable, help="such as https://inventory.example.com or http://127.0.0.1:8080"
    )
    url = parser.parse_args().url
    # From the environment, because everybody on the machine can see the arguments of processes.
    key = os.environ.get("KEY")
    if not key or not url:
        sys.exit("muster: set the URL and the API key: KEY=muster_... make smoke URL=https://...")
    if not url.startswith(("http://", "https://")):
        sys.exit(f"muster: {url} is not a URL: put http:// or https:// before it")
    if not re.fullmatch("[!-~]+", key):  # httpx would show a key with a line break or space in its error
        sys.exit("muster: KEY is not an API key: it has characters other than visible ASCII")
    headers = {"Authorization": f"Bearer {key}"}
    try:
        with httpx.Client(base_url=url, headers=headers, timeout=TIMEOUT) as http:
            Smoke(http).run()
    except Failure as failure:
        sys.exit(f"muster: {url} does not work: {failure}")
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        sys.exit(f"muster: {url} cannot be reached: {error}")
    print(f"{url} works: it registers, finds, pools and deletes machines")


if __name__ == "__main__":
    main()
