"""What an API key looks like. Of a key only its digest is stored, as the id of its document."""

import hashlib
import secrets


def new_api_key() -> str:
    """Make a key: `muster_` and 43 base64url characters, 256 bits of randomness."""
    return f"muster_{secrets.token_urlsafe(32)}"


def digest(api_key: str) -> str:
    """Return the SHA-256 digest of a key, in hex: the id of its document in `api_keys`."""
    return hashlib.sha256(api_key.encode()).hexdigest()
