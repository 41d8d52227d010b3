"""A home whose disk is really full (ENOSPC), for the threads and the state database alike, and has room again later."""

import contextlib
import os
import random
from collections.abc import AsyncGenerator
from dataclasses import replace
from pathlib import Path

import pytest
import trio
from trouble_lab import TroubleLab, check_database, ids

from codex_trio.client.connection import AppServerClient
from codex_trio.client.errors import ServerGone
from codex_trio.client.turns import as_input
from codex_trio.conformance.lab import ServerUnderTest
from codex_trio.testing.model_server import open_model_server
from codex_trio.testing.small_disk import NoSmallDisk, SmallDisk, small_disk

ROUNDS = int(os.environ.get("CRASH_KILLS", "20")) // 5
SEED = int(os.environ.get("CRASH_SEED", "1"))

SIZE = 2_000_000 + ROUNDS * 100_000
LONG = "x" * 5000
"""Longer than what the last block of a file can still take on a disk that is full."""


@pytest.fixture
async def trouble(tmp_path: Path, own_server: ServerUnderTest) -> AsyncGenerator[TroubleLab]:
    async with open_model_server() as model:
        yield TroubleLab(tmp_path, own_server, model)


@pytest.fixture
async def disk(trouble: TroubleLab, own_server: ServerUnderTest) -> AsyncGenerator[SmallDisk]:
    """The disk that the servers of the lab have their home on."""
    async with contextlib.AsyncExitStack() as stack:
        try:
            mounted = await stack.enter_async_context(small_disk(trouble.lab.codex_home, size=SIZE))
        except NoSmallDisk as reason:
            pytest.skip(f"nothing can be mounted here without privileges: {reason}")
        trouble.lab.server = replace(own_server, command=mounted.command(own_server.command))
        yield mounted


async def test_a_server_without_room_says_so_and_goes_on_when_there_is_room(
    trouble: TroubleLab, disk: SmallDisk
) -> None:
    async with trouble.lab.run() as probe:
        before = (await probe.start_thread())["id"]
        for text in ("first", "run second"):
            assert (await trouble.turn(probe, before, text)).status == "completed"
        ballast = disk.fill()
        during = (await probe.start_thread())["id"]
        for thread_id in (before, during, before):
            turn = await trouble.turn(probe, thread_id, f"run {LONG}")
            assert turn.status == "failed"
            assert "the thread cannot be stored" in turn.error["message"]
            assert "No space left on device" in turn.error["message"]
        assert before in await ids(probe, "thread/list", {})
        await trouble.check_thread(probe, before)
        warnings = [entry["params"]["message"] for entry in probe.log.from_server if entry.get("method") == "warning"]
        assert len(warnings) == 1
        assert "database or disk is full" in warnings[0]

        ballast.unlink()
        for thread_id in (before, during):
            assert (await trouble.turn(probe, thread_id, "run with room")).status == "completed"
        assert set(await ids(probe, "thread/list", {})) == {before, during}
    check_database(disk.content)
    async with trouble.lab.run() as probe:
        await trouble.check(probe)
        assert probe.server.stderr == ""


async def test_what_cannot_be_stored_of_what_a_running_turn_is_told_is_refused_with_the_reason(
    trouble: TroubleLab, disk: SmallDisk
) -> None:
    async with trouble.lab.run() as probe:
        thread_id = (await probe.start_thread(cwd=str(trouble.lab.cwd)))["id"]
        turn_id = await probe.start_turn(thread_id, "wait for a file")
        await probe.until("item/started", where=lambda params: params["item"]["type"] == "commandExecution")
        ballast = disk.fill()
        more = {"threadId": thread_id, "expectedTurnId": turn_id, "input": as_input(f"unheard {LONG}")}
        for method in ("turn/steer", "turn/start"):
            assert "No space left on device" in (await probe.refusal(method, more)).message
        ballast.unlink()
        await probe.request("turn/steer", {**more, "input": as_input("heard")})
        (trouble.lab.cwd / "go").touch()
        turn = await probe.finish_turn(turn_id)
        assert turn.status == "completed"
        said = [item["content"][0]["text"] for item in turn.items("userMessage")]
        assert said == ["wait for a file", "heard"]


@pytest.mark.parametrize("has_database", [True, False])
async def test_a_server_starts_without_room_and_shows_what_is_there(
    trouble: TroubleLab, disk: SmallDisk, *, has_database: bool
) -> None:
    async with trouble.lab.run() as probe:
        thread_id = (await probe.start_thread())["id"]
        assert (await trouble.turn(probe, thread_id, "before")).status == "completed"
    if not has_database:
        for path in disk.content.glob("codex_trio_1.sqlite*"):
            path.unlink()
    ballast = disk.fill()
    async with trouble.lab.run() as probe:
        assert await ids(probe, "thread/list", {}) == [thread_id]
        assert await ids(probe, "thread/search", {"searchTerm": "Re: before"}) == [thread_id]
        await probe.request("thread/resume", {"threadId": thread_id})
        assert (await trouble.turn(probe, thread_id, LONG)).status == "failed"
        ballast.unlink()
        assert (await trouble.turn(probe, thread_id, "with room")).status == "completed"
    async with trouble.lab.run() as probe:
        await trouble.check(probe)
    check_database(disk.content)


@pytest.mark.slow
async def test_servers_that_are_killed_on_a_full_disk_lose_nothing(trouble: TroubleLab, disk: SmallDisk) -> None:
    chosen = random.Random(SEED)
    threads: list[str] = []
    failed = 0
    for number in range(ROUNDS):
        async with trouble.lab.run() as probe:
            threads.append((await probe.start_thread())["id"])
            assert (await trouble.turn(probe, threads[-1], f"begin {number}")).status == "completed"
            for thread_id in threads[:-1]:
                await probe.request("thread/resume", {"threadId": thread_id})
            ballast = disk.fill()
            os.truncate(ballast, max(0, ballast.stat().st_size - chosen.randrange(10) * 4096))
            for step in range(4):
                kind = chosen.choice(["", "run "])
                text = f"{kind}{number}.{step} {LONG[: chosen.randrange(5000)]}"
                failed += (await trouble.turn(probe, chosen.choice(threads), text)).status == "failed"
            async with trio.open_nursery() as nursery:
                nursery.start_soon(_say, probe.client, threads[-1], LONG)
                await trio.sleep(chosen.uniform(0, 0.05))
                probe.server.kill()
        ballast.unlink()
    assert failed, "the disk was full"
    async with trouble.lab.run() as probe:
        await trouble.check(probe)
        assert probe.server.stderr == ""
    check_database(disk.content)


async def _say(client: AppServerClient, thread_id: str, text: str) -> None:
    """Start a turn that nobody will see the end of."""
    with contextlib.suppress(ServerGone):
        await client.request("turn/start", {"threadId": thread_id, "input": [{"type": "text", "text": text}]})
