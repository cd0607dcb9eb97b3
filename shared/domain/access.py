"""Callers, and what their API keys allow."""

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum

from shared.domain.errors import ScopeMissing
from shared.pb.inventory.v1.records_pb2 import ApiKey


class Scope(StrEnum):
    """A permission that an API key can have."""

    MACHINES_READ = "machines:read"
    MACHINES_WRITE = "machines:write"
    POOLS_READ = "pools:read"
    POOLS_WRITE = "pools:write"


ORGANIZATION_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,127}", re.ASCII)
"""Valid organization ids. They are part of document paths, which `acme/eu` or `..` would break."""


@dataclass(frozen=True)
class Caller:
    """The holder of a valid API key."""

    organization_id: str
    key_id: str
    scopes: frozenset[str]

    def require(self, scope: Scope) -> None:
        """Reject a call that the key does not allow.

        Raises:
            ScopeMissing: the key lacks the scope.
        """
        if scope not in self.scopes:
            raise ScopeMissing(scope)


@dataclass(frozen=True)
class Access:
    """The access that an API key grants: to whom, and until when."""

    caller: Caller
    expires_at: datetime | None

    def is_valid_at(self, now: datetime) -> bool:
        """Return whether the key has not expired yet."""
        return self.expires_at is None or now < self.expires_at


def access(key: ApiKey) -> Access | None:
    """Return the access that a key grants; None if the key is revoked."""
    if key.HasField("revoked_at"):
        return None
    expires_at = key.expires_at.ToDatetime(UTC) if key.HasField("expires_at") else None
    return Access(Caller(key.organization_id, key.id, frozenset(key.scopes)), expires_at)
