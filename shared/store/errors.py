"""How a call to the store can fail, for those that decide what to do next.

StoreError
├── Refused      a precondition did not hold; nothing was applied
├── Contended    other changes were in the way; nothing was applied, try all of it again
└── Unclear      no answer: the call may have been applied or not
"""

from collections.abc import Iterator
from contextlib import contextmanager

from google.api_core import exceptions


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


# https://cloud.google.com/firestore/docs/understand-error-codes
_KINDS: dict[type[StoreError], tuple[type[Exception], ...]] = {
    Contended: (exceptions.Aborted, exceptions.ResourceExhausted),
    Refused: (exceptions.AlreadyExists, exceptions.FailedPrecondition, exceptions.NotFound),
    Unclear: (
        exceptions.Cancelled,
        exceptions.DeadlineExceeded,
        exceptions.InternalServerError,
        exceptions.ServiceUnavailable,
        exceptions.Unknown,
    ),
}


@contextmanager
def translated() -> Iterator[None]:
    """Tell what a failed call of the client means; what no change can do anything about passes as it is."""
    try:
        yield
    except exceptions.InvalidArgument as error:
        # An expired transaction, or one that the store has aborted: Google's client for Node.js knows it by
        # its message too (nodejs-firestore, transaction.ts).
        if "transaction has expired" not in str(error):
            raise
        raise Contended(str(error)) from error
    except exceptions.GoogleAPICallError as error:
        for meaning, kinds in _KINDS.items():
            if isinstance(error, kinds):
                raise meaning(str(error)) from error
        raise
