"""A server's standard streams as a channel: what is cut on the way in, and much at once on the way out."""

import os
from types import SimpleNamespace
from typing import cast

import trio
from trio.testing import wait_all_tasks_blocked

from codex_trio.execution.groups import RunningProcess
from codex_trio.execution.streams import InputStream
from codex_trio.extensions.mcp.stdio import StdioChannel


async def test_a_message_that_was_given_up_midway_leaves_the_next_one_whole() -> None:
    reading, writing = os.pipe()
    pipe = InputStream(writing)
    channel = StdioChannel("x", cast("RunningProcess", SimpleNamespace(write=pipe.send_all)))
    received = bytearray()

    async def read() -> None:
        async with trio.lowlevel.FdStream(reading) as stream:
            async for data in stream:
                received.extend(data)

    with trio.fail_after(30):
        async with trio.open_nursery() as sending:
            sending.start_soon(channel.send, b"x" * (1 << 20))
            await wait_all_tasks_blocked()
            sending.cancel_scope.cancel()
        async with trio.open_nursery() as nursery:
            nursery.start_soon(read)
            await channel.send(b"second")
            await channel.send(b"third")
            pipe.close()
    first, *others = received.split(b"\n")
    assert 0 < len(first) < 1 << 20
    assert others == [b"second", b"third", b""]


async def test_a_message_that_was_given_up_before_it_began_leaves_no_trace() -> None:
    written: list[bytes] = []

    async def write(data: bytes) -> None:
        await trio.lowlevel.checkpoint()
        written.append(data)

    channel = StdioChannel("x", cast("RunningProcess", SimpleNamespace(write=write)))
    with trio.CancelScope() as scope:
        scope.cancel()
        await channel.send(b"first")
    await channel.send(b"second")
    assert written == [b"second\n"]


async def test_many_lines_at_once_leave_others_their_turn() -> None:
    turns = 0

    async def take_turns() -> None:
        nonlocal turns
        while True:
            await trio.lowlevel.checkpoint()
            turns += 1

    async def receive() -> bytes:
        await trio.lowlevel.checkpoint()
        return b"line\n\n" * 100

    process = SimpleNamespace(stdout=SimpleNamespace(receive=receive))
    channel = StdioChannel("x", cast("RunningProcess", process))
    async with trio.open_nursery() as nursery:
        nursery.start_soon(take_turns)
        for _ in range(100):
            assert await channel.receive() == b"line"
        nursery.cancel_scope.cancel()
    assert turns > 100
