"""The errors that an RPC can end in, each with production's status code.

FirestoreError
├── InvalidArgumentError      the request is wrong whatever is stored
├── NotFoundError             `exists: true` was violated, or there is nothing to get
├── AlreadyExistsError        `exists: false` was violated
├── FailedPreconditionError   `update_time` was violated, or a query lacks its index
└── AbortedError              contention: the whole transaction may be tried again
"""

import grpc

from infra.local.refusals import Refusal


class FirestoreError(Refusal):
    """What production refuses too."""


class InvalidArgumentError(FirestoreError):
    """The request is wrong whatever is stored."""

    code = grpc.StatusCode.INVALID_ARGUMENT


class NotFoundError(FirestoreError):
    """A document that has to exist does not."""

    code = grpc.StatusCode.NOT_FOUND


class AlreadyExistsError(FirestoreError):
    """A document that must not exist does."""

    code = grpc.StatusCode.ALREADY_EXISTS


class FailedPreconditionError(FirestoreError):
    """The state does not allow the request: another version is stored, or an index is missing."""

    code = grpc.StatusCode.FAILED_PRECONDITION


class AbortedError(FirestoreError):
    """Contention ended the transaction or the commit; nothing changed."""

    code = grpc.StatusCode.ABORTED
