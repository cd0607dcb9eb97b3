"""How a call to the store can fail, for those that decide what to do next.

StoreError
├── Refused      a precondition did not hold; nothing was applied
├── Contended    other changes were in the way; nothing was applied, try all of it again
└── Unclear      no answer: the call may have been applied or not
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import grpc
import grpc.aio

from shared.domain.errors import Unavailable


class StoreError(Exception):
    """Base of the failures that a change can do something about."""


class Refused(StoreError):
    """A precondition of a commit did not hold."""


class Contended(StoreError):
    """The store gave way to other changes (ABORTED), or asks to slow down (RESOURCE_EXHAUSTED).

    Or the transaction took so long that it has ended.
    """


class Unclear(StoreError):
    """The call was cut off: it may have been applied."""


# Whatever a call of the store can fail with, for who goes on without its answer.
FAILURES = (StoreError, Unavailable, grpc.aio.AioRpcError)

# https://cloud.google.com/firestore/docs/understand-error-codes
_MEANINGS: Mapping[grpc.StatusCode, type[StoreError]] = {
    grpc.StatusCode.ABORTED: Contended,
    grpc.StatusCode.RESOURCE_EXHAUSTED: Contended,
    grpc.StatusCode.ALREADY_EXISTS: Refused,
    grpc.StatusCode.FAILED_PRECONDITION: Refused,
    grpc.StatusCode.NOT_FOUND: Refused,
    grpc.StatusCode.CANCELLED: Unclear,
    grpc.StatusCode.DEADLINE_EXCEEDED: Unclear,
    grpc.StatusCode.INTERNAL: Unclear,
    grpc.StatusCode.UNAVAILABLE: Unclear,
    grpc.StatusCode.UNKNOWN: Unclear,
}


@contextmanager
def translated() -> Iterator[None]:
    """Tell what a failed call means; what no change can do anything about passes as it is."""
    try:
        yield
    except grpc.aio.AioRpcError as error:
        details = error.details() or error.code().name
        # An expired transaction, or one that the store has aborted: Google's client for Node.js knows it by
        # its message too (nodejs-firestore, transaction.ts).
        if error.code() is grpc.StatusCode.INVALID_ARGUMENT and "transaction has expired" in details:
            raise Contended(details) from error
        if error.code() not in _MEANINGS:
            raise
        raise _MEANINGS[error.code()](details) from error
