"""All errors that callers see, as one tree. An error has the facts; the edge turns it into an HTTP response.

InventoryError
├── Invalid                     a request with faults, each with its location
├── MalformedBody               a body that cannot be parsed as its media type
├── BodyTooLarge
├── BodyTooSlow
├── UnsupportedMediaType
├── UnsupportedContentCoding    a body with a content coding, such as a compressed one
├── UndecodableEvent            a pushed message that is not a valid event, however often it is delivered
├── Unauthenticated
├── ScopeMissing
├── MachineNotFound
├── MachinesNotFound            some of the machines that a request names
├── PoolNotFound                a pool that the caller's organization does not have
├── PoolsNotFound               some of the pools that a request names
├── PreconditionFailed          the resource's version is not as `If-Match` or `If-None-Match` requires
├── DuplicateMac                another machine has the MAC address
├── DuplicateFingerprint        another machine of the organization has the fingerprint
├── IdempotencyKeyReused        the key was used before, with another request
└── Unavailable                 a temporary failure: try again
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any


class InventoryError(Exception):
    """Base class of all errors that callers see."""


Location = tuple[str | int, ...]
"""The path to a value, from the part of the request (`body`, `query`, `path`, `header`) on."""


@dataclass(frozen=True)
class Fault:
    """One fault of a request.

    Attributes:
        location: the path to the value.
        kind: a name for programs, such as `missing`.
        message: a sentence for people.
        context: the values in the message, such as `{"ge": 1}`.
    """

    location: Location
    kind: str
    message: str
    context: dict[str, Any] = field(default_factory=dict)


class Invalid(InventoryError):
    """The request can be parsed but has faults; the error lists them."""

    def __init__(self, faults: Sequence[Fault]) -> None:
        super().__init__(f"{len(faults)} faults, the first: {faults[:1]}")
        self.faults = faults


class MalformedBody(InventoryError):
    """The body is not valid JSON, or not a message of its protobuf type."""


class BodyTooLarge(InventoryError):
    """The body has more bytes than allowed."""

    def __init__(self, limit: int) -> None:
        super().__init__(f"The request body is larger than {limit} bytes")


class BodyTooSlow(InventoryError):
    """The body did not arrive completely within the time limit."""

    def __init__(self, seconds: float) -> None:
        super().__init__(f"The request body did not arrive within {seconds:g} seconds")


class UnsupportedMediaType(InventoryError):
    """The call does not accept the body's media type."""

    def __init__(self, media_type: str, supported: Sequence[str]) -> None:
        given = f"{media_type} is" if media_type else "An empty Content-Type is"
        super().__init__(f"{given} not supported: send {' or '.join(supported)}")


class UnsupportedContentCoding(InventoryError):
    """The body has a content coding, which no call accepts."""

    def __init__(self, coding: str) -> None:
        super().__init__(f"{coding} is not supported as Content-Encoding: send the body without it")


class UndecodableEvent(InventoryError):
    """A pushed message is not an event of the subscription's type; it becomes a dead letter."""


class Unauthenticated(InventoryError):
    """The API key is missing, malformed, unknown, expired or revoked; the error does not say which."""

    def __init__(self) -> None:
        super().__init__("A valid API key is required, as Authorization: Bearer <api key>")


class ScopeMissing(InventoryError):
    """The key is valid but does not allow this call."""

    def __init__(self, scope: str) -> None:
        super().__init__(f"The API key lacks the scope {scope}")


class MachineNotFound(InventoryError):
    """The caller's organization has no such machine."""

    def __init__(self, machine_id: str) -> None:
        super().__init__(f"Machine {machine_id} does not exist")
        self.machine_id = machine_id


class MachinesNotFound(InventoryError):
    """The caller's organization lacks some machines that the request names; the error lists all of these."""

    def __init__(self, machine_ids: Sequence[str]) -> None:
        super().__init__(f"These machines do not exist: {', '.join(machine_ids)}")
        self.machine_ids = machine_ids


class PoolNotFound(InventoryError):
    """The caller's organization has no such pool."""

    def __init__(self, pool_id: str) -> None:
        super().__init__(f"Pool {pool_id} does not exist")
        self.pool_id = pool_id


class PoolsNotFound(InventoryError):
    """The caller's organization lacks some pools that the request names; the error lists all of these."""

    def __init__(self, pool_ids: Sequence[str]) -> None:
        super().__init__(f"These pools do not exist: {', '.join(pool_ids)}")
        self.pool_ids = pool_ids


class PreconditionFailed(InventoryError):
    """The resource's version is none of those in `If-Match`, or one of those in `If-None-Match`."""

    def __init__(self, current: str, fault: str) -> None:
        super().__init__(f"The resource has {current}, which {fault}")


class DuplicateMac(InventoryError):
    """Another machine has the MAC address; its id is included only if the caller's organization owns it."""

    def __init__(self, mac: str, existing_machine_id: str | None) -> None:
        super().__init__(f"A machine with MAC address {mac} already exists")
        self.mac_address = mac
        self.existing_machine_id = existing_machine_id


class DuplicateFingerprint(InventoryError):
    """Another machine of the caller's organization has the fingerprint."""

    def __init__(self, fingerprint: str, existing_machine_id: str) -> None:
        super().__init__(f"A machine with fingerprint {fingerprint} already exists")
        self.fingerprint = fingerprint
        self.existing_machine_id = existing_machine_id


class IdempotencyKeyReused(InventoryError):
    """The idempotency key was used before, with another method, path or body."""

    def __init__(self) -> None:
        super().__init__("The idempotency key was used before, with another method, path or body")


class Unavailable(InventoryError):
    """The store did not answer in time, or there were too many conflicts; the caller can try again."""

    def __init__(self) -> None:
        super().__init__("The service is temporarily unavailable: try again")
