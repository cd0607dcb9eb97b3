"""Firestore's calls that the product makes, on the generated client and plain messages."""

import os
from collections.abc import Sequence
from functools import cached_property

import grpc
from google.cloud.firestore_v1 import types
from google.cloud.firestore_v1.services.firestore import FirestoreAsyncClient
from google.cloud.firestore_v1.services.firestore.transports import FirestoreGrpcAsyncIOTransport

from shared.domain.deadline import Deadline
from shared.store import errors
from shared.store.wire import BatchGetDocumentsRequest, CommitRequest, CommitResponse, Document, Write


class Firestore:
    """One database.

    Args:
        project: the Google Cloud project.
        database: the database's id, `(default)` for most.
    """

    def __init__(self, project: str, database: str) -> None:
        self._database = f"projects/{project}/databases/{database}"
        self._documents = f"{self._database}/documents"

    @cached_property
    def _client(self) -> FirestoreAsyncClient:
        """The client, made at the first call: its channel belongs to the event loop that it is made in."""
        emulator = os.environ.get("FIRESTORE_EMULATOR_HOST")
        if emulator is None:
            return FirestoreAsyncClient()
        # The generated client knows no emulator; only the hand-written one does.
        return FirestoreAsyncClient(
            transport=FirestoreGrpcAsyncIOTransport(channel=grpc.aio.insecure_channel(emulator))
        )

    def name(self, path: str) -> str:
        """Give the full name of the document at a path, such as `identities/1f0c`."""
        return f"{self._documents}/{path}"

    async def commit(self, writes: Sequence[Write], deadline: Deadline) -> CommitResponse:
        """Apply all writes or none.

        Raises:
            StoreError: what is known of the failure.
            Unavailable: the deadline is past.
        """
        request = CommitRequest(database=self._database, writes=writes)
        try:
            response = await self._client.commit(
                types.CommitRequest.wrap(request), retry=None, timeout=deadline.remaining()
            )
        except errors.KNOWN as error:
            raise errors.translate(error) from error
        plain: CommitResponse = types.CommitResponse.pb(response)
        return plain

    async def get(self, paths: Sequence[str], deadline: Deadline) -> dict[str, Document]:
        """Read documents, as of one moment.

        Returns:
            Those that exist, by their paths.

        Raises:
            StoreError: what is known of the failure.
            Unavailable: the deadline is past.
        """
        request = BatchGetDocumentsRequest(
            database=self._database, documents=[self.name(path) for path in paths]
        )
        found: dict[str, Document] = {}
        try:
            stream = await self._client.batch_get_documents(
                types.BatchGetDocumentsRequest.wrap(request), retry=None, timeout=deadline.remaining()
            )
            async for response in stream:
                plain = types.BatchGetDocumentsResponse.pb(response)
                if plain.HasField("found"):
                    found[plain.found.name.removeprefix(f"{self._documents}/")] = plain.found
        except errors.KNOWN as error:
            raise errors.translate(error) from error
        return found
