"""Servers and their state database: shared, damaged, or not to be had."""

import contextlib
import sqlite3
from pathlib import Path
from typing import Any

import pytest
import trio

from codex_trio.client.turns import as_input
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


async def organised(probe: Probe, thread_id: str) -> str:
    """Put a thread into a project and a section, and attach something to it; the project's id."""
    project = await probe.request("project/create", {"idempotencyKey": "k", "name": "One", "roots": []})
    section = await probe.request("threadSection/create", {"name": "Later"})
    await probe.request("thread/metadata/update", {"threadId": thread_id, "projectId": project["project"]["id"]})
    await probe.request("thread/section/move", {"threadId": thread_id, "sectionId": section["section"]["id"]})
    note = {"attachmentType": "note", "identityKey": "1", "payload": None}
    await probe.request("thread/attachment/add", {"threadId": thread_id, **note})
    await mark_read(probe, thread_id)
    return project["project"]["id"]


async def mark_read(probe: Probe, thread_id: str) -> None:
    state = (await probe.request("thread/read", {"threadId": thread_id}))["readState"]
    mark = {"threadId": thread_id, "expectedRevision": state["revision"], "operation": {"type": "read"}}
    await probe.request("thread/readState/update", mark)


async def organisation(probe: Probe, thread_id: str) -> Any:
    read = await probe.request("thread/read", {"threadId": thread_id})
    return (
        read["thread"]["projectId"],
        read["thread"]["section"],
        read["readState"],
        (await probe.request("project/list", {}))["data"],
        (await probe.request("thread/attachment/list", {"threadId": thread_id}))["data"],
    )


@pytest.mark.parametrize("is_gone", [True, False])
async def test_what_only_the_database_has_outlives_it(lab: Lab, *, is_gone: bool) -> None:
    async with lab.run() as probe:
        thread_id = await stored_thread(lab, probe, "one")
        project_id = await organised(probe, thread_id)
        before = await organisation(probe, thread_id)
    assert before[0] == project_id
    if is_gone:
        (lab.codex_home / FILE).unlink()
    else:
        spoil(lab.codex_home / FILE)
    async with lab.run() as probe:
        if not is_gone:
            told = (await probe.until("warning"))["params"]["message"]
            assert f"{FILE}.damaged-" in told
            assert "1 projects, 1 keys of projects, 1 threads in projects, 1 sections, 1 threads in sections" in told
        assert await organisation(probe, thread_id) == before


async def test_a_server_goes_on_in_the_file_that_another_has_put_in_the_place_of_a_damaged_one(lab: Lab) -> None:
    async with lab.run() as first:
        thread_id = await stored_thread(lab, first, "one")
        await organised(first, thread_id)
        before = await organisation(first, thread_id)
    async with lab.run() as one:
        assert await organisation(one, thread_id) == before
        spoil(lab.codex_home / FILE)
        async with lab.run() as other:
            assert f"{FILE}.damaged-" in (await other.until("warning"))["params"]["message"]
            assert await organisation(other, thread_id) == await organisation(one, thread_id) == before
            for number, server in enumerate([one, other] * 2):
                given = {"idempotencyKey": f"k{number}", "name": f"Project {number}", "roots": []}
                await server.request("project/create", given)
            listed = [await organisation(server, thread_id) for server in (one, other)]
            assert listed[0] == listed[1]
            assert [project["name"] for project in listed[0][3]] == ["One", *(f"Project {n}" for n in range(4))]


async def test_what_cannot_be_kept_is_refused_and_not_forgotten_later(lab: Lab) -> None:
    nowhere = lab.base / "a file"
    nowhere.touch()
    lab.configure(extra=f'sqlite_home = "{nowhere}/below"')
    async with lab.run() as probe:
        thread_id = await stored_thread(lab, probe, "hello")
        state = (await probe.request("thread/read", {"threadId": thread_id}))["readState"]
        note = {"threadId": thread_id, "attachmentType": "note", "identityKey": "1"}
        pinned = "01984de2-8f74-7c91-a3b2-5c5e937cf318"
        given: list[tuple[str, dict[str, Any]]] = [
            ("project/create", {"idempotencyKey": "k", "name": "One", "roots": []}),
            ("project/import", {"idempotencyKey": "k", "name": "One", "roots": [], "threads": [thread_id]}),
            ("threadSection/create", {"name": "Later"}),
            ("thread/section/move", {"threadId": thread_id, "sectionId": pinned}),
            ("thread/attachment/add", {**note, "payload": None}),
            ("thread/attachment/remove", note),
            ("thread/queue/add", {"threadId": thread_id, "input": as_input("later"), "clientUserMessageId": "c"}),
            (
                "thread/readState/update",
                {"threadId": thread_id, "expectedRevision": state["revision"], "operation": {"type": "read"}},
            ),
        ]
        for method, params in given:
            error = await probe.refusal(method, params)
            assert error.code == -32603, method
            assert str(nowhere) in error.message, method
        read = await probe.request("thread/read", {"threadId": thread_id})
        assert read["readState"] == state
        assert (await probe.request("thread/queue/list", {"threadId": thread_id}))["data"] == []
        # Nothing of that kind is asked of threads themselves.
        fork = (await probe.request("thread/fork", {"threadId": thread_id}))["thread"]["id"]
        lab.script(answer(message("Well.")))
        assert (await probe.run_turn(fork, "on")).status == "completed"


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
