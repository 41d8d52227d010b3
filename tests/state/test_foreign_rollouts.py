"""Rollouts that somebody else made, or that are none: told apart in bounded time, and no threads of ours."""

from __future__ import annotations

import json
import os
from collections.abc import AsyncGenerator, Callable
from pathlib import Path
from shutil import copy

import pytest
import trio
from store_lab import FilesHome

from codex_trio.domain.ids import uuid7
from codex_trio.state.db.initializer import open_state_db
from codex_trio.state.rollout.errors import RolloutReadError
from codex_trio.state.rollout.scan import MAX_LINE_BYTES
from codex_trio.state.store.interface import StoredThread, ThreadStoreError

PATIENCE = 20.0


@pytest.fixture
async def home(tmp_path: Path) -> AsyncGenerator[FilesHome]:
    database = await open_state_db(tmp_path / "index.sqlite")
    yield FilesHome(tmp_path, database)
    await database.aclose()


async def path_of(home: FilesHome, thread_id: str) -> Path:
    stored = await home.store.locate(thread_id)
    assert stored is not None
    assert stored.path is not None
    return stored.path


async def test_a_thread_is_found_by_every_path_that_leads_to_its_file(home: FilesHome) -> None:
    thread_id = await home.add("hello")
    path = await path_of(home, thread_id)
    aside = home.path / "aside"
    home.paths.sessions.rename(aside)
    home.paths.sessions.symlink_to(aside)
    inside = path.relative_to(home.paths.sessions)
    shortcut = home.path / "shortcut"
    shortcut.symlink_to(aside / inside.parts[0])
    there_and_back = path.parent / ".." / path.parent.name / path.name
    for way in (path, aside / inside, shortcut / Path(*inside.parts[1:]), there_and_back):
        stored = await home.store.locate_path(way)
        assert stored == StoredThread(thread_id=thread_id, path=path, is_archived=False), way


async def test_a_file_from_elsewhere_is_looked_at_and_is_no_thread(home: FilesHome) -> None:
    thread_id = await home.add("theirs")
    mine = await home.add("mine", at=1)
    elsewhere = home.path / "repository" / (await path_of(home, thread_id)).name
    elsewhere.parent.mkdir()
    (await path_of(home, thread_id)).rename(elsewhere)
    summary = await home.store.read_path(elsewhere)
    assert summary is not None
    assert (summary.thread_id, summary.preview) == (thread_id, "theirs")
    assert await home.store.locate_path(elsewhere) is None
    assert await home.store.locate(thread_id) is None
    assert await home.ids() == [mine]
    for odd in ("missing.jsonl", "a\0b", "/" + "a/" * 5000, ""):
        assert await home.store.locate_path(Path(odd)) is None


@pytest.mark.parametrize("named", ["../../../../uv", "..", "", "x" * 10_000, "a/b", 7])
async def test_an_id_that_is_none_is_not_taken_from_a_file(home: FilesHome, named: object) -> None:
    thread_id = await home.add("hello")
    path = await path_of(home, thread_id)
    first, *rest = path.read_text().splitlines()
    line = json.loads(first)
    line["payload"]["id"] = named
    path.write_text("\n".join([json.dumps(line), *rest, ""]))
    assert await home.ids() == [thread_id]
    stored = await home.store.locate(thread_id)
    assert stored is not None
    recorder = await home.store.open(stored)
    assert recorder.meta.id == thread_id
    await recorder.aclose()


async def test_nothing_is_locked_under_a_name_that_is_no_id(home: FilesHome) -> None:
    for name in ("../../../uv", "x" * 300, ".coordination"):
        with pytest.raises(ThreadStoreError, match="is no thread id"):
            async with home.store.writing(name):
                pass


def fifo(path: Path) -> None:
    os.mkfifo(path)


def device(path: Path) -> None:
    path.symlink_to("/dev/zero")


def kernel_file(path: Path) -> None:
    path.symlink_to("/proc/self/mem")


def hole(path: Path) -> None:
    with path.open("wb") as file:
        file.truncate(20 * MAX_LINE_BYTES)


@pytest.mark.parametrize("make", [fifo, device, Path.mkdir, hole, kernel_file])
async def test_what_is_no_file_of_lines_is_refused_and_holds_nothing_up(
    home: FilesHome, make: Callable[[Path], None]
) -> None:
    thread_id = await home.add("hello")
    odd = uuid7()
    path = (await path_of(home, thread_id)).with_name(f"rollout-2026-11-22T12-00-00-{odd}.jsonl")
    make(path)
    outside = home.path / "outside.jsonl"
    make(outside)
    with trio.fail_after(PATIENCE):
        assert thread_id in await home.ids()
        summary = await home.store.read_path(outside)
        assert summary is None
        with pytest.raises(RolloutReadError):
            await home.store.open(StoredThread(thread_id=odd, path=path, is_archived=False))


async def test_one_odd_folder_in_a_rollout_hides_no_other_thread(home: FilesHome) -> None:
    good = await home.add("good", cwd="/home/dev/other")
    odd = await home.add("odd", at=1, cwd="/a\0b")
    long = await home.add("long", at=2, cwd="/" + "a" * 100_000)
    assert await home.ids() == [long, odd, good]
    assert await home.ids(cwds=frozenset(["/home/dev/other"])) == [good]


async def test_a_copy_in_a_folder_of_sessions_is_a_thread(home: FilesHome) -> None:
    thread_id = await home.add("hello")
    path = await path_of(home, thread_id)
    outside = home.path / path.name
    copy(path, outside)
    path.unlink()
    assert await home.ids() == []
    copy(outside, home.paths.sessions / path.name)
    assert await home.ids() == [thread_id]
