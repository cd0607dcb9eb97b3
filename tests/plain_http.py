"""What clients of plain HTTP are made with."""

import ssl

NO_AUTHORITIES = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
"""httpx's `verify` where there is no TLS: by default each client reads all authorities, 40 ms of CPU time."""
