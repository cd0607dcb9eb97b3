"""A running emulator and Google's clients for it."""

import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass

import grpc
import httpx
from google.cloud.firestore import Client
from google.cloud.firestore_v1.services.firestore import FirestoreClient
from google.cloud.firestore_v1.services.firestore.transports import FirestoreGrpcTransport

from tests.google_clients import firestore_client
from tests.plain_http import NO_AUTHORITIES

Counters = dict[str, int]


@dataclass(frozen=True)
class Emulator:
    """A running emulator process, with its clients and counters."""

    host: str
    control: httpx.Client
    process: subprocess.Popen[str]

    def client(self, project: str) -> AbstractContextManager[Client]:
        """Google's client that applications use."""
        return firestore_client(self.host, project)

    def generated(self) -> FirestoreClient:
        """Google's client with one method for each RPC."""
        return FirestoreClient(transport=FirestoreGrpcTransport(channel=grpc.insecure_channel(self.host)))

    def billed(self, project: str) -> Counters:
        """The billed operations of a project."""
        return {unit: count for unit, count in self._counters(project).items() if isinstance(count, int)}

    def rpcs(self, project: str) -> Counters:
        """The number of a project's calls by method."""
        rpcs = self._counters(project)["rpcs"]
        assert isinstance(rpcs, dict)
        return rpcs

    def fault(self, **fault: object) -> None:
        self.control.post("/faults", json=fault).raise_for_status()

    def _counters(self, project: str) -> dict[str, int | Counters]:
        counters: dict[str, dict[str, int | Counters]] = self.control.get("/counters").json()
        return counters.get(project, {"rpcs": {}})


@contextmanager
def running(*arguments: str) -> Iterator[Emulator]:
    """Run an emulator until the end of the block; the test may kill it before."""
    command = [sys.executable, "-m", "infra.local.firestore", *arguments]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        line = process.stdout.readline()
        announced = re.fullmatch(r"Firestore emulator on (\S+), control on (http://\S+)\n", line)
        assert announced is not None, line
        try:
            with httpx.Client(base_url=announced[2], verify=NO_AUTHORITIES) as control:
                yield Emulator(host=announced[1], control=control, process=process)
        finally:
            process.terminate()
            assert process.wait(10) in {0, -signal.SIGKILL}
