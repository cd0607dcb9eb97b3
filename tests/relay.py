"""Passes on between a client and a server what they send each other."""

import asyncio

Connection = tuple[asyncio.StreamReader, asyncio.StreamWriter]


async def relay(client: Connection, server: Connection, *, answered: bytearray | None = None) -> None:
    """Pass on what both send until they have no more, and add what the server answers to a record."""

    async def pipe(source: Connection, target: Connection, record: bytearray | None) -> None:
        while data := await source[0].read(65536):
            if record is not None:
                record.extend(data)
            target[1].write(data)
        target[1].close()

    await asyncio.gather(pipe(client, server, None), pipe(server, client, answered))
