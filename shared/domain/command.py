"""A request to change something, before its effect is decided."""

from dataclasses import dataclass

from shared.domain.deadline import Deadline


@dataclass(frozen=True, kw_only=True)
class Command:
    """Whose request it is, and how a repeat of it is recognized.

    Attributes:
        organization_id: the caller's organization.
        deadline: when the request must be finished.
        idempotency_key: the caller's idempotency key, if there is one.
        request_digest: differs between different requests with the same key.
    """

    organization_id: str
    deadline: Deadline
    idempotency_key: str | None = None
    request_digest: bytes = b""
