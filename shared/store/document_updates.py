"""Updates of single documents; those that begin at the same time share a call."""

from collections.abc import AsyncIterator, Mapping, Sequence
from datetime import UTC, datetime

import grpc
import grpc.aio
from google.rpc.status_pb2 import Status

from shared.channels import Metadata
from shared.domain.deadline import Deadline
from shared.store import wire_format
from shared.store.rpcs import Rpcs
from shared.store.shared_calls import SharedCalls
from shared.store.wire_format import Write

# The size of a write that can share a call. A call with one for each of an instance's 80 requests has less
# than 10 MiB: https://firebase.google.com/docs/firestore/quotas#writes_and_transactions
MAX_SHARED_BYTES = 100_000

_CODES = {code.value[0]: code for code in grpc.StatusCode}


def can_share(writes: Sequence[Write]) -> bool:
    """Return whether the writes of a commit are a small update, for `DocumentUpdates`."""
    return len(writes) == 1 and bool(writes[0].updated) and len(writes[0].content) <= MAX_SHARED_BYTES


class DocumentUpdates:
    """Updates in one database.

    Args:
        database: the database's name.
        rpcs: the database's RPCs.
        metadata: the routing metadata of their calls.
    """

    def __init__(self, database: str, rpcs: Rpcs, metadata: Metadata) -> None:
        self._database = database
        self._rpcs = rpcs
        self._metadata = metadata
        self._calls = SharedCalls(self._update_one, self._update_several)

    async def update(self, write: Write, deadline: Deadline) -> datetime:
        """Apply the only write of a commit to a document, and return the document's update time.

        Raises:
            grpc.aio.AioRpcError: the call failed, or the write in it.
        """
        # A call waits for locks. So only documents of one collection, and so of one organization, share it.
        collection, _, _ = write.updated.rpartition("/")
        answer = await self._calls.answer(collection, write.updated, write, deadline)
        try:
            if isinstance(answer, grpc.aio.AioRpcError):
                raise answer
            return answer
        finally:
            del answer  # breaks the reference cycle with its traceback, which includes this frame

    async def _update_one(self, _: str, __: str, write: Write, seconds: float) -> datetime:
        request = wire_format.commit(self._database, [write])
        response = await self._rpcs.commit(request, timeout=seconds, metadata=self._metadata)
        return response.commit_time.ToDatetime(UTC)

    async def _update_several(
        self, _: str, writes: Mapping[str, Write], seconds: float
    ) -> AsyncIterator[tuple[str, datetime | grpc.aio.AioRpcError]]:
        request = wire_format.commit(self._database, writes.values())
        response = await self._rpcs.batch_write(request, timeout=seconds, metadata=self._metadata)
        for name, result, status in zip(writes, response.write_results, response.status, strict=False):
            yield name, _error(status) if status.code else result.update_time.ToDatetime(UTC)


def _error(status: Status) -> grpc.aio.AioRpcError:
    code = _CODES.get(status.code, grpc.StatusCode.UNKNOWN)
    return grpc.aio.AioRpcError(code, grpc.aio.Metadata(), grpc.aio.Metadata(), details=status.message)
