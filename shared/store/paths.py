"""Where documents are. Ids in ever-growing collections are digests: evenly spread keys have no hot end."""

import hashlib


def organization(organization_id: str) -> str:
    """What all documents of an organization are below."""
    return f"organizations/{organization_id}"


def machine(organization_id: str, machine_id: str) -> str:
    """A machine; its id is a UUIDv7, whose growing range is per organization."""
    return f"organizations/{organization_id}/machines/{machine_id}"


def pool(organization_id: str, pool_id: str) -> str:
    """A pool."""
    return f"organizations/{organization_id}/pools/{pool_id}"


def identity(identity_name: str) -> str:
    """The claim of an identity, such as `mac:00:00:5e:00:53:01`."""
    return f"identities/{_digest(identity_name)}"


def outbox(event_id: str) -> str:
    """An event that is not yet known to be published."""
    return f"outbox/{_digest(event_id)}"


def idempotency(organization_id: str, key: str) -> str:
    """The answer to an idempotency key."""
    return f"organizations/{organization_id}/idempotency/{_digest(key)}"


def api_key(key_digest: str) -> str:
    """An API key, by the SHA-256 digest of the key in hex."""
    return f"api_keys/{key_digest}"


def processed(subscription: str, event_id: str) -> str:
    """An event whose effect a subscription of ours has committed."""
    return f"processed/{_digest(f'{subscription} {event_id}')}"


def _digest(name: str) -> str:
    return hashlib.sha256(name.encode()).hexdigest()[:40]
