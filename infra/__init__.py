"""What runs, builds, deploys and watches the product: it is no part of it."""

from infra import interruption, loopback

interruption.end_quietly()  # before a command imports the rest, which takes longer than some people wait
loopback.spare_proxies()

from pathlib import Path  # noqa: E402

# The project's folder.
ROOT = Path(__file__).resolve().parent.parent
