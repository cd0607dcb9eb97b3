"""Failures of calls to the store that determine what to do next.

StoreError
├── Rejected     a precondition failed; nothing was applied
├── Contended    a conflict with other changes; nothing was applied, try the whole change again
└── Ambiguous    no answer; the call may have been applied
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import grpc
import grpc.aio

from shared.domain.errors import Unavailable


class StoreError(Exception):
    """Base class of the failures that a change can handle."""


class Rejected(StoreError):
    """A precondition failed: of a commit, or of a query, such as its index."""


class Contended(StoreError):
    """The call conflicts with other changes (ABORTED), or the store asks to slow down (RESOURCE_EXHAUSTED).

    It is also raised if the transaction has expired.
    """


class Ambiguous(StoreError):
    """The call got no answer: it may have been applied."""


# All failures of calls to the store, for code that can continue without the answer.
FAILURES = (StoreError, Unavailable, grpc.aio.AioRpcError)

# https://cloud.google.com/firestore/docs/understand-error-codes
_MEANINGS: Mapping[grpc.StatusCode, type[StoreError]] = {
    grpc.StatusCode.ABORTED: Contended,
    grpc.StatusCode.RESOURCE_EXHAUSTED: Contended,
    grpc.StatusCode.ALREADY_EXISTS: Rejected,
    grpc.StatusCode.FAILED_PRECONDITION: Rejected,
    grpc.StatusCode.NOT_FOUND: Rejected,
    grpc.StatusCode.CANCELLED: Ambiguous,
    grpc.StatusCode.DEADLINE_EXCEEDED: Ambiguous,
    grpc.StatusCode.INTERNAL: Ambiguous,
    grpc.StatusCode.UNAVAILABLE: Ambiguous,
    grpc.StatusCode.UNKNOWN: Ambiguous,
}


@contextmanager
def store_errors() -> Iterator[None]:
    """Turn gRPC errors into a `StoreError`; those that a change cannot handle pass unchanged."""
    try:
        yield
    except grpc.aio.AioRpcError as error:
        details = error.details() or error.code().name
        # A transaction that has expired or was aborted. Google's client for Node.js detects it by the message
        # too (nodejs-firestore, transaction.ts).
        if error.code() is grpc.StatusCode.INVALID_ARGUMENT and "transaction has expired" in details:
            raise Contended(details) from error
        if error.code() not in _MEANINGS:
            raise
        raise _MEANINGS[error.code()](details) from error


def is_too_big(error: grpc.aio.AioRpcError) -> bool:
    """Return whether a commit was rejected because its documents are too large together.

    Firestore has no limit on their number, but counts the whole of each, and says so only in the message:
    https://github.com/firebase/firebase-tools/issues/1036
    """
    return error.code() is grpc.StatusCode.INVALID_ARGUMENT and "too big" in (error.details() or "")
