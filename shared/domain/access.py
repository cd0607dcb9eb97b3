"""Who calls, and what a key allows."""

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum

from shared.domain.errors import ScopeMissing
from shared.pb.inventory.v1.records_pb2 import ApiKey


class Scope(StrEnum):
    """What an API key can be allowed."""

    MACHINES_READ = "machines:read"
    MACHINES_WRITE = "machines:write"
    POOLS_READ = "pools:read"
    POOLS_WRITE = "pools:write"


ORGANIZATION_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,127}", re.ASCII)
"""Names of organizations. They are a part of documents' paths: `acme/eu` or `..` would break them."""


@dataclass(frozen=True)
class Caller:
    """The bearer of a good API key."""

    organization_id: str
    key_id: str
    scopes: frozenset[str]

    def require(self, scope: Scope) -> None:
        """Refuse what the key does not allow.

        Raises:
            ScopeMissing: the key lacks the scope.
        """
        if scope not in self.scopes:
            raise ScopeMissing(scope)


@dataclass(frozen=True)
class Access:
    """What an API key gives: to its bearer, until it expires."""

    caller: Caller
    expires_at: datetime | None

    def is_valid_at(self, now: datetime) -> bool:
        """Tell whether the key has not expired."""
        return self.expires_at is None or now < self.expires_at


def access(key: ApiKey) -> Access | None:
    """Say what a key gives: nothing, once it is revoked."""
    if key.HasField("revoked_at"):
        return None
    expires_at = key.expires_at.ToDatetime(UTC) if key.HasField("expires_at") else None
    return Access(Caller(key.organization_id, key.id, frozenset(key.scopes)), expires_at)
