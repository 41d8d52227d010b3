"""Input of a process that an exec-server runs: what was asked for is done once, whatever becomes of who asked."""

from __future__ import annotations

from typing import Any

import trio
import trio.testing

from codex_trio.exec_server.output_log import OutputLog
from codex_trio.exec_server.process import ServedProcess
from codex_trio.execution.errors import StdinClosed


class SlowReader:
    """Stands for a process that takes input when the test says so, and runs until it is cancelled."""

    def __init__(self) -> None:
        self.reads = trio.Event()
        self.taken: list[bytes] = []
        self.stdout: Any = self
        self.stderr = None
        self.has_closed = False

    async def __aenter__(self) -> SlowReader:
        return self

    async def __aexit__(self, *_: object) -> None:
        await trio.lowlevel.checkpoint()

    async def keep_absent(self) -> None:
        await trio.lowlevel.checkpoint()

    async def receive(self) -> bytes:
        await trio.sleep_forever()
        raise AssertionError

    async def wait(self) -> int:
        await trio.sleep_forever()
        raise AssertionError

    async def write(self, data: bytes) -> None:
        await self.reads.wait()
        if self.has_closed:
            raise StdinClosed
        self.taken.append(data)


async def no_news(_method: str, _event: Any) -> None:
    await trio.lowlevel.checkpoint()


async def test_input_that_nobody_waits_for_any_more_is_written_once_all_the_same() -> None:
    reader: Any = SlowReader()
    served = ServedProcess("p", reader, has_input=True, is_terminal=False, log=OutputLog(acknowledged=False))
    async with trio.open_nursery() as nursery:
        nursery.start_soon(served.run, no_news)
        with trio.CancelScope() as connection:
            async with trio.open_nursery() as requests:
                requests.start_soon(served.write, b"one", "1")
                await trio.testing.wait_all_tasks_blocked()
                requests.start_soon(served.write, b"two", "2")
                await trio.testing.wait_all_tasks_blocked()
                connection.cancel()
        answers: list[str] = []

        async def again(data: bytes, write_id: str) -> None:
            answers.append(await served.write(data, write_id))

        for data, write_id in ((b"one", "1"), (b"two", "2"), (b"three", "3")):
            nursery.start_soon(again, data, write_id)
            await trio.testing.wait_all_tasks_blocked()
        assert answers == []
        reader.reads.set()
        await trio.testing.wait_all_tasks_blocked()
        assert (answers, reader.taken) == (["accepted"] * 3, [b"one", b"two", b"three"])
        reader.has_closed = True
        assert await served.write(b"four", "4") == "stdinClosed"
        assert await served.write(b"one", "1") == "accepted"
        nursery.cancel_scope.cancel()
    assert await served.write(b"five", "5") == "stdinClosed"
