"""Messages of a stream that leave together.

gRPC's server sends each message by itself, which wakes both ends for each. Its core knows to wait for more
messages, up to 64 KiB or the stream's end (GRPC_WRITE_BUFFER_HINT in include/grpc/impl/grpc_types.h), and the
library for Python has that flag, but no way to set it. What it can set is that a message is not compressed;
nothing is compressed here, and so that sets both, for all servers of the process.
"""

from grpc._cython.cygrpc import WriteFlag  # type: ignore[import-not-found] # it has no types

from infra.local.faults import Context

WriteFlag.no_compress |= WriteFlag.buffer_hint


def let_wait(context: Context) -> None:
    """Let the next message of a stream wait for others, or for the stream's end."""
    context.disable_next_message_compression()
