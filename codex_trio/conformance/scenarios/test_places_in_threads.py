"""Timelines and places with some words in threads that are loaded or not, in the archive, or not stored."""

from typing import Any

import pytest

from codex_trio.conformance.lab import Lab
from codex_trio.conformance.probe import Probe
from codex_trio.testing.model_script import answer, message

TIMELINE, PLACES = "thread/timeline/list", "thread/searchOccurrences"
UNKNOWN = "01a204c5-d161-79fc-8181-56ca2af0a7a1"
U_SMALL, U_LARGE = "\N{LATIN SMALL LETTER U WITH DIAERESIS}", "\N{LATIN CAPITAL LETTER U WITH DIAERESIS}"
EMOJI = "\N{WAVING HAND SIGN}"


async def thread_that_says(lab: Lab, probe: Probe, *replies: str) -> str:
    """Return a thread with a turn for each of the replies; its id."""
    thread_id = (await probe.start_thread(cwd=str(lab.cwd)))["id"]
    for number, reply in enumerate(replies):
        lab.script(answer(message(reply, item_id=f"m{number}")))
        await probe.run_turn(thread_id, f"say {number}")
    return thread_id


async def places(probe: Probe, thread_id: str, term: str, **params: Any) -> dict[str, Any]:
    return await probe.request(PLACES, {"threadId": thread_id, "searchTerm": term, **params})


async def timeline(probe: Probe, thread_id: str, **params: Any) -> dict[str, Any]:
    return await probe.request(TIMELINE, {"threadId": thread_id, **params})


async def test_a_limit_of_nothing_gives_one(lab: Lab, probe: Probe) -> None:
    thread_id = await thread_that_says(lab, probe, "needle needle")
    last = await timeline(probe, thread_id, limit=0)
    assert [entry["type"] for entry in last["data"]] == ["turnCompleted"]
    before = await timeline(probe, thread_id, limit=0, cursor=last["nextCursor"])
    assert [entry["type"] for entry in before["data"]] == ["item"]
    first = await places(probe, thread_id, "needle", limit=0)
    assert len(first["data"]) == 1
    rest = await places(probe, thread_id, "needle", cursor=first["nextCursor"])
    whole = (await places(probe, thread_id, "needle"))["data"]
    assert (first["data"] + rest["data"], rest["nextCursor"]) == (whole, None)


async def test_letter_case_is_folded_beyond_ascii_and_ranges_count_utf_16(lab: Lab, probe: Probe) -> None:
    thread_id = await thread_that_says(lab, probe, f"{EMOJI} {U_SMALL}{U_LARGE} and {U_LARGE}{U_SMALL} {EMOJI}")
    found = (await places(probe, thread_id, f"{U_SMALL}{U_SMALL}"))["data"]
    assert [place["snippetMatchRange"] for place in found] == [{"start": 3, "end": 5}, {"start": 10, "end": 12}]
    for term, units in ((EMOJI, 2), (f"{U_LARGE}{U_LARGE} {EMOJI}", 5)):
        [*_, place] = (await places(probe, thread_id, term))["data"]
        where = place["snippetMatchRange"]
        assert where["end"] - where["start"] == units
        cut = place["snippet"].encode("utf-16-le")[2 * where["start"] : 2 * where["end"]].decode("utf-16-le")
        assert cut.casefold() == term.casefold()


async def test_the_cursor_of_one_thread_or_term_is_refused_for_another(lab: Lab, probe: Probe) -> None:
    one = await thread_that_says(lab, probe, "needle needle", "needle")
    other = await thread_that_says(lab, probe, "needle needle", "needle")
    cursor = (await timeline(probe, one, limit=1))["nextCursor"]
    for given, text in (
        (cursor, "thread timeline cursor belongs to another thread"),
        ("zz", "invalid thread timeline cursor"),
        ("{}", "invalid thread timeline cursor"),
    ):
        error = await probe.refusal(TIMELINE, {"threadId": other, "cursor": given})
        assert (error.code, error.message) == (-32600, text)
    cursor = (await places(probe, one, "needle", limit=1))["nextCursor"]
    for thread_id, term in ((one, "need"), (other, "needle")):
        error = await probe.refusal(PLACES, {"threadId": thread_id, "searchTerm": term, "cursor": cursor})
        assert error.code == -32600
        assert error.message.startswith("invalid cursor: ")


async def test_threads_that_are_not_loaded_are_read_and_of_the_archive_only_places(lab: Lab) -> None:
    async with lab.run() as probe:
        thread_id = await thread_that_says(lab, probe, "needle", "another needle")
        line, found = await timeline(probe, thread_id), await places(probe, thread_id, "needle")
        assert len(found["data"]) == 2
    async with lab.run() as probe:
        assert await timeline(probe, thread_id) == line
        assert await places(probe, thread_id, "needle") == found
        await probe.request("thread/archive", {"threadId": thread_id})
        error = await probe.refusal(TIMELINE, {"threadId": thread_id})
        assert (error.code, error.message) == (-32600, f"thread {thread_id} is archived")
        assert await places(probe, thread_id, "needle") == found


@pytest.mark.parametrize(("method", "more"), [(TIMELINE, {}), (PLACES, {"searchTerm": "needle"})])
async def test_threads_that_are_not_stored_have_no_places(
    lab: Lab, probe: Probe, method: str, more: dict[str, Any]
) -> None:
    fresh = (await probe.start_thread(cwd=str(lab.cwd)))["id"]
    fleeting = (await probe.start_thread(cwd=str(lab.cwd), ephemeral=True))["id"]
    for thread_id in (UNKNOWN, fresh, fleeting):
        error = await probe.refusal(method, {"threadId": thread_id, **more})
        # One server says which of these the thread is, another that it does not support the method yet.
        assert error.code in (-32600, -32601)
        assert thread_id in error.message or method in error.message


async def test_a_thread_is_in_its_project_once_something_is_said_in_it(lab: Lab, probe: Probe) -> None:
    made = await probe.request("project/create", {"idempotencyKey": "k", "name": "One", "roots": []})
    project = made["project"]["id"]
    thread = await probe.start_thread(cwd=str(lab.cwd), projectId=project)
    read = await probe.request("thread/read", {"threadId": thread["id"]})
    assert (thread["projectId"], read["thread"]["projectId"]) == (project, None)
    lab.script(answer(message("Yes.", item_id="m")))
    await probe.run_turn(thread["id"], "hello")
    read = await probe.request("thread/read", {"threadId": thread["id"]})
    assert read["thread"]["projectId"] == project
