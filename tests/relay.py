"""Forward data between a client and a server."""

import asyncio
import contextlib
from collections.abc import AsyncIterator

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


@contextlib.asynccontextmanager
async def watched(host: str) -> AsyncIterator[tuple[str, bytearray]]:
    """Forward requests to a server, and record its responses; at the end, close the connections."""
    received = bytearray()
    clients: list[asyncio.StreamWriter] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        clients.append(writer)
        address, _, port = host.partition(":")
        server = await asyncio.open_connection(address, int(port))
        await relay((reader, writer), server, received=received)

    async with await asyncio.start_server(serve, "127.0.0.1", 0) as listener:
        address, port = listener.sockets[0].getsockname()
        try:
            yield f"{address}:{port}", received
        finally:
            for client in clients:
                client.close()
