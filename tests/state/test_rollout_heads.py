"""How far into a rollout its first lines are looked for, and what a list says of a thread when they are not there."""

import json
from collections.abc import AsyncGenerator
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from store_lab import NOW_MS, FilesHome

from codex_trio.domain.ids import uuid7
from codex_trio.state.db.initializer import open_state_db
from codex_trio.state.local.index.index import RolloutIndex

LIMIT = 20_000


@pytest.fixture
async def home(tmp_path: Path) -> AsyncGenerator[FilesHome]:
    database = await open_state_db(tmp_path / "index.sqlite")
    yield FilesHome(tmp_path, database, index_of=partial(RolloutIndex, head_bytes=LIMIT))
    await database.aclose()


def line(kind: str, payload: dict[str, Any]) -> bytes:
    return json.dumps({"timestamp": "2026-11-22T12:00:00.000Z", "type": kind, "payload": payload}).encode() + b"\n"


def meta(thread_id: str) -> bytes:
    fields = {"id": thread_id, "timestamp": "2026-11-22T12:00:00.000Z", "cwd": "/w", "source": "cli"}
    return line("session_meta", {**fields, "originator": "x", "cli_version": "0.160.0"})


def write(home: FilesHome, thread_id: str, *pieces: bytes) -> None:
    path = home.paths.new_path(thread_id, created_ms=NOW_MS)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"".join(pieces))


SAID = line("event_msg", {"type": "user_message", "message": "hello"})


def filler(size: int) -> bytes:
    """Return lines that nobody wrote, of so many bytes in all."""
    return line("response_item", {"type": "message", "role": "developer", "content": [], "x": "y" * size})


@pytest.mark.parametrize(("before", "preview"), [(100, "hello"), (LIMIT // 2, "hello"), (2 * LIMIT, "")])
async def test_the_first_message_is_looked_for_up_to_a_limit_and_its_thread_is_listed(
    home: FilesHome, before: int, preview: str
) -> None:
    thread_id = str(uuid7())
    write(home, thread_id, meta(thread_id), filler(before), SAID)
    [row] = (await home.page()).threads
    assert (row.thread_id, row.preview, row.meta.source) == (thread_id, preview, "cli")


@pytest.mark.parametrize("damage", [b"{torn\n", b"\0" * 300 + b"\n", b"\xff" * 100 + b"\n", b"[]\n", filler(2 * LIMIT)])
async def test_a_thread_with_a_damaged_head_is_the_one_of_its_name(home: FilesHome, damage: bytes) -> None:
    thread_id = str(uuid7())
    write(home, thread_id, damage, meta(thread_id), SAID)
    [row] = (await home.page()).threads
    assert row.thread_id == thread_id


async def test_a_head_of_nothing_but_damage_hides_no_thread(home: FilesHome) -> None:
    thread_id = str(uuid7())
    write(home, thread_id, b"\xff" * LIMIT * 2 + b"\n", SAID)
    [row] = (await home.page()).threads
    assert (row.thread_id, row.preview) == (thread_id, "")
