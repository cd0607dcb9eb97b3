"""A request to change something, before it is known what it comes to."""

from dataclasses import dataclass

from shared.domain.deadline import Deadline


@dataclass(frozen=True, kw_only=True)
class Command:
    """Whose request it is, and what makes its repetition known.

    Attributes:
        organization_id: the caller's.
        deadline: how long it may take.
        idempotency_key: what the caller gave, if anything.
        request_digest: tells the request from another one with that key.
    """

    organization_id: str
    deadline: Deadline
    idempotency_key: str | None = None
    request_digest: bytes = b""
