"""The floor of a cold start: the imports of any client of Firestore and Pub/Sub, and one commit."""

import os

import functions_framework.aio
import grpc
from google.cloud.firestore_v1.services.firestore import FirestoreAsyncClient
from google.cloud.firestore_v1.services.firestore.transports import FirestoreGrpcAsyncIOTransport
from google.cloud.firestore_v1.types import CommitRequest, Document, Value, Write
from google.pubsub_v1 import PublisherAsyncClient
from starlette.requests import Request
from starlette.responses import Response

__all__ = ["PublisherAsyncClient", "cold_floor"]


@functions_framework.aio.http
async def cold_floor(request: Request) -> Response:
    """Commit a document for each POST."""
    if request.method == "POST":
        channel = grpc.aio.insecure_channel(os.environ["FIRESTORE_EMULATOR_HOST"])
        client = FirestoreAsyncClient(transport=FirestoreGrpcAsyncIOTransport(channel=channel))
        database = f"projects/{os.environ['GOOGLE_CLOUD_PROJECT']}/databases/(default)"
        document = Document(
            name=f"{database}/documents/floor/first", fields={"first": Value(boolean_value=True)}
        )
        await client.commit(CommitRequest(database=database, writes=[Write(update=document)]))
    return Response(status_code=201)
