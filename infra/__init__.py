"""Code that runs, builds, deploys and monitors the product, but is not part of it."""

from infra import interruption, loopback, streams

interruption.end_quietly()  # before the slow imports of a command, during which people may press Ctrl-C
streams.open_closed()
streams.escape_unknown()
loopback.spare_proxies()

from pathlib import Path  # noqa: E402

# The project's folder.
ROOT = Path(__file__).resolve().parent.parent
