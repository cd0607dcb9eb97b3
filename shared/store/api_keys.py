"""API keys, found by their digests."""

from shared.domain.deadline import Deadline
from shared.pb.inventory.v1.records_pb2 import ApiKey
from shared.store import paths
from shared.store.codec import decode
from shared.store.firestore import Firestore

# A key's read serves many requests at once, and has a deadline of its own.
READ_SECONDS = 5.0


async def find_api_key(firestore: Firestore, digest: str) -> ApiKey | None:
    """Find a key by the SHA-256 digest of it, in hex."""
    document = await firestore.get(paths.api_key(digest), Deadline(READ_SECONDS))
    return None if document is None else decode(document.fields, ApiKey)
