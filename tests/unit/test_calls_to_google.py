"""Without emulators, a function makes the same calls as Google's clients.

Both make the calls in a separate process. They go through an HTTP proxy, which gRPC reads from `https_proxy`,
to a server with a certificate for Google's addresses.
"""

import asyncio
import base64
import json
import os
import re
import subprocess
import sys
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import grpc
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from infra import ROOT
from tests.relay import relay

ADDRESSES = ["firestore.googleapis.com:443", "pubsub.googleapis.com:443"]
ROUTING = {"x-goog-request-params", "google-cloud-resource-prefix"}
SECONDS = 30

Call = tuple[str, dict[str, Any], dict[str, Any]]

# gRPC sometimes hangs while it destroys a channel with such credentials, which make tokens in another thread.
# So these processes end before they destroy anything.
CALLS = """
import asyncio, contextlib, os

async def call(rpc):
    with contextlib.suppress(Exception):  # the server knows no method
        await rpc
"""
OURS = f"""{CALLS}
from shared.domain.deadline import Deadline
from shared.events.publisher import Publisher
from shared.store.firestore import Firestore
from shared.store.queries import all_in

async def main():
    firestore = Firestore("example", "restored")
    await call(firestore.commit([], Deadline({SECONDS})))
    await call(firestore.get("machines/1", Deadline({SECONDS})))
    await call(firestore.query("", all_in("outbox"), Deadline({SECONDS})))
    await call(firestore.count("", all_in("outbox"), Deadline({SECONDS})))
    await call(Publisher("example").send("machine-created", [], timeout={SECONDS}))
    os._exit(0)

asyncio.run(main())
"""
THEIRS = f"""{CALLS}
from google.auth.credentials import AnonymousCredentials
from google.cloud.firestore import AsyncClient
from google.cloud.firestore_v1.services.firestore import FirestoreAsyncClient
from google.pubsub_v1 import PublisherAsyncClient

def client(kind):
    transport = kind.get_transport_class("grpc_asyncio")
    return kind(transport=transport(channel=transport.create_channel()))

async def main():
    firestore = AsyncClient("example", AnonymousCredentials(), database="restored")
    # Its own transport has a server make its tokens, where this one signs them itself.
    firestore._firestore_api_internal = client(FirestoreAsyncClient)
    await call(firestore.batch().commit(retry=None))
    # The client reads single documents in another way.
    database = "projects/example/databases/restored"
    document = {{"name": f"{{database}}/documents/machines/1"}}
    metadata = [("google-cloud-resource-prefix", database)]
    generated = firestore._firestore_api_internal
    await call(generated.get_document(document, retry=None, metadata=metadata))
    await call(firestore.collection("outbox").get(retry=None))
    await call(firestore.collection("outbox").count().get(retry=None))
    publisher = client(PublisherAsyncClient)
    await call(publisher.publish({{"topic": "projects/example/topics/machine-created"}}, retry=None))
    os._exit(0)

asyncio.run(main())
"""


@dataclass
class Google(grpc.GenericRpcHandler):
    """Records connections and calls, and implements no method.

    Attributes:
        environment: the environment variables that lead calls to this server.
        connections: the requested addresses.
        calls: the methods, with the claims of their tokens and their routing headers.
    """

    environment: dict[str, str] = field(default_factory=dict)
    connections: list[str] = field(default_factory=list)
    calls: list[Call] = field(default_factory=list)

    def service(self, handler_call_details: grpc.HandlerCallDetails) -> None:
        metadata = dict(handler_call_details.invocation_metadata or ())
        claimed = claims(str(metadata["authorization"]))
        routing = {name: value for name, value in metadata.items() if name in ROUTING}
        self.calls.append((handler_call_details.method, claimed, routing))


def claims(authorization: str) -> dict[str, Any]:
    """Return the claims of a service account's token, without the times."""
    body = authorization.removeprefix("Bearer ").split(".")[1]
    claimed: dict[str, Any] = json.loads(base64.urlsafe_b64decode(body + "=="))
    return {name: value for name, value in claimed.items() if name not in {"iat", "exp"}}


@pytest.fixture
async def google(tmp_path: Path) -> AsyncIterator[Google]:
    google = Google()
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    pem = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    certificate = self_signed(key)
    server = grpc.aio.server(handlers=[google])
    port = server.add_secure_port("127.0.0.1:0", grpc.ssl_server_credentials([(pem, certificate)]))
    await server.start()
    async with await proxy(google, port) as listener:
        (tmp_path / "roots.pem").write_bytes(certificate)
        (tmp_path / "account.json").write_text(service_account(pem))
        address, proxy_port = listener.sockets[0].getsockname()
        google.environment = {
            "https_proxy": f"http://{address}:{proxy_port}",
            "GRPC_DEFAULT_SSL_ROOTS_FILE_PATH": str(tmp_path / "roots.pem"),
            "GOOGLE_APPLICATION_CREDENTIALS": str(tmp_path / "account.json"),
        }
        yield google
    await server.stop(None)


def self_signed(key: rsa.RSAPrivateKey) -> bytes:
    """Return a certificate for both services."""
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "example.com")])
    services = [x509.DNSName(address.partition(":")[0]) for address in ADDRESSES]
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(hours=1))
        .add_extension(x509.SubjectAlternativeName(services), critical=False)
        .sign(key, hashes.SHA256())
    )
    return certificate.public_bytes(serialization.Encoding.PEM)


def service_account(key: bytes) -> str:
    """Return a key file, which can sign tokens: https://cloud.google.com/iam/docs/keys-create-delete."""
    return json.dumps(
        {
            "type": "service_account",
            "client_email": "machines@example.iam.gserviceaccount.com",
            "private_key_id": "1",
            "private_key": key.decode(),
            "token_uri": "https://oauth2.example.com/token",
        }
    )


async def proxy(google: Google, port: int) -> asyncio.Server:
    """Connect requests for both services to a local port (RFC 9110, section 9.3.6)."""

    async def connect(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        request = (await reader.readuntil(b"\r\n\r\n")).decode()
        (target,) = re.findall(r"^CONNECT (\S+) ", request)
        if target not in ADDRESSES:  # google-auth also looks up where the account can be used
            writer.write(b"HTTP/1.1 403 Forbidden\r\n\r\n")
            writer.close()
            return
        google.connections.append(target)
        server = await asyncio.open_connection("127.0.0.1", port)
        writer.write(b"HTTP/1.1 200 OK\r\n\r\n")
        await relay((reader, writer), server)

    return await asyncio.start_server(connect, "127.0.0.1", 0)


async def calls_of(code: str, google: Google) -> tuple[list[str], list[Call]]:
    google.connections, google.calls = [], []
    environment = {"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT), **google.environment}
    command = [sys.executable, "-c", code]
    await asyncio.to_thread(subprocess.run, command, env=environment, check=True, timeout=SECONDS)
    return google.connections, google.calls


async def test_calls_go_to_google_as_those_of_its_clients_do(google: Google) -> None:
    """The address, TLS, the token and the routing are the same."""
    connections, calls = await calls_of(OURS, google)

    assert await calls_of(THEIRS, google) == (connections, calls)
    assert connections == ADDRESSES
    assert len(calls) == 5
