"""A server of another maker that listens on a port."""

import subprocess
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path

import trio


@asynccontextmanager
async def open_web_peer(command: Sequence[str | Path], *, env: Mapping[str, str], port: int) -> AsyncGenerator[str]:
    """Run it until the block ends; provides its address, once it is there."""
    async with trio.open_nursery() as nursery:
        run = partial(trio.run_process, env=env, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False)
        process = await nursery.start(run, command)
        while process.poll() is None:
            try:
                await (await trio.open_tcp_stream("127.0.0.1", port)).aclose()
                break
            except OSError:
                await trio.sleep(0.05)
        yield f"http://127.0.0.1:{port}/mcp"
        nursery.cancel_scope.cancel()


async def free_port() -> int:
    """Return a port that nobody has at the moment."""
    with trio.socket.socket() as listener:
        await listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]
