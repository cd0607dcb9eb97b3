"""API keys, which are found by their digests."""

from shared.domain.deadline import Deadline
from shared.pb.inventory.v1.records_pb2 import ApiKey
from shared.store import paths
from shared.store.codec import decode
from shared.store.firestore import Firestore

# The read of a key has its own deadline, because several requests can wait for it.
READ_SECONDS = 5.0


async def find_api_key(firestore: Firestore, digest: str) -> ApiKey | None:
    """Return the key with a SHA-256 digest in hexadecimal; None if it does not exist."""
    document = await firestore.get(paths.api_key(digest), Deadline(READ_SECONDS))
    return None if document is None else decode(document.fields, ApiKey)
