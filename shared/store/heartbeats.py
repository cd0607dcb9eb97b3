"""The fields by which a machine is in the index of heartbeats: a shard, then a time.

`last_seen` only grows. In an index on it alone, all heartbeats of all organizations would write to one hot
end, where Firestore sustains 500 writes a second. A shard before the time multiplies that:
https://cloud.google.com/firestore/docs/solutions/shard-timestamp
"""

import zlib
from typing import Any

from shared.pb.inventory.v1.machine_pb2 import MACHINE_STATUS_CONNECTED, Machine

# 24 * 500 = 12,000 heartbeats a second. One query can have at most 30 shards.
SHARDS = 24
SHARD = "heartbeat_shard"


def shard_fields(machine: Machine) -> dict[str, Any]:
    """Return the fields that put a machine into the index: none if it is not connected."""
    if machine.status != MACHINE_STATUS_CONNECTED:
        return {}
    return {SHARD: {"integer_value": zlib.crc32(machine.id.encode()) % SHARDS}}
