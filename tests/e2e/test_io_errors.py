"""A disk that breaks: the kernel answers reads and writes with EIO, of the state database and of the threads' files."""

import errno
import os
import random
from collections.abc import AsyncGenerator
from dataclasses import replace
from pathlib import Path

import pytest
from trouble_lab import DATABASE, TroubleLab, check_database, ids

from codex_trio.conformance.lab import ServerUnderTest
from codex_trio.testing.model_server import open_model_server
from codex_trio.testing.system_calls import Call, CallWatch, CannotWatch, Decision, watched_calls

ROUNDS = int(os.environ.get("CRASH_KILLS", "20")) // 5
SEED = int(os.environ.get("CRASH_SEED", "1"))

WRITES = frozenset({"write", "pwrite64", "fsync", "fdatasync", "ftruncate"})
READS = frozenset({"read", "pread64"})
SETTLED = ("thread/list", "thread/search")


@pytest.fixture
async def trouble(tmp_path: Path, own_server: ServerUnderTest) -> AsyncGenerator[TroubleLab]:
    async with open_model_server() as model:
        yield TroubleLab(tmp_path, own_server, model)


@pytest.fixture
async def watch(trouble: TroubleLab, own_server: ServerUnderTest) -> AsyncGenerator[CallWatch]:
    """Decides about the calls of the lab's servers."""
    try:
        async with watched_calls(trouble.lab.base / "calls", [*WRITES, *READS]) as opened:
            trouble.lab.server = replace(own_server, command=opened.command(own_server.command))
            yield opened
    except CannotWatch as reason:
        pytest.skip(str(reason))


def failing(names: frozenset[str], file: str) -> Decision:
    """Call of these names fail for files with this in their path."""
    return lambda call: errno.EIO if call.name in names and file in call.path else None


def nothing(_call: Call) -> None:
    """All is well."""


@pytest.mark.parametrize("names", [WRITES, READS, READS | WRITES])
@pytest.mark.parametrize("at_start", [True, False])
async def test_without_a_database_that_can_be_read_and_written_turns_go_on_and_threads_are_found(
    trouble: TroubleLab, watch: CallWatch, names: frozenset[str], *, at_start: bool
) -> None:
    async with trouble.lab.run() as probe:
        before = (await probe.start_thread())["id"]
        assert (await trouble.turn(probe, before, "before")).status == "completed"
    broken = failing(names, DATABASE)
    watch.decide = broken if at_start else nothing
    async with trouble.lab.run() as probe:
        await probe.request("thread/resume", {"threadId": before})
        during = (await probe.start_thread())["id"]
        watch.decide = broken
        for thread_id in (before, during, before):
            assert (await trouble.turn(probe, thread_id, f"run with {thread_id[-5:]}")).status == "completed"
        assert set(await ids(probe, "thread/list", {})) == {before, during}
        assert await ids(probe, "thread/search", {"searchTerm": "Re: before"}) == [before]
        for thread_id in (before, during):
            await trouble.check_thread(probe, thread_id)
    watch.decide = nothing
    async with trouble.lab.run() as probe:
        await trouble.check(probe)
    check_database(trouble.lab.codex_home)


async def test_a_turn_that_cannot_be_stored_fails_with_the_reason_and_the_thread_goes_on(
    trouble: TroubleLab, watch: CallWatch
) -> None:
    async with trouble.lab.run() as probe:
        thread_id = (await probe.start_thread())["id"]
        assert (await trouble.turn(probe, thread_id, "before")).status == "completed"
        watch.decide = failing(WRITES, "/sessions/")
        turn = await trouble.turn(probe, thread_id, "during")
        assert turn.status == "failed"
        assert "the thread cannot be stored" in turn.error["message"]
        assert "Input/output error" in turn.error["message"]
        watch.decide = nothing
        assert (await trouble.turn(probe, thread_id, "afterwards")).status == "completed"
    async with trouble.lab.run() as probe:
        await trouble.check(probe)
        assert probe.server.stderr == ""


async def test_a_thread_that_cannot_be_read_is_refused_with_the_reason_and_opens_later(
    trouble: TroubleLab, watch: CallWatch
) -> None:
    async with trouble.lab.run() as probe:
        thread_id = (await probe.start_thread())["id"]
        assert (await trouble.turn(probe, thread_id, "before")).status == "completed"
    async with trouble.lab.run() as probe:
        assert await ids(probe, "thread/list", {}) == [thread_id]
        watch.decide = failing(READS, "/sessions/")
        for method, params in (("thread/read", {"includeTurns": True}), ("thread/resume", {})):
            error = await probe.refusal(method, {"threadId": thread_id, **params})
            assert "Input/output error" in error.message
        assert await ids(probe, "thread/list", {}) == [thread_id]
        watch.decide = nothing
        await trouble.check(probe)


async def test_a_thread_that_cannot_be_read_for_the_moment_is_listed_still(
    trouble: TroubleLab, watch: CallWatch
) -> None:
    async with trouble.lab.run() as probe:
        thread_id = (await probe.start_thread())["id"]
        assert (await trouble.turn(probe, thread_id, "before")).status == "completed"
    for file in trouble.lab.codex_home.glob(f"{DATABASE}*"):
        file.unlink()
    async with trouble.lab.run() as probe:
        watch.decide = failing(READS, "/sessions/")
        assert await ids(probe, "thread/list", {}) == [thread_id]
        watch.decide = nothing
        (listed,) = (await probe.request("thread/list", {}))["data"]
        assert listed["preview"] == "before"
        await trouble.check(probe)


async def test_words_that_cannot_be_read_for_the_moment_are_found_later(trouble: TroubleLab, watch: CallWatch) -> None:
    async with trouble.lab.run() as probe:
        thread_id = (await probe.start_thread())["id"]
        assert (await trouble.turn(probe, thread_id, "before")).status == "completed"
    for file in trouble.lab.codex_home.glob(f"{DATABASE}*"):
        file.unlink()
    async with trouble.lab.run() as probe:
        assert await ids(probe, "thread/list", {}) == [thread_id]
        watch.decide = failing(READS, "/sessions/")
        assert await ids(probe, "thread/search", {"searchTerm": "Re: before"}) == []
        watch.decide = nothing
        assert await ids(probe, "thread/search", {"searchTerm": "Re: before"}) == [thread_id]


@pytest.mark.slow
async def test_errors_at_random_calls_lose_nothing(trouble: TroubleLab, watch: CallWatch) -> None:
    chosen = random.Random(SEED)
    threads: list[str] = []
    refused = 0

    def sometimes(call: Call) -> int | None:
        nonlocal refused
        if ("/sessions/" in call.path or DATABASE in call.path) and chosen.random() < 0.05:
            refused += 1
            return chosen.choice((errno.EIO, errno.ENOSPC))
        return None

    for number in range(ROUNDS):
        async with trouble.lab.run() as probe:
            threads.append((await probe.start_thread())["id"])
            watch.decide = sometimes
            for step in range(4):
                await trouble.turn(probe, threads[-1], f"{chosen.choice(['', 'run '])}{number}.{step}")
                await probe.client.request("thread/list", {})
            watch.decide = nothing
            assert (await trouble.turn(probe, threads[-1], f"{number} is over")).status == "completed"
            if chosen.random() < 0.5:
                probe.server.kill()
    assert refused, "calls were refused"
    async with trouble.lab.run() as probe:
        await trouble.check(probe)
    check_database(trouble.lab.codex_home)
