"""Sections that order threads: making them, putting threads into them, and who hears of it."""

from typing import Any

import pytest

from codex_trio.conformance.lab import Lab
from codex_trio.conformance.probe import Probe
from codex_trio.conformance.shapes import ANY_INT, ANY_STR
from codex_trio.conformance.threads import UNKNOWN_THREAD, next_told, thread_with_turns

PINNED = {"id": "01984de2-8f74-7c91-a3b2-5c5e937cf318", "name": "Pinned", "appearance": None}
CHANGED = "thread/section/changed"
NO_APPEARANCE = {"icon": None, "color": None}


async def create(probe: Probe, name: str = "Work", **fields: Any) -> dict[str, Any]:
    """Return a new section."""
    return (await probe.request("threadSection/create", {"name": name, **fields}))["section"]


async def move(probe: Probe, thread_id: str, section_id: str | None, **fields: Any) -> None:
    """Put a thread into a section, and wait until that is told."""
    probe.log.skip()
    params = {"threadId": thread_id, "sectionId": section_id, **fields}
    assert await probe.request("thread/section/move", params) == {}
    assert await next_told(probe, CHANGED) == {"threadId": thread_id, "sectionId": section_id}


async def order(probe: Probe, section_id: str, **query: Any) -> list[str]:
    """Return the threads of a section as they are in it."""
    params = {"sectionId": section_id, "sortKey": "section_position", **query}
    return [thread["id"] for thread in (await probe.request("thread/list", params))["data"]]


async def section_of(probe: Probe, thread_id: str) -> tuple[Any, Any]:
    """Return what a thread says of where it is, and since when."""
    thread = (await probe.request("thread/read", {"threadId": thread_id}))["thread"]
    return thread["section"], thread["sectionEnteredAt"]


async def test_sections_are_made_and_listed_and_outlive_the_server(lab: Lab) -> None:
    async with lab.run(experimental=False) as probe:
        assert (await probe.request("threadSection/list"))["data"] == [PINNED]
        made = [
            await create(probe, " Work "),
            await create(probe, "Work", appearance={"icon": "star", "color": "any words", "more": 1}),
            await create(probe, "n" * 300, appearance={}),
        ]
        assert made == [
            {"id": ANY_STR, "name": "Work", "appearance": None},
            {"id": ANY_STR, "name": "Work", "appearance": {"icon": "star", "color": "any words"}},
            {"id": ANY_STR, "name": "n" * 300, "appearance": NO_APPEARANCE},
        ]
        await probe.nothing_more()
    async with lab.run() as probe:
        assert await probe.request("threadSection/list") == {"data": [PINNED, *made], "nextCursor": None}
        page = await probe.request("threadSection/list", {"limit": 2})
        assert page == {"data": [PINNED, made[0]], "nextCursor": made[0]["id"]}
        rest = await probe.request("threadSection/list", {"cursor": page["nextCursor"]})
        assert rest["data"] == made[1:]
        assert (await probe.request("threadSection/list", {"limit": 0}))["data"] == [PINNED]
        assert (await probe.request("threadSection/list", {"cursor": "zz"}))["data"] == []


async def test_a_section_is_renamed_and_its_look_kept_cleared_or_replaced(probe: Probe) -> None:
    section = await create(probe, appearance={"icon": "star", "color": "red"})
    steps: tuple[tuple[dict[str, Any], Any], ...] = (
        ({"name": " Play "}, {"icon": "star", "color": "red"}),
        ({"name": "Play", "appearance": {"icon": "x"}}, {"icon": "x", "color": None}),
        ({"name": "Play", "appearance": None}, None),
    )
    for change, look in steps:
        result = await probe.request("threadSection/update", {"sectionId": section["id"], **change})
        assert result == {"section": {"id": section["id"], "name": "Play", "appearance": look}}
        assert result["section"] in (await probe.request("threadSection/list"))["data"]


async def test_a_move_is_told_to_every_client_after_it_is_answered(lab: Lab) -> None:
    async with lab.listen() as server, server.connect() as probe, server.connect() as other:
        thread_id, _ = await thread_with_turns(lab, probe, 1)
        section = await create(probe)
        assert await section_of(probe, thread_id) == (None, None)
        before = len(probe.log.from_server)
        await move(probe, thread_id, section["id"])
        sent = [message.get("method", "answer") for message in probe.log.from_server[before:]]
        assert sent[:2] == ["answer", CHANGED]
        assert await next_told(other, CHANGED) == {"threadId": thread_id, "sectionId": section["id"]}
        assert await section_of(other, thread_id) == (section, ANY_INT)
        await move(probe, thread_id, None)
        assert await section_of(probe, thread_id) == (None, None)
        await move(probe, thread_id, None)


async def test_threads_are_in_the_order_that_they_are_put_in(lab: Lab, probe: Probe) -> None:
    a, b, c, loose = [(await thread_with_turns(lab, probe, 1))[0] for _ in range(4)]
    section = await create(probe)
    for thread_id in (a, b, c):
        await move(probe, thread_id, section["id"])
    await move(probe, c, section["id"], beforeThreadId=a)
    assert await order(probe, section["id"]) == [c, a, b]
    assert await order(probe, section["id"], sortDirection="desc") == [b, a, c]
    page = await probe.request("thread/list", {"sectionId": section["id"], "sortKey": "section_position", "limit": 1})
    assert (page["nextCursor"], page["backwardsCursor"]) == (f"500000|{c}", f"500001|{c}")
    assert await order(probe, section["id"], cursor=page["nextCursor"]) == [a, b]
    assert await order(probe, section["id"], cursor=page["backwardsCursor"], sortDirection="desc") == [c]
    listed = await probe.request("thread/list", {"sectionId": section["id"]})
    assert {thread["id"]: thread["section"] for thread in listed["data"]} == dict.fromkeys((a, b, c), section)
    unsectioned = await probe.request("thread/list", {"sectionId": None})
    assert [thread["id"] for thread in unsectioned["data"]] == [loose]
    for unknown in (UNKNOWN_THREAD, "nope"):
        assert (await probe.request("thread/list", {"sectionId": unknown}))["data"] == []


async def test_threads_that_are_not_loaded_or_archived_move_too_and_keep_their_place(lab: Lab) -> None:
    async with lab.run() as probe:
        ids = [(await thread_with_turns(lab, probe, 1))[0] for _ in range(2)]
        section = await create(probe)
    async with lab.run() as probe:
        for thread_id in ids:
            await move(probe, thread_id, section["id"])
        await probe.request("thread/archive", {"threadId": ids[0]})
        assert await order(probe, section["id"]) == [ids[1]]
        await move(probe, ids[0], section["id"], beforeThreadId=ids[1])
        unarchived = await probe.request("thread/unarchive", {"threadId": ids[0]})
        assert unarchived["thread"]["section"] == section
        assert await order(probe, section["id"]) == ids
        resumed = await probe.request("thread/resume", {"threadId": ids[0], "excludeTurns": True})
        assert resumed["thread"]["section"] == section
        fork = await probe.request("thread/fork", {"threadId": ids[0], "excludeTurns": True})
        assert fork["thread"]["section"] is None
        await probe.request("thread/delete", {"threadId": ids[1]})
        assert await order(probe, section["id"]) == [ids[0]]


async def test_a_thread_before_its_first_turn_is_stored_by_its_move_and_shown_in_its_section(
    lab: Lab, probe: Probe
) -> None:
    thread_id = (await probe.start_thread(cwd=str(lab.cwd)))["id"]
    await move(probe, thread_id, PINNED["id"])
    assert len(lab.rollouts()) == 1
    assert await order(probe, str(PINNED["id"])) == [thread_id]
    assert (await probe.request("thread/list"))["data"] == []
    assert await section_of(probe, thread_id) == (PINNED, ANY_INT)


async def test_a_removed_section_sets_its_threads_free(lab: Lab, probe: Probe) -> None:
    thread_id, _ = await thread_with_turns(lab, probe, 1)
    section = await create(probe)
    await move(probe, thread_id, section["id"])
    assert await probe.request("threadSection/delete", {"sectionId": section["id"]}) == {}
    assert await section_of(probe, thread_id) == (None, None)
    assert (await probe.request("threadSection/list"))["data"] == [PINNED]


async def test_every_client_hears_of_the_threads_whose_section_was_changed_or_removed(lab: Lab, probe: Probe) -> None:
    thread_id, _ = await thread_with_turns(lab, probe, 1)
    section = await create(probe)
    await move(probe, thread_id, section["id"])
    await probe.request("threadSection/update", {"sectionId": section["id"], "name": "Work"})
    await probe.nothing_more()
    await probe.request("threadSection/update", {"sectionId": section["id"], "name": "Play"})
    assert await next_told(probe, CHANGED) == {"threadId": thread_id, "sectionId": section["id"]}
    await probe.request("threadSection/delete", {"sectionId": section["id"]})
    assert await next_told(probe, CHANGED) == {"threadId": thread_id, "sectionId": None}


@pytest.mark.parametrize(
    ("method", "params", "code", "text"),
    [
        ("create", {"name": " "}, -32602, "section name must not be empty"),
        ("create", {}, -32600, "Invalid request: missing field `name`"),
        (
            "create",
            {"name": "x", "appearance": {"color": 5}},
            -32600,
            "Invalid request: invalid type: integer `5`, expected a string",
        ),
        ("update", {"sectionId": "nope", "name": "x"}, -32602, "thread section not found: nope"),
        ("update", {"sectionId": "nope", "name": ""}, -32602, "section name must not be empty"),
        (
            "update",
            {"sectionId": PINNED["id"], "name": "Pinned"},
            -32602,
            "the built-in pinned section cannot be renamed",
        ),
        ("delete", {"sectionId": PINNED["id"]}, -32602, "the built-in pinned section cannot be deleted"),
        ("delete", {"sectionId": "nope"}, -32602, "thread section not found: nope"),
    ],
)
async def test_what_cannot_be_done_to_a_section_is_refused(
    probe: Probe, method: str, params: dict[str, Any], code: int, text: str
) -> None:
    error = await probe.refusal(f"threadSection/{method}", params)
    assert (error.code, error.message) == (code, text)


async def test_a_move_that_cannot_be_is_refused(lab: Lab, probe: Probe) -> None:
    a, b = [(await thread_with_turns(lab, probe, 1))[0] for _ in range(2)]
    ephemeral = (await probe.start_thread(cwd=str(lab.cwd), ephemeral=True))["id"]
    section = (await create(probe))["id"]
    no_uuid = "invalid character: expected an optional prefix of `urn:uuid:` followed by [0-9a-fA-F-], found `n` at 1"
    for thread_id, section_id, before, text in (
        (a, "nope", None, "section nope does not exist"),
        (a, section, a, f"thread {a} cannot be moved before itself"),
        (a, section, b, f"before thread {b} is not in section {section}"),
        (a, section, "nope", f"invalid before thread id: {no_uuid}"),
        (UNKNOWN_THREAD, None, "nope", "beforeThreadId requires a non-null sectionId"),
        (UNKNOWN_THREAD, section, None, f"thread not found: {UNKNOWN_THREAD}"),
        ("nope", section, None, f"invalid thread id: {no_uuid}"),
        (ephemeral, section, None, f"ephemeral thread does not support section moves: {ephemeral}"),
    ):
        params = {"threadId": thread_id, "sectionId": section_id, "beforeThreadId": before}
        error = await probe.refusal("thread/section/move", params)
        assert (error.code, error.message) == (-32600, text)
    error = await probe.refusal("thread/section/move", {"threadId": a})
    assert error.message == "Invalid request: missing field `sectionId`"
    assert await section_of(probe, a) == (None, None)


@pytest.mark.parametrize("section", [{}, {"sectionId": None}])
async def test_only_a_section_has_an_order_of_its_own(probe: Probe, section: dict[str, Any]) -> None:
    error = await probe.refusal("thread/list", {"sortKey": "section_position", **section})
    assert (error.code, error.message) == (-32600, "section-position sorting requires a section filter")
    params = {"sortKey": "section_position", "sectionId": PINNED["id"], "cursor": "zz"}
    error = await probe.refusal("thread/list", params)
    assert (error.code, error.message) == (-32600, "invalid cursor: zz")
