"""A realtime server that says nothing: it is pinged, and given up when that brings nothing."""

import math
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any

import httpcore2
import pytest
import trio
import trio.testing
from trio.testing import MockClock

from codex_trio.model.http import Upgraded
from codex_trio.model.realtime import RealtimeFailure, RealtimeSocket
from codex_trio.util.websocket_frames import FrameReader, FrameWriter, Ping

SECONDS = 30.0
HOUR = 3600.0


class Peer(httpcore2.AsyncNetworkStream):
    """The other end of a websocket, as the library of the connection sees it."""

    def __init__(self, *, answers: bool, takes: bool = True) -> None:
        self.pings = 0
        self._answers, self._takes = answers, takes
        self._reader = FrameReader(max_message_bytes=100, from_client=True)
        self._said, self._to_say = trio.open_memory_channel[bytes](math.inf)

    async def say(self, data: bytes) -> None:
        await self._said.send(data)

    async def read(self, max_bytes: int, timeout: float | None = None) -> bytes:  # noqa: ASYNC109 - as the library has it
        del max_bytes, timeout
        return await self._to_say.receive()

    async def write(self, buffer: bytes, timeout: float | None = None) -> None:  # noqa: ASYNC109 - as the library has it
        del timeout
        if not self._takes:
            await trio.sleep_forever()
        self._reader.feed(buffer)
        while isinstance(event := self._reader.next_event(), Ping):
            self.pings += 1
            if self._answers:
                await self.say(FrameWriter().pong(event.payload))

    async def aclose(self) -> None:
        """Nothing is kept."""

    async def start_tls(self, *_: Any, **__: Any) -> httpcore2.AsyncNetworkStream:
        raise NotImplementedError


@asynccontextmanager
async def listening(peer: Peer) -> AsyncGenerator[RealtimeSocket]:
    async def listen() -> None:
        await socket.receive()

    async def closed() -> None:
        """There is no pool to give it back to."""

    socket = RealtimeSocket(Upgraded(httpcore2.Response(101, extensions={"network_stream": peer}), closed))
    async with trio.open_nursery() as nursery:
        nursery.start_soon(listen)
        await trio.testing.wait_all_tasks_blocked()
        yield socket
        nursery.cancel_scope.cancel()


@pytest.mark.parametrize("takes", [True, False])
async def test_a_server_that_is_gone_without_a_word_is_noticed(autojump_clock: MockClock, *, takes: bool) -> None:
    del autojump_clock
    peer = Peer(answers=False, takes=takes)
    async with listening(peer) as socket:
        began = trio.current_time()
        with pytest.raises(RealtimeFailure, match="answers no ping within 30 s"):
            await socket.notice_silence(SECONDS)
        assert trio.current_time() - began == 2 * SECONDS
        assert peer.pings == int(takes)


async def test_a_server_that_answers_pings_may_be_silent_for_hours(autojump_clock: MockClock) -> None:
    del autojump_clock
    peer = Peer(answers=True)
    async with listening(peer) as socket:
        with trio.move_on_after(HOUR):
            await socket.notice_silence(SECONDS)
        assert peer.pings >= HOUR / SECONDS / 2 - 1


async def test_a_server_that_nobody_listens_to_is_not_taken_for_a_silent_one(autojump_clock: MockClock) -> None:
    del autojump_clock
    peer = Peer(answers=False)
    async with listening(peer) as socket:
        await peer.say(b"\x81\x02{}")
        # Its message is taken, and a client that does not read has the next one wait.
        with trio.move_on_after(HOUR):
            await socket.notice_silence(SECONDS)
        assert peer.pings == 0
