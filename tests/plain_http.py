"""A setting for clients of HTTP without TLS."""

import ssl

NO_AUTHORITIES = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
"""httpx's `verify` without TLS: by default, each client loads all certificate authorities, 40 ms of CPU."""
