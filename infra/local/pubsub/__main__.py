"""Run the emulator: `python -m infra.local.pubsub --port 8085`."""

import sys

from infra.local.command import EmulatorParser, serve
from infra.local.pubsub.server import running

_NAME = "Pub/Sub"


def main() -> int:
    """Run the emulator until it is stopped, and return the exit code of the process."""
    chosen = EmulatorParser(_NAME, "infra.local.pubsub", default_port=8085).parse_args()
    return serve(_NAME, running(chosen.host, chosen.port, chosen.control_port, chosen.data))


if __name__ == "__main__":
    sys.exit(main())
