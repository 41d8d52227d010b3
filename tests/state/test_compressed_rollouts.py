"""Rollouts that are kept compressed: read as they were, and changed in form without ever being lost."""

import os
import sys
import time
from collections.abc import AsyncGenerator
from pathlib import Path

import pytest
import trio
import trio.testing
from rollout_lab import asked, turn
from store_lab import FilesHome

from codex_trio.state.db.initializer import open_state_db
from codex_trio.state.local import compressor as compressor_module
from codex_trio.state.local.compressor import LOCK, RolloutCompressor
from codex_trio.state.local.index.index import RolloutIndex
from codex_trio.state.local.names import ThreadNames
from codex_trio.state.local.writers import ThreadWriters
from codex_trio.state.rollout import compressed
from codex_trio.state.rollout.errors import RolloutReadError
from codex_trio.state.store.interface import MetadataPatch, ThreadStoreError

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

OLD_MS = int((time.time() - 8 * 86400) * 1000)


@pytest.fixture
async def home(tmp_path: Path) -> AsyncGenerator[FilesHome]:
    database = await open_state_db(tmp_path / "index.sqlite")
    yield FilesHome(tmp_path, database)
    await database.aclose()


async def thread_of(home: FilesHome, *questions: str) -> str:
    """Return an old thread in which these were asked."""
    recorder = home.create()
    for number, question in enumerate(questions):
        await recorder.append(turn(recorder.meta.id, f"t{number}", question))
    await recorder.aclose()
    await home.at_time(recorder.meta.id, OLD_MS)
    return recorder.meta.id


def pack(path: Path, *, pieces: int = 1, keep_plain: bool = False) -> Path:
    """Compress a file as another program might, in so many frames."""
    whole = path.read_bytes()
    length = len(whole) // pieces + 1
    packed = path.with_name(f"{path.name}.zst")
    packed.write_bytes(b"".join(zstd.compress(whole[at : at + length]) for at in range(0, len(whole), length)))
    os.utime(packed, ns=(path.stat().st_atime_ns, path.stat().st_mtime_ns))
    if not keep_plain:
        path.unlink()
    return packed


def forms(home: FilesHome, thread_id: str) -> list[str]:
    """Return how the thread's files end, those of any other name included."""
    return sorted(path.name.partition(thread_id)[2] for path in home.path.rglob(f"*rollout-*{thread_id}*"))


async def compress(home: FilesHome, *, writers: ThreadWriters | None = None, times: int = 1) -> None:
    """Have a compressor do its work once, asked for so many times."""
    index = RolloutIndex(home.database, codex_home=home.path, paths=home.paths, names=ThreadNames(home.path))

    async def quiet(_seconds: float) -> None:
        await trio.lowlevel.checkpoint()

    worker = RolloutCompressor(
        index, home=home.path, paths=home.paths, writers=writers or ThreadWriters(home.path), quiet=quiet
    )
    with trio.fail_after(30):
        async with trio.open_nursery() as nursery:
            nursery.start_soon(worker.run)
            for _ in range(times):
                worker.begin()
            await worker.settled()
            nursery.cancel_scope.cancel()


# --- reading ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("pieces", [1, 3])
async def test_a_compressed_thread_is_as_it_was(home: FilesHome, pieces: int) -> None:
    thread_id = await thread_of(home, "where is the needle", "and the thread")
    before = await home.page()
    turns = await home.turns(thread_id)
    path = home.file(thread_id)
    pack(path, pieces=pieces)
    assert await home.page() == before
    assert (await home.stored(thread_id)).path == path
    assert await home.turns(thread_id) == turns
    assert await home.found("needle") == [thread_id]
    assert (await home.search("needle")).hits[0].snippet
    for given in (path, compressed.compressed_path(path)):
        located = await home.store.locate_path(given)
        assert located is not None
        assert (located.thread_id, located.path) == (thread_id, path)


async def test_the_words_of_a_compressed_thread_are_indexed_once_step_by_step(home: FilesHome) -> None:
    # Far larger than it is compressed, and more than a step takes.
    thread_id = await thread_of(home, *(f"question {number} {'again ' * 2000}" for number in range(60)), "the needle")
    packed = pack(home.file(thread_id))
    assert await home.ids() == [thread_id]
    steps = 0
    while await home.text.catch_up(100_000):
        steps += 1
        assert steps < 30
    assert packed.stat().st_size < 100_000
    assert steps > 2
    assert await home.found("needle") == [thread_id]
    assert not await home.text.catch_up()


async def test_where_both_forms_are_there_a_thread_is_one_and_the_plain_one_counts(home: FilesHome) -> None:
    thread_id = await thread_of(home, "one")
    path = home.file(thread_id)
    pack(path, keep_plain=True)
    recorder = await home.store.open(await home.stored(thread_id))
    assert forms(home, thread_id) == [".jsonl"]
    await recorder.append(turn(thread_id, "later", "two"))
    await recorder.aclose()
    await home.at_time(thread_id, OLD_MS)
    stale = path.with_name(f"{path.name}.zst")
    stale.write_bytes(zstd.compress(path.read_bytes()[:200]))
    assert await home.ids() == [thread_id]
    assert [file.path for file in home.paths.scan(archived=False)] == [path]
    assert asked(await home.turns(thread_id)) == ["one", "two"]
    assert await home.store.archive(thread_id) == [thread_id]
    assert forms(home, thread_id) == [".jsonl"]
    assert (await home.ids(), await home.ids(archived=True)) == ([], [thread_id])


async def test_of_a_damaged_one_the_rest_is_read_and_nothing_is_written(home: FilesHome) -> None:
    thread_id = await thread_of(home, *(f"question {number} {os.urandom(200_000).hex()}" for number in range(9)))
    packed = pack(home.file(thread_id))
    with packed.open("r+b") as file:
        file.truncate(packed.stat().st_size * 2 // 3)
    assert await home.ids() == [thread_id]
    said = [question[:10] for question in asked(await home.turns(thread_id))]
    assert said == [f"question {number}" for number in range(len(said))]
    assert said
    with pytest.raises(RolloutReadError, match="is damaged"):
        await home.store.open(await home.stored(thread_id))
    assert forms(home, thread_id) == [".jsonl.zst"]


async def test_changing_what_a_compressed_thread_says_of_itself_puts_it_back(home: FilesHome) -> None:
    thread_id = await thread_of(home, "one")
    path = home.file(thread_id)
    before = path.read_bytes()
    packed = pack(path)
    # What a process that died left there.
    path.with_name(f".{path.name}.plain.tmp").write_bytes(b"{")
    changed = await home.store.update_metadata(thread_id, MetadataPatch(memory_mode="disabled"))
    assert changed.meta.memory_mode == "disabled"
    assert forms(home, thread_id) == [".jsonl"]
    assert not packed.exists()
    assert path.read_bytes().startswith(before)
    assert path.stat().st_mode & 0o777 == 0o600


async def test_a_compressed_thread_is_deleted_whole(home: FilesHome) -> None:
    thread_id = await thread_of(home, "one")
    pack(home.file(thread_id), keep_plain=True)
    assert await home.store.delete(thread_id) == [thread_id]
    assert forms(home, thread_id) == []


# --- compressing -----------------------------------------------------------------------------------------------------


async def test_what_is_old_is_compressed_and_nothing_else(home: FilesHome) -> None:
    old, archived, young = [await thread_of(home, "needle " * 1000) for _ in range(3)]
    await home.store.archive(archived)
    await home.at_time(young, int((time.time() - 6.9 * 86400) * 1000))
    paths = {thread_id: home.file(thread_id) for thread_id in (old, archived)}
    before = {thread_id: (path.read_bytes(), path.stat().st_mtime_ns) for thread_id, path in paths.items()}
    listed = await home.page(), await home.page(archived=True)
    await compress(home, times=2)
    assert [forms(home, thread_id) for thread_id in (old, archived, young)] == [[".jsonl.zst"]] * 2 + [[".jsonl"]]
    assert (await home.page(), await home.page(archived=True)) == listed
    assert await home.found("needle") == [young, old]
    for thread_id, path in paths.items():
        packed = compressed.compressed_path(path)
        content, changed = before[thread_id]
        assert zstd.decompress(packed.read_bytes()) == content
        assert packed.stat().st_mtime_ns == changed
        assert packed.stat().st_mode & 0o777 == 0o600
        compressed.put_back(path)
        assert (path.read_bytes(), path.stat().st_mtime_ns) == (content, changed)
    assert (await home.page(), await home.page(archived=True)) == listed


@pytest.mark.parametrize("where", ["in this process", "in another one"])
async def test_a_thread_that_somebody_may_write_to_is_left(home: FilesHome, where: str) -> None:
    held, free = await thread_of(home, "one"), await thread_of(home, "two")
    writers = ThreadWriters(home.path)
    holder = writers if where == "in this process" else ThreadWriters(home.path)
    async with holder.writing(held):
        await compress(home, writers=writers)
        assert [forms(home, thread_id) for thread_id in (held, free)] == [[".jsonl"], [".jsonl.zst"]]
    await compress(home, writers=writers)
    assert forms(home, held) == [".jsonl.zst"]


@pytest.mark.parametrize("when", ["read", "to be kept"])
async def test_a_file_that_changes_meanwhile_is_left(
    home: FilesHome, monkeypatch: pytest.MonkeyPatch, when: str
) -> None:
    thread_id = await thread_of(home, "one")
    path = home.file(thread_id)
    content = path.read_bytes()

    before, waits = (1 if when == "read" else 2), 0
    settle = os.fsync

    def fsync(descriptor: int) -> None:
        """Have something on the disk: first what is compressed, then its name."""
        nonlocal waits
        settle(descriptor)
        waits += 1
        if waits == before:
            with path.open("ab") as file:
                file.write(b"{}\n")
            os.utime(path, ns=(OLD_MS * 1_000_000, OLD_MS * 1_000_000))

    with monkeypatch.context() as disk:
        disk.setattr(os, "fsync", fsync)
        await compress(home)
    assert waits == before
    assert forms(home, thread_id) == [".jsonl"]
    assert path.read_bytes() == content + b"{}\n"


async def test_one_server_at_a_time_compresses_and_removes_what_others_left(home: FilesHome) -> None:
    thread_id = await thread_of(home, "one")
    path = home.file(thread_id)
    lock = home.path / LOCK
    held = compressor_module.take(lock)
    assert held is not None
    for suffix in (".zst.tmp", ".plain.tmp"):
        path.with_name(f".{path.name}{suffix}").write_bytes(b"torn")
    assert await home.ids() == [thread_id]
    await compress(home)
    assert forms(home, thread_id) == [".jsonl", ".jsonl.plain.tmp", ".jsonl.zst.tmp"]
    compressor_module.give_back(held)
    await compress(home)
    assert forms(home, thread_id) == [".jsonl.zst"]


async def test_nobody_takes_a_thread_up_while_its_form_changes(tmp_path: Path) -> None:
    ours, others = ThreadWriters(tmp_path), ThreadWriters(tmp_path)
    thread_id = "01a203a9-0000-7000-8000-000000000001"
    taken = trio.Event()

    async def take() -> None:
        async with ours.writing(thread_id):
            taken.set()

    with trio.fail_after(20):
        async with trio.open_nursery() as nursery:
            async with ours.alone(thread_id):
                nursery.start_soon(take)
                await trio.testing.wait_all_tasks_blocked()
                assert not taken.is_set()
                with pytest.raises(ThreadStoreError):
                    async with others.writing(thread_id):
                        pytest.fail("two have it")
            await taken.wait()
        async with ours.writing(thread_id):
            assert ours.is_taken(thread_id)
            with pytest.raises(ThreadStoreError):
                async with ours.alone(thread_id):
                    pytest.fail("two have it")
    assert not ours.is_taken(thread_id)
