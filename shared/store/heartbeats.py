"""Where a machine stands in the index of heartbeats: on a time, in shards.

`last_seen` only grows. An index on it alone would take all heartbeats of all organizations at its end, and
Firestore sustains 500 writes a second there. A shard in front of the time multiplies that:
https://cloud.google.com/firestore/docs/solutions/shard-timestamp
"""

import zlib
from typing import Any

from shared.pb.inventory.v1.machine_pb2 import MACHINE_STATUS_CONNECTED, Machine

# 24 * 500 = 12,000 heartbeats a second; one query may ask for 30 shards.
SHARDS = 24
SHARD = "heartbeat_shard"


def shard_fields(machine: Machine) -> dict[str, Any]:
    """Give the fields that put a machine into the index: none where it is not connected."""
    if machine.status != MACHINE_STATUS_CONNECTED:
        return {}
    return {SHARD: {"integer_value": zlib.crc32(machine.id.encode()) % SHARDS}}
