"""What the store of rollout files does with files that others made, moved, changed and removed."""

import json
import os
from collections.abc import AsyncGenerator
from pathlib import Path

import pytest
from store_lab import NOW_MS, FilesHome

from codex_trio.domain.ids import uuid7
from codex_trio.state.db.initializer import open_state_db
from codex_trio.state.rollout.lines import GitInfo
from codex_trio.state.store.interface import ThreadStoreError

SAMPLES = Path(__file__).parent.parent / "data" / "rollouts"


@pytest.fixture
async def home(tmp_path: Path) -> AsyncGenerator[FilesHome]:
    database = await open_state_db(tmp_path / "index.sqlite")
    yield FilesHome(tmp_path, database)
    await database.aclose()


async def test_threads_of_other_servers_are_listed(home: FilesHome) -> None:
    for sample in ("0.131.0-tools", "0.169.0-tools", "0.169.0-fork"):
        for path in (SAMPLES / sample).glob("rollout-*.jsonl"):
            folder = home.paths.sessions / "2026/11/22"
            folder.mkdir(parents=True, exist_ok=True)
            (folder / path.name).write_bytes(path.read_bytes())
    page = await home.page()
    assert [(row.preview, row.meta.cli_version, row.model) for row in page.threads] == [
        ("t1", "0.169.0", "gpt-5.5"),
        ("t1", "0.169.0", "gpt-5.5"),
        ("hello", "0.131.0", "gpt-5.5"),
        ("hello", "0.169.0", "gpt-5.5"),
    ]
    assert page.threads[2].git == GitInfo(branch="b1")


async def test_a_thread_that_was_cut_back_is_listed_once(home: FilesHome) -> None:
    thread_id = await home.add("first")
    base = {"thread_id": thread_id, "end_ordinal_exclusive": 2}
    name = home.paths.new_path(thread_id, created_ms=NOW_MS + 90_000, segment_id=uuid7())
    meta = {"id": thread_id, "timestamp": "2026-11-22T12:30:00Z", "source": "cli", "history_mode": "paginated"}
    line = {"timestamp": "t", "ordinal": 2, "type": "session_meta", "payload": {**meta, "history_base": base}}
    name.write_text(json.dumps(line) + "\n")
    [row] = (await home.page()).threads
    assert (row.path, row.preview) == (name, "first")


async def test_files_that_hold_no_thread_are_passed_over(home: FilesHome) -> None:
    kept = await home.add("kept")
    folder = home.paths.new_path(kept, created_ms=NOW_MS).parent
    (folder / f"rollout-2026-11-22T12-00-00-{uuid7()}.jsonl").write_text("")
    (folder / f"rollout-2026-11-22T12-00-00-{uuid7()}.jsonl").write_bytes(b"\xff\xfe not json\n" * 300)
    (folder / f"rollout-2026-11-22T12-00-00-{uuid7()}.jsonl").mkdir()
    os.symlink("/nowhere", folder / f"rollout-2026-11-22T12-00-00-{uuid7()}.jsonl")
    stolen = await home.add("under another id", at=1)
    found = home.paths.find(stolen)
    assert found is not None
    found.path.rename(folder / f"rollout-2026-11-22T12-00-00-{uuid7()}.jsonl")
    # A name tells where to look; what a file holds is what it says itself.
    assert await home.ids() == [stolen, kept]


async def test_a_deleted_thread_is_gone_from_the_next_list_and_a_new_one_is_there(home: FilesHome) -> None:
    gone, stays = await home.add("gone"), await home.add("stays", at=1)
    assert await home.ids() == [stays, gone]
    found = home.paths.find(gone)
    assert found is not None
    found.path.unlink()
    new = await home.add("new", at=2)
    assert await home.ids() == [new, stays]


async def test_a_folder_of_threads_that_cannot_be_listed_is_told_and_threads_are_back_with_it(home: FilesHome) -> None:
    kept = await home.add("kept")
    assert await home.ids() == [kept]
    elsewhere = home.paths.sessions.rename(home.path / "elsewhere")
    assert await home.ids() == []
    home.paths.sessions.write_text("no folder")
    for _ in range(2):
        with pytest.raises(
            ThreadStoreError, match=r"cannot list threads: .*sessions: Not a directory; make it a folder"
        ):
            await home.page()
    home.paths.sessions.unlink()
    assert await home.ids() == []
    elsewhere.rename(home.paths.sessions)
    assert await home.ids() == [kept]


async def test_many_threads_are_listed_without_reading_them_again(home: FilesHome) -> None:
    made = [await home.add(f"thread {number}", at=number) for number in range(300)]
    assert await home.ids(limit=3) == made[:-4:-1]
    # Unreadable from now on, yet unchanged: what is known of them still holds.
    for file in home.paths.scan(archived=False):
        status = file.path.stat()
        file.path.write_bytes(b"x" * status.st_size)
        os.utime(file.path, ns=(status.st_mtime_ns, status.st_mtime_ns))
    assert await home.ids(limit=3) == made[:-4:-1]


async def test_a_thread_is_found_by_what_its_file_says_wherever_the_file_is(home: FilesHome) -> None:
    made, copied = await home.add("moved"), await home.add("copied", at=1)
    assert await home.ids() == [copied, made]
    found = home.paths.find(made)
    assert found is not None
    elsewhere = home.paths.sessions / "2020/01/01" / f"rollout-2020-01-01T00-00-00-{uuid7()}.jsonl"
    move(found.path, elsewhere)
    stored = await home.store.locate(made)
    assert stored is not None
    assert (stored.path, stored.thread_id) == (elsewhere, made)
    # A copy that came under another name does not stand before the thread's own file.
    original = home.paths.find(copied)
    assert original is not None
    copy(original.path, original.path.with_name(f"rollout-2030-01-01T00-00-00-{uuid7()}.jsonl"))
    assert await home.ids() == [copied, made]
    stored = await home.store.locate(copied)
    assert stored is not None
    assert stored.path == original.path


async def test_no_file_tells_of_a_deleted_thread(home: FilesHome) -> None:
    gone, kept = await home.add("gone"), await home.add("kept")
    await home.store.set_name(gone, "Secret plan")
    await home.store.set_name(kept, "Other plan")
    await home.store.delete(gone)
    assert [file.name.thread_id for file in home.paths.scan(archived=False)] == [kept]
    assert "Secret" not in (home.path / "session_index.jsonl").read_text()
    assert await home.store.name(kept) == "Other plan"


def move(source: Path, target: Path) -> None:
    target.parent.mkdir(parents=True)
    source.rename(target)


def copy(source: Path, target: Path) -> None:
    target.write_bytes(source.read_bytes())
