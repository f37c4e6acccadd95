"""asyncio: streams over TCP and UNIX sockets, time-outs, a thread pool, cancelled tasks, datagrams."""
import asyncio
import os


async def reply(reader, writer):
    while line := await reader.readline():
        writer.write(line.upper())
        await writer.drain()
    writer.close()


async def talk(connect, number):
    reader, writer = await connect
    lines = []
    for n in range(20):
        writer.write(f"client {number} line {n}\n".encode())
        lines.append(await reader.readline())
    writer.close()
    await writer.wait_closed()
    return len(lines), lines[-1].decode().strip()


class Echo(asyncio.DatagramProtocol):
    def connection_made(self, transport):
        self.transport = transport

    def datagram_received(self, data, addr):
        self.transport.sendto(data[::-1], addr)


class Ask(asyncio.DatagramProtocol):
    def __init__(self, answer):
        self.answer = answer

    def datagram_received(self, data, addr):
        self.answer.set_result(data)


async def main():
    tcp = await asyncio.start_server(reply, "127.0.0.1", 0)
    port = tcp.sockets[0].getsockname()[1]
    print(await asyncio.gather(*(talk(asyncio.open_connection("127.0.0.1", port), n) for n in range(10))))
    unix = await asyncio.start_unix_server(reply, "socket")
    print(await talk(asyncio.open_unix_connection("socket"), 99))
    try:
        await asyncio.wait_for(asyncio.sleep(5), 0.05)
    except asyncio.TimeoutError:
        print("timed out")
    task = asyncio.create_task(asyncio.sleep(5))
    await asyncio.sleep(0)
    task.cancel()
    print("cancelled", (await asyncio.gather(task, return_exceptions=True))[0].__class__.__name__)
    loop = asyncio.get_running_loop()
    print("threads", sum(await asyncio.gather(*(loop.run_in_executor(None, sum, range(n * 1000)) for n in range(8)))))
    echo, _ = await loop.create_datagram_endpoint(Echo, ("127.0.0.1", 0))
    answer = loop.create_future()
    ask, _ = await loop.create_datagram_endpoint(lambda: Ask(answer), remote_addr=echo.get_extra_info("sockname"))
    ask.sendto(b"datagram")
    print(await answer)
    echo.close(), ask.close(), tcp.close(), unix.close()


asyncio.run(main())
os.unlink("socket")
