"""Forward data between a client and a server."""

import asyncio
import contextlib

Connection = tuple[asyncio.StreamReader, asyncio.StreamWriter]


async def relay(client: Connection, server: Connection, *, received: bytearray | None = None) -> None:
    """Forward data in both directions until both sides have closed, and record the server's data."""

    async def pipe(source: Connection, target: Connection, record: bytearray | None) -> None:
        # A process that ends in the middle of a call can reset its connection.
        with contextlib.closing(target[1]), contextlib.suppress(ConnectionResetError):
            while data := await source[0].read(65536):
                if record is not None:
                    record.extend(data)
                target[1].write(data)

    await asyncio.gather(pipe(client, server, None), pipe(server, client, received))
