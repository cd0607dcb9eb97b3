"""Paths of documents. Ids in ever-growing collections are digests, which are evenly spread: no hot end."""

import hashlib


def organization(organization_id: str) -> str:
    """Return the path above an organization's documents."""
    return f"organizations/{organization_id}"


def machine(organization_id: str, machine_id: str) -> str:
    """Return the path of a machine; ids are UUIDv7, which grow, but only within their organization."""
    return f"organizations/{organization_id}/machines/{machine_id}"


def pool(organization_id: str, pool_id: str) -> str:
    """Return the path of a pool."""
    return f"organizations/{organization_id}/pools/{pool_id}"


def identity(identity_name: str) -> str:
    """Return the path of the claim of an identity, such as `mac:00:00:5e:00:53:01`."""
    return f"identities/{_digest(identity_name)}"


def outbox(event_id: str) -> str:
    """Return the path of an event that may not be published yet."""
    return f"outbox/{_digest(event_id)}"


def idempotency(organization_id: str, key: str) -> str:
    """Return the path of the recorded response for an idempotency key."""
    return f"organizations/{organization_id}/idempotency/{_digest(key)}"


def api_key(key_digest: str) -> str:
    """Return the path of an API key, by the SHA-256 digest of the key in hexadecimal."""
    return f"api_keys/{key_digest}"


def processed(subscription: str, event_id: str) -> str:
    """Return the path of the record that a subscription has processed an event."""
    return f"processed/{_digest(f'{subscription} {event_id}')}"


def _digest(name: str) -> str:
    return hashlib.sha256(name.encode()).hexdigest()[:40]
