"""Stdio over every kind of file that a parent may hand to a child."""

import fcntl
import os
import pty
import select
import sys
import tty
from pathlib import Path

import pytest
import trio

from codex_trio.transport.base import MessageTooLong, TransportClosed
from codex_trio.transport.stdio import StdioTransport, open_process_stdio


def is_blocking(descriptor: int) -> bool:
    return not fcntl.fcntl(descriptor, fcntl.F_GETFL) & os.O_NONBLOCK


async def test_requests_can_come_from_a_file_and_answers_go_to_one(tmp_path: Path) -> None:
    (tmp_path / "in").write_bytes(b'{"id":1}\n{"id":2}')
    read_fd = os.open(tmp_path / "in", os.O_RDONLY)
    write_fd = os.open(tmp_path / "out", os.O_WRONLY | os.O_CREAT)
    transport = StdioTransport(read_fd, write_fd)
    with trio.fail_after(30):
        assert [await transport.receive() for _ in range(3)] == [b'{"id":1}', b'{"id":2}', None]
        await transport.send_many([b"one", b"two"])
        await transport.aclose()
    assert (tmp_path / "out").read_bytes() == b"one\ntwo\n"


async def test_no_input_and_no_output_are_possible() -> None:
    transport = StdioTransport(os.open(os.devnull, os.O_RDONLY), os.open(os.devnull, os.O_WRONLY))
    with trio.fail_after(30):
        assert await transport.receive() is None
        await transport.send(b"into the void")
        await transport.aclose()


async def test_a_terminal_can_be_both_ends() -> None:
    screen, terminal = pty.openpty()
    tty.setraw(terminal)
    transport = StdioTransport(os.dup(terminal), os.dup(terminal))
    person = StdioTransport(os.dup(screen), os.dup(screen))
    with trio.fail_after(30):
        await person.send(b'{"id":1}')
        assert await transport.receive() == b'{"id":1}'
        await transport.send(b'{"result":1}')
        assert await person.receive() == b'{"result":1}'
        assert is_blocking(terminal)
        await transport.aclose()
        await person.aclose()
    os.close(screen)
    os.close(terminal)


async def test_descriptors_stay_in_blocking_mode_for_those_who_share_them() -> None:
    read_fd, feed = os.pipe()
    drain, write_fd = os.pipe()
    shared = os.dup(write_fd)
    transport = StdioTransport(read_fd, write_fd)
    with trio.fail_after(30):
        os.write(feed, b"line\n")
        assert await transport.receive() == b"line"
        await transport.send(b"answer")
        assert is_blocking(shared)
        await transport.aclose()
    for descriptor in (feed, drain, shared):
        os.close(descriptor)


async def test_descriptors_that_came_non_blocking_work_too() -> None:
    read_fd, feed = os.pipe()
    drain, write_fd = os.pipe()
    for descriptor in (read_fd, write_fd):
        os.set_blocking(descriptor, False)
    transport = StdioTransport(read_fd, write_fd)
    peer = StdioTransport(drain, feed)
    big = b"y" * 1_000_000
    received: list[object] = []

    async def receive() -> None:
        received.append(await peer.receive())

    with trio.fail_after(30):
        async with trio.open_nursery() as nursery:
            nursery.start_soon(receive)
            await transport.send(big)
        assert received == [big]
        await peer.send(b"line")
        assert await transport.receive() == b"line"
        await transport.aclose()
        await peer.aclose()


async def test_a_line_over_the_limit_costs_only_itself() -> None:
    read_fd, feed = os.pipe()
    transport = StdioTransport(read_fd, os.open(os.devnull, os.O_WRONLY), max_message_bytes=100_000)

    async def write() -> None:
        await trio.to_thread.run_sync(os.write, feed, b"x" * 200_000 + b"\r\n" + b"next\r\n")

    with trio.fail_after(30):
        async with trio.open_nursery() as nursery:
            nursery.start_soon(write)
            with pytest.raises(MessageTooLong, match="longer than 100000 bytes"):
                await transport.receive()
            assert await transport.receive() == b"next\r"
        await transport.aclose()
    os.close(feed)


async def test_a_reader_that_went_away_is_a_closed_transport() -> None:
    drain, write_fd = os.pipe()
    transport = StdioTransport(os.open(os.devnull, os.O_RDONLY), write_fd)
    os.close(drain)
    with trio.fail_after(30), pytest.raises(TransportClosed):
        await transport.send(b"anyone?")
    await transport.aclose()


PRINTING_PROGRAM = """
import os, subprocess, sys, trio
from codex_trio.transport.stdio import open_process_stdio

async def main():
    async with open_process_stdio() as transport:
        print("a stray print", flush=True)
        subprocess.run(["/bin/sh", "-c", "echo a child; cat"])
        await transport.send(b"protocol: " + (await transport.receive()))
    print("afterwards")

trio.run(main)
"""


async def test_stray_prints_and_children_cannot_get_into_the_stream(tmp_path: Path) -> None:
    with trio.fail_after(20):
        done = await trio.run_process(
            [sys.executable, "-c", PRINTING_PROGRAM],
            stdin=b"hello\n",
            capture_stdout=True,
            capture_stderr=True,
            env={"PYTHONPATH": os.pathsep.join(sys.path), "PATH": "/usr/bin:/bin", "HOME": str(tmp_path)},
        )
    assert done.stdout == b"protocol: hello\nafterwards\n"
    assert done.stderr == b"a stray print\na child\n"


async def test_a_process_without_stdin_is_told_so(tmp_path: Path) -> None:
    with trio.fail_after(20):
        done = await trio.run_process(
            ["/bin/sh", "-c", 'exec "$0" -c "$1" <&-', sys.executable, PRINTING_PROGRAM],
            capture_stdout=True,
            capture_stderr=True,
            check=False,
            env={"PYTHONPATH": os.pathsep.join(sys.path), "PATH": "/usr/bin:/bin", "HOME": str(tmp_path)},
        )
    assert done.returncode == 1
    assert b"TransportClosed: the process was started without descriptor 0" in done.stderr


async def test_the_process_gets_its_own_descriptors_back() -> None:
    before = [os.fstat(descriptor) for descriptor in (0, 1)]
    async with open_process_stdio() as transport:
        assert os.path.samestat(os.fstat(1), os.fstat(2))
        await transport.aclose()
    after = [os.fstat(descriptor) for descriptor in (0, 1)]
    assert all(os.path.samestat(*pair) for pair in zip(before, after, strict=True))


async def test_a_short_message_is_written_without_waiting_or_not_at_all() -> None:
    server_in, client_out = os.pipe()
    client_in, server_out = os.pipe()
    server, client = StdioTransport(server_in, server_out), StdioTransport(client_in, client_out)
    with trio.fail_after(30):
        assert server.send_now(b"at once")
        assert await client.receive() == b"at once"
        assert not server.send_now(b"x" * select.PIPE_BUF), "longer than a pipe takes in one piece"
        written = 0
        while server.send_now(b"y" * 1000):
            written += 1
        assert [await client.receive() for _ in range(written)] == [b"y" * 1000] * written
        await client.send_many([b"one", b"two"])
        assert await server.receive() == b"one"
        assert not server.send_now(b"more answers are about to come")
        assert await server.receive() == b"two"
        assert server.send_now(b"last")
        assert await client.receive() == b"last"
        await client.aclose()
        assert not server.send_now(b"nobody is there")
        with pytest.raises(TransportClosed):
            await server.send(b"nobody is there")
        await server.aclose()
        assert not server.send_now(b"closed")
