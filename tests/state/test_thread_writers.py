"""One process at a time writes to a thread."""

import fcntl
import os
import subprocess
import sys
from pathlib import Path

import pytest
import trio
import trio.testing

from codex_trio.state.local.writers import COORDINATION, FOLDER, ThreadWriters
from codex_trio.state.store.interface import ThreadStoreError

THREAD = "01a203a9-0000-7000-8000-000000000001"
HOLD = """
import fcntl, os, sys
file = os.open(sys.argv[1], os.O_RDWR | os.O_CREAT)
fcntl.flock(file, fcntl.LOCK_EX)
print("locked", flush=True)
sys.stdin.read()
"""


async def test_a_thread_that_another_process_writes_to_is_refused_until_that_ends(tmp_path: Path) -> None:
    folder = tmp_path / FOLDER
    folder.mkdir()
    command = [sys.executable, "-c", HOLD, str(folder / f"{THREAD}.lock")]
    writers = ThreadWriters(tmp_path)
    process = await trio.lowlevel.open_process(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert process.stdin is not None
    assert process.stdout is not None
    async with process.stdin, process.stdout:
        assert (await process.stdout.receive_some()).startswith(b"locked")
        with pytest.raises(ThreadStoreError, match=f"^thread {THREAD} already has an active writer$"):
            async with writers.writing(THREAD):
                pytest.fail("two processes write to one thread")
        process.kill()
        await process.wait()
    async with writers.writing(THREAD):
        assert sorted(os.listdir(folder)) == [COORDINATION, f"{THREAD}.lock"]
    assert os.listdir(folder) == [COORDINATION]


async def test_within_a_process_a_thread_stays_locked_until_its_last_user_is_done(tmp_path: Path) -> None:
    ours, others = ThreadWriters(tmp_path), ThreadWriters(tmp_path)
    async with ours.writing(THREAD):
        async with ours.writing(THREAD.upper()):
            pass
        with pytest.raises(ThreadStoreError):
            async with others.writing(THREAD):
                pytest.fail("the lock ended with the first of two users")
    async with others.writing(THREAD):
        pass


async def test_one_of_many_that_want_a_thread_at_once_gets_it(tmp_path: Path) -> None:
    many = [ThreadWriters(tmp_path) for _ in range(8)]
    inside: list[int] = []
    refused = 0

    async def want(writers: ThreadWriters) -> None:
        nonlocal refused
        for _ in range(20):
            try:
                async with writers.writing(THREAD):
                    inside.append(1)
                    assert len(inside) == 1
                    await trio.lowlevel.checkpoint()
                    inside.pop()
            except ThreadStoreError:
                refused += 1

    async with trio.open_nursery() as nursery:
        for writers in many:
            nursery.start_soon(want, writers)
    assert refused < 8 * 20, "somebody got it"


async def test_a_thread_is_not_written_to_while_nobody_can_tell_who_else_does(
    tmp_path: Path,
) -> None:
    writers, hasty = ThreadWriters(tmp_path), ThreadWriters(tmp_path, coordination_seconds=0.05)
    async with writers.writing(THREAD):
        pass
    with (tmp_path / FOLDER / COORDINATION).open() as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        with pytest.raises(ThreadStoreError, match=f"^thread {THREAD} cannot be locked: another process keeps"):
            async with hasty.writing(THREAD):
                pytest.fail("another process may have the thread")
        async with trio.open_nursery() as nursery:
            nursery.start_soon(_write, writers)
            await trio.testing.wait_all_tasks_blocked(0.05)
            fcntl.flock(held, fcntl.LOCK_UN)


async def _write(writers: ThreadWriters) -> None:
    async with writers.writing(THREAD):
        pass


async def test_a_home_without_room_for_locks_can_still_be_used(tmp_path: Path) -> None:
    (tmp_path / FOLDER).write_text("in the way")
    async with ThreadWriters(tmp_path).writing(THREAD):
        pass
