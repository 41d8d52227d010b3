"""Servers and their state database: shared, damaged, or not to be had."""

import contextlib
import sqlite3
from pathlib import Path
from typing import Any

import trio

from codex_trio.conformance.lab import Lab
from codex_trio.conformance.probe import Probe
from codex_trio.testing.model_script import answer, message

FILE = "codex_trio_1.sqlite"


async def stored_thread(lab: Lab, probe: Probe, text: str) -> str:
    """Return a thread with a finished turn; its id."""
    thread_id = (await probe.start_thread(cwd=str(lab.cwd)))["id"]
    lab.script(answer(message(f"Re: {text}")))
    assert (await probe.run_turn(thread_id, text)).status == "completed"
    return thread_id


async def rows(probe: Probe, **params: Any) -> list[str]:
    return [row["id"] for row in (await probe.request("thread/list", params))["data"]]


def spoil(path: Path) -> None:
    path.write_bytes(b"no database at all " * 1000)
    for companion in path.parent.glob(f"{path.name}-*"):
        companion.unlink()


def names_in(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()}


async def test_two_servers_on_one_home_see_each_others_threads(lab: Lab) -> None:
    async with lab.run() as one, lab.run() as other:
        made = [await stored_thread(lab, server, f"turn {number}") for number, server in enumerate([one, other] * 3)]
        assert await rows(one) == await rows(other) == made[::-1]
        await other.request("thread/archive", {"threadId": made[1]})
        assert await rows(other) == await rows(one) == [made[5], made[4], made[3], made[2], made[0]]
        await other.request("thread/name/set", {"threadId": made[0], "name": "Named elsewhere"})
        assert await rows(one, searchTerm="Named elsewhere") == [made[0]]


async def test_servers_that_list_and_write_at_once_meet_no_locks(lab: Lab) -> None:
    async with lab.run() as one, lab.run() as other:
        for number in range(4):
            await stored_thread(lab, one, f"turn {number}")

        async def ask(server: Probe) -> None:
            for _ in range(25):
                assert len(await rows(server)) == 4
                await server.request("thread/list", {"sortKey": "updated_at", "searchTerm": "turn"})

        with trio.fail_after(60):
            async with trio.open_nursery() as nursery:
                nursery.start_soon(ask, one)
                nursery.start_soon(ask, other)


async def test_a_damaged_database_is_made_anew_from_the_files(lab: Lab) -> None:
    async with lab.run() as probe:
        made = [await stored_thread(lab, probe, text) for text in ("one", "two")]
    spoil(lab.codex_home / FILE)
    async with lab.run() as probe:
        assert await rows(probe) == made[::-1]
    assert any(name.startswith(f"{FILE}.damaged-") for name in names_in(lab.codex_home))


async def test_without_a_usable_database_threads_are_found_all_the_same(lab: Lab) -> None:
    nowhere = lab.base / "a file"
    nowhere.touch()
    lab.configure(extra=f'sqlite_home = "{nowhere}/below"')
    async with lab.run() as probe:
        warning = await probe.until("warning")
        made = await stored_thread(lab, probe, "hello")
        assert str(nowhere) in warning["params"]["message"]
        assert warning["params"]["threadId"] is None
        assert await rows(probe) == [made]
    async with lab.run() as probe:
        assert await rows(probe) == [made]
        assert (await probe.request("thread/resume", {"threadId": made}))["thread"]["id"] == made


async def test_the_database_holds_no_text_of_conversations_but_previews(lab: Lab) -> None:
    async with lab.run() as probe:
        thread_id = await stored_thread(lab, probe, "the question")
        assert await rows(probe) == [thread_id]
    with contextlib.closing(sqlite3.connect(lab.codex_home / FILE)) as database:
        tables = [name for (name,) in database.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        assert "rollouts" in tables
        dump = [str(row) for name in ("rollouts", "text_spans") for row in database.execute(f"SELECT * FROM {name}")]
    assert any("the question" in row for row in dump)
    assert not any("Re: the question" in row for row in dump)
