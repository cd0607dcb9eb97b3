"""The limit of a pool's size: an event for each pool of a machine is in one commit."""

from collections.abc import Container

from shared.edge.size import too_large
from shared.pb.inventory.v1.pool_pb2 import Pool

# The deletion of a machine is one commit of at most 10 MiB, with an event for each of its pools, which
# contains the whole pool. A pool is also far below a document's 1 MiB, even as a recorded response: in JSON,
# a control character is six times as large.
MAX_POOL_BYTES = 80 * 1024


def require_storable(pool: Pool, sent: Container[str]) -> None:
    """Reject a pool whose events would be too large.

    Args:
        pool: the pool after the request.
        sent: the names of the fields that the request sets.

    Raises:
        Invalid: the pool is too large.
    """
    if pool.ByteSize() > MAX_POOL_BYTES:
        raise too_large(pool, sent, f"{MAX_POOL_BYTES} bytes")
