"""The descriptor pool of the generated messages.

It is not the default pool: a process may hold them beside Google's client packages, which register messages
of the same full names there, and protobuf refuses a name's second definition. So a `Timestamp` inside one of
them is of another class than `google.protobuf.timestamp_pb2.Timestamp`.
"""

from google.protobuf import (
    any_pb2,
    duration_pb2,
    empty_pb2,
    field_mask_pb2,
    struct_pb2,
    timestamp_pb2,
    wrappers_pb2,
)
from google.protobuf.descriptor_pool import DescriptorPool
from google.rpc import status_pb2
from google.type import latlng_pb2

POOL = DescriptorPool()

for _module in (
    any_pb2,
    duration_pb2,
    empty_pb2,
    field_mask_pb2,
    struct_pb2,
    timestamp_pb2,
    wrappers_pb2,
    status_pb2,
    latlng_pb2,
):
    POOL.AddSerializedFile(_module.DESCRIPTOR.serialized_pb)
