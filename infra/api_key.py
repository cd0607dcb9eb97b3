"""The format of API keys. Only the digest of a key is stored, as the id of its document."""

import hashlib
import re
import secrets

_KEY = re.compile(r"muster_[A-Za-z0-9_-]{43}")


def new_api_key() -> str:
    """Return a new key: `muster_` and 43 base64url characters, from 256 random bits."""
    return f"muster_{secrets.token_urlsafe(32)}"


def is_api_key(text: str) -> bool:
    """Return whether a text has the format of a key."""
    return _KEY.fullmatch(text) is not None


def digest(api_key: str) -> str:
    """Return the SHA-256 digest of a key in hexadecimal, which is the id of its document in `api_keys`."""
    return hashlib.sha256(api_key.encode()).hexdigest()
