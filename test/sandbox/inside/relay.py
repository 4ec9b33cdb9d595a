"""A stand-in for the container of ml-pipeline: passes connections on to the API server, a process on the node.

Arguments: its address, then for each port PORT:PORT-ON-THE-NODE.
"""
import asyncio
import sys

ADDRESS, *PORTS = sys.argv[1:]


async def pass_on(reader, writer):
    try:
        while data := await reader.read(65536):
            writer.write(data)
            await writer.drain()
        writer.write_eof()
    except OSError:
        writer.close()


async def relay(port, reader, writer):
    try:
        there_reader, there_writer = await asyncio.open_connection(ADDRESS, port)
    except OSError:
        writer.close()
        return
    await asyncio.gather(pass_on(reader, there_writer), pass_on(there_reader, writer))
    for one in (writer, there_writer):
        one.close()


async def main():
    for pair in PORTS:
        port, there = map(int, pair.split(":"))
        await asyncio.start_server(lambda *streams, there=there: relay(there, *streams), "0.0.0.0", port)
    await asyncio.Event().wait()


asyncio.run(main())
