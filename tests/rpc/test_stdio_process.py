"""A server process over its own stdin and stdout, as an editor starts it."""

import json
import os
import signal
import sys
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import trio

from codex_trio.transport.stdio import StdioTransport

PROGRAM = """
import logging, trio
from codex_trio_protocol.table import CLIENT_REQUESTS, SERVER_REQUESTS
from codex_trio.analytics.sink import NoAnalytics
from codex_trio.rpc.connection import Connection
from codex_trio.rpc.dispatcher import Dispatcher
from codex_trio.rpc.outgoing import OutgoingMessages
from codex_trio.transport.stdio import open_process_stdio

async def initialize(params, context):
    return {}

async def slow(params, context):
    print("a stray print", flush=True)
    await trio.sleep(float(params.thread_id))
    return {"slept": params.thread_id}

async def big(params, context):
    return {"big": "x" * 2_000_000}

async def main():
    facts = NoAnalytics()
    handlers = {"initialize": initialize, "thread/read": slow, "thread/list": big}
    dispatcher = Dispatcher(CLIENT_REQUESTS, handlers, facts=facts)
    async with open_process_stdio() as transport:
        outgoing = OutgoingMessages(SERVER_REQUESTS, facts=facts)
        await Connection(transport, dispatcher=dispatcher, outgoing=outgoing, remote=False).run()

logging.basicConfig(level="WARNING")
trio.run(main)
"""

INITIALIZE = b'{"id":"init","method":"initialize","params":{"clientInfo":{"name":"a","version":"1"}}}'


def command() -> list[str]:
    return [sys.executable, "-c", PROGRAM]


def environment(tmp_path: Path) -> dict[str, str]:
    # Only what the program needs to find its own code; nothing of the machine that runs the tests.
    return {
        "PYTHONPATH": os.pathsep.join(sys.path),
        "PATH": "/usr/bin:/bin",
        "HOME": str(tmp_path),
        "TMPDIR": str(tmp_path),
    }


@asynccontextmanager
async def started(tmp_path: Path) -> AsyncGenerator[tuple[trio.Process, StdioTransport]]:
    stdin, to_server = os.pipe()
    from_server, stdout = os.pipe()
    transport = StdioTransport(from_server, to_server)
    with trio.fail_after(20), (tmp_path / "stderr").open("wb") as stderr:
        process = await trio.lowlevel.open_process(
            command(), stdin=stdin, stdout=stdout, stderr=stderr, env=environment(tmp_path)
        )
        os.close(stdin)
        os.close(stdout)
        try:
            await transport.send(INITIALIZE)
            assert await receive(transport) == {"id": "init", "result": {}}
            yield process, transport
        finally:
            process.kill()
            with trio.CancelScope(shield=True):
                await process.wait()
                await transport.aclose()


async def receive(transport: StdioTransport) -> Any:
    message = await transport.receive()
    assert message is not None
    return json.loads(message)


async def test_requests_read_before_the_end_of_stdin_are_answered_and_the_process_ends_well(tmp_path: Path) -> None:
    requests = b"\n".join(
        b'{"id":%d,"method":"thread/read","params":{"threadId":"%s"}}' % (number, seconds)
        for number, seconds in enumerate([b"0.05", b"0"])
    )
    with trio.fail_after(20):
        done = await trio.run_process(
            command(),
            stdin=INITIALIZE + b"\n" + requests,
            capture_stdout=True,
            capture_stderr=True,
            env=environment(tmp_path),
        )
    answers = [json.loads(line) for line in done.stdout.splitlines()]
    assert answers[0] == {"id": "init", "result": {}}
    assert sorted(answers[1:], key=lambda answer: answer["id"]) == [
        {"id": 0, "result": {"slept": "0.05"}},
        {"id": 1, "result": {"slept": "0"}},
    ]
    assert done.stderr == b"a stray print\n" * 2


async def test_an_editor_that_vanishes_leaves_no_process_and_no_traceback(tmp_path: Path) -> None:
    async with started(tmp_path) as (process, transport):
        await transport.send(b'{"id":1,"method":"thread/list","params":{}}')
        await transport.aclose()
        assert await process.wait() == 0
    assert (tmp_path / "stderr").read_bytes() == b""


async def test_garbage_is_survived(tmp_path: Path) -> None:
    async with started(tmp_path) as (process, transport):
        for garbage in (b"\x00\xff", b"{", b"\r", b'{"id":1,"method":"thread/list","params":"\xff"}'):
            await transport.send(garbage)
        await transport.send(b'{"id":2,"method":"thread/read","params":{"threadId":"0"}}\r')
        messages = [await receive(transport) for _ in range(4)]
        assert [message.get("method") for message in messages] == ["warning", "warning", "warning", None]
        assert messages[-1] == {"id": 2, "result": {"slept": "0"}}
        assert process.returncode is None


async def test_a_big_answer_arrives_whole_while_the_client_is_slow_to_read(tmp_path: Path) -> None:
    async with started(tmp_path) as (_, transport):
        for number in range(5):
            await transport.send(b'{"id":%d,"method":"thread/list","params":{}}' % number)
        answers = [await receive(transport) for _ in range(5)]
        assert sorted(answer["id"] for answer in answers) == list(range(5))
        assert {len(answer["result"]["big"]) for answer in answers} == {2_000_000}


async def test_a_stopped_reader_does_not_lose_anything_when_it_goes_on(tmp_path: Path) -> None:
    async with started(tmp_path) as (process, transport):
        process.send_signal(signal.SIGSTOP)
        for number in range(100):
            await transport.send(b'{"id":%d,"method":"thread/read","params":{"threadId":"0"}}' % number)
        process.send_signal(signal.SIGCONT)
        assert sorted([(await receive(transport))["id"] for _ in range(100)]) == list(range(100))
