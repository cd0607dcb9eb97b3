"""What an RPC can be refused with, as production refuses it.

PubsubError
├── InvalidArgument      the request breaks a rule, whatever the state
├── NotFound             a topic, subscription or schema that it names is not there
├── AlreadyExists        what it would create is there
└── FailedPrecondition   the state forbids it now
"""

from grpc import StatusCode

from infra.local.refusals import Refusal


class PubsubError(Refusal):
    """What production refuses too."""


class InvalidArgument(PubsubError):
    """The request breaks a rule, whatever the state."""

    code = StatusCode.INVALID_ARGUMENT


class NotFound(PubsubError):
    """A resource that the request names is not there."""

    code = StatusCode.NOT_FOUND

    def __init__(self, name: str) -> None:
        self.name = name
        super().__init__(f"Resource not found (resource={name.rpartition('/')[2]}).")


class AlreadyExists(PubsubError):
    """What the request would create is there."""

    code = StatusCode.ALREADY_EXISTS

    def __init__(self, name: str) -> None:
        self.name = name
        super().__init__(f"Resource already exists in the project (resource={name.rpartition('/')[2]}).")


class FailedPrecondition(PubsubError):
    """The state forbids the request now."""

    code = StatusCode.FAILED_PRECONDITION
