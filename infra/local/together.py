"""Messages of a stream that are sent together.

gRPC's server sends each message separately, which wakes up both ends each time. Its core can buffer messages
up to 64 KiB or the stream's end (GRPC_WRITE_BUFFER_HINT in include/grpc/impl/grpc_types.h). The Python
library defines that flag, but cannot set it. It can only set the flag that disables a message's compression.
Nothing is compressed here, so this module makes that flag set both, for all servers of the process.
"""

from grpc._cython.cygrpc import WriteFlag  # type: ignore[import-not-found] # it has no types

from infra.local.faults import Context

WriteFlag.no_compress |= WriteFlag.buffer_hint


def let_wait(context: Context) -> None:
    """Buffer the next message of a stream until more messages or the stream's end."""
    context.disable_next_message_compression()
