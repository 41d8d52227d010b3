"""Lists of threads: filters are honoured or refused; threads that are not loaded; read states; pages of a resume."""

from typing import Any

import msgspec
import pytest

from codex_trio.conformance.lab import Lab
from codex_trio.conformance.probe import Message, Probe
from codex_trio.conformance.shapes import ANY_STR
from codex_trio.testing.model_script import Gate, answer, message, message_of

SOME_THREAD = "00000000-0000-7000-8000-000000000000"
NO_UUID = "invalid character: expected an optional prefix of `urn:uuid:` followed by [0-9a-fA-F-], found `x` at 1"
BAD_REQUEST, BAD_PARAMS = -32600, -32602


async def stored_thread(lab: Lab, probe: Probe, *texts: str) -> str:
    """Return a thread with a finished turn for each text; its id."""
    thread_id = (await probe.start_thread(cwd=str(lab.cwd)))["id"]
    for text in texts:
        lab.script(answer(message(f"Re: {text}", item_id=f"re-{text}")))
        assert (await probe.run_turn(thread_id, text)).status == "completed"
    return thread_id


async def listed(probe: Probe, **params: Any) -> list[str]:
    """Return the ids that a list gives."""
    return [row["id"] for row in (await probe.request("thread/list", params))["data"]]


def filters_of(value: Message | int | str) -> str:
    """Return a case's name: the filters that its params have."""
    return "+".join(value) if isinstance(value, dict) else ""


# Filters


async def test_a_filter_by_section_or_owner_finds_only_threads_that_have_one(lab: Lab, probe: Probe) -> None:
    thread_id = await stored_thread(lab, probe, "find me")
    assert await listed(probe, sectionId=None, attachedToThreadId=None, projectId=None) == [thread_id]
    for params in (
        {"sectionId": "x"},
        {"sectionId": ""},
        {"attachedToThreadId": thread_id},
        {"sectionId": "x", "sortKey": "section_position"},
        {"sectionId": "x", "searchTerm": "find"},
        {"attachedToThreadId": thread_id, "searchTerm": "find", "includeAttachedThreads": True},
    ):
        assert (params, await listed(probe, **params)) == (params, [])
    assert await listed(probe, searchTerm="find", includeAttachedThreads=True) == [thread_id]


@pytest.mark.parametrize(
    ("params", "code", "text"),
    [
        ({"projectId": "x"}, BAD_PARAMS, "project not found: x"),
        ({"projectId": ""}, BAD_PARAMS, "projectId must not be empty"),
        ({"originators": ["x"]}, BAD_PARAMS, "originator filtering is not supported by the local app-server"),
        ({"excludedThreadIds": ["x"]}, BAD_PARAMS, f"invalid excluded thread id: {NO_UUID}"),
        (
            {"excludedThreadIds": [SOME_THREAD] * 101},
            BAD_PARAMS,
            "excludedThreadIds accepts at most 100 entries",
        ),
        ({"includedThreadIds": ["x"]}, BAD_PARAMS, f"invalid included thread id: {NO_UUID}"),
        (
            {"includedThreadIds": [SOME_THREAD] * 101},
            BAD_PARAMS,
            "includedThreadIds accepts at most 100 entries",
        ),
        (
            {"includeAttachedThreads": True, "searchTerm": " "},
            BAD_REQUEST,
            "includeAttachedThreads requires a non-empty searchTerm",
        ),
        ({"sortKey": "section_position"}, BAD_REQUEST, "section-position sorting requires a section filter"),
        ({"parentThreadId": "x"}, BAD_REQUEST, f"invalid parent thread id: {NO_UUID}"),
        ({"ancestorThreadId": "x"}, BAD_REQUEST, f"invalid ancestor thread id: {NO_UUID}"),
        ({"attachedToThreadId": "x"}, BAD_REQUEST, f"invalid attached thread parent id: {NO_UUID}"),
        (
            {"parentThreadId": SOME_THREAD, "ancestorThreadId": SOME_THREAD},
            BAD_REQUEST,
            "parentThreadId and ancestorThreadId are mutually exclusive",
        ),
        (
            {"parentThreadId": SOME_THREAD, "attachedToThreadId": SOME_THREAD},
            BAD_REQUEST,
            "attachedToThreadId cannot be combined with parentThreadId or ancestorThreadId",
        ),
        ({"sectionId": "x", "cursor": "zzz"}, BAD_REQUEST, "invalid cursor: zzz"),
    ],
    ids=filters_of,
)
async def test_a_filter_that_cannot_be_applied_is_refused(probe: Probe, params: Message, code: int, text: str) -> None:
    refused = await probe.refusal("thread/list", params)
    assert (refused.code, refused.message) == (code, text)


async def test_the_first_filter_that_cannot_be_applied_is_named(probe: Probe) -> None:
    included: Message = {"includedThreadIds": ["x"], "excludedThreadIds": ["y"]}
    excluded: Message = {"excludedThreadIds": ["x"], "originators": ["x"]}
    originators: Message = {"originators": ["x"], "projectId": "x", "cursor": "zzz"}
    project: Message = {"projectId": "x", "includeAttachedThreads": True, "parentThreadId": "x"}
    attached: Message = {"includeAttachedThreads": True, "parentThreadId": "x", "ancestorThreadId": "x"}
    related: Message = {"parentThreadId": "x", "ancestorThreadId": "x", "sortKey": "section_position"}
    for params, text in (
        (included, f"invalid included thread id: {NO_UUID}"),
        (excluded, f"invalid excluded thread id: {NO_UUID}"),
        (originators, "originator filtering is not supported by the local app-server"),
        (project, "project not found: x"),
        (attached, "includeAttachedThreads requires a non-empty searchTerm"),
        (related, "parentThreadId and ancestorThreadId are mutually exclusive"),
    ):
        assert (await probe.refusal("thread/list", params)).message == text


async def test_threads_can_be_left_out_by_their_ids_in_any_case(lab: Lab, probe: Probe) -> None:
    first, second = [await stored_thread(lab, probe, text) for text in ("one", "two")]
    assert await listed(probe, excludedThreadIds=[first]) == [second]
    assert await listed(probe, excludedThreadIds=[second.upper()]) == [first]
    assert await listed(probe, excludedThreadIds=[SOME_THREAD] * 100) == [second, first]


async def test_threads_are_chosen_by_their_ids_before_pages_are_made(lab: Lab, probe: Probe) -> None:
    first, second, third = [await stored_thread(lab, probe, text) for text in ("one", "two", "three")]
    assert await listed(probe, includedThreadIds=[first]) == [first]
    assert await listed(probe, includedThreadIds=[third.upper(), first, SOME_THREAD, first], limit=2) == [third, first]
    assert await listed(probe, includedThreadIds=[]) == []
    assert await listed(probe, includedThreadIds=None) == [third, second, first]
    assert await listed(probe, includedThreadIds=[first, second], excludedThreadIds=[first]) == [second]
    await probe.request("thread/archive", {"threadId": first})
    assert await listed(probe, includedThreadIds=[first, second]) == [second]
    assert await listed(probe, includedThreadIds=[first, second], archived=True) == [first]


async def test_a_folder_is_found_by_any_path_to_it(lab: Lab, probe: Probe) -> None:
    thread_id = await stored_thread(lab, probe, "here")
    (lab.base / "link").symlink_to(lab.cwd)
    (lab.cwd / "sub").mkdir()
    for cwd in (".", "", "sub/..", "../work", f"{lab.cwd}/", f"{lab.base}/link", ["/nowhere", "."]):
        assert (cwd, await listed(probe, cwd=cwd)) == (cwd, [thread_id])
    elsewhere: list[str | list[str]] = ["sub", "~", f"{lab.base}", []]
    for cwd in elsewhere:
        assert (cwd, await listed(probe, cwd=cwd)) == (cwd, [])


# Loaded or not


async def test_a_loaded_thread_tells_what_it_runs_in_and_a_list_not_whether_it_takes_turns(
    lab: Lab, probe: Probe
) -> None:
    thread_id = await stored_thread(lab, probe, "hello")
    environments = [{"environmentId": "local", "cwd": str(lab.cwd), "runtimeWorkspaceRoots": [str(lab.cwd)]}]
    read = (await probe.request("thread/read", {"threadId": thread_id}))["thread"]
    assert (read["environments"], read["canAcceptDirectInput"]) == (environments, True)
    [row] = (await probe.request("thread/list", {}))["data"]
    assert (row["environments"], row["canAcceptDirectInput"]) == (environments, None)


async def test_a_thread_that_is_not_loaded_tells_neither_where_it_runs_nor_whether_it_takes_turns(lab: Lab) -> None:
    async with lab.run() as probe:
        thread_id = await stored_thread(lab, probe, "hello")
    async with lab.run() as probe:
        [row] = (await probe.request("thread/list", {}))["data"]
        read = (await probe.request("thread/read", {"threadId": thread_id}))["thread"]
        for thread in (row, read):
            assert (thread["id"], thread["status"]) == (thread_id, {"type": "notLoaded"})
            assert (thread["environments"], thread["canAcceptDirectInput"], thread["cwd"]) == (None, None, str(lab.cwd))
        await probe.request("thread/archive", {"threadId": thread_id})
        back = (await probe.request("thread/unarchive", {"threadId": thread_id}))["thread"]
        assert (back["environments"], back["canAcceptDirectInput"]) == (None, None)


# Read states


async def test_every_stored_thread_has_a_read_state_loaded_or_not(lab: Lab) -> None:
    async with lab.run() as probe:
        ids = {await stored_thread(lab, probe, text) for text in ("one", "two")}
        states = (await probe.request("thread/list", {}))["readStates"]
        assert set(states) == ids
    async with lab.run() as probe:
        states = (await probe.request("thread/list", {}))["readStates"]
        assert set(states) == ids
        for thread_id in ids:
            state = (await probe.request("thread/read", {"threadId": thread_id}))["readState"]
            assert state == states[thread_id]
            assert set(state) == {"firstUnread", "revision"}
        assert (await probe.request("thread/list", {"searchTerm": "none"}))["readStates"] == {}


async def test_a_thread_that_nobody_touched_here_counts_as_read(lab: Lab) -> None:
    async with lab.run() as probe:
        thread_id = await stored_thread(lab, probe, "hello")
    # Another home that has the rollout files and nothing else.
    sessions = lab.codex_home / "sessions"
    lab.codex_home = lab.base / "another"
    lab.codex_home.mkdir()
    sessions.rename(lab.codex_home / "sessions")
    async with lab.run() as probe:
        untouched = {"firstUnread": None, "revision": f"initial:{thread_id}"}
        assert (await probe.request("thread/list", {}))["readStates"] == {thread_id: untouched}
        assert (await probe.request("thread/read", {"threadId": thread_id}))["readState"] == untouched


async def test_a_turn_makes_a_thread_unread_and_its_user_can_mark_it(lab: Lab, probe: Probe) -> None:
    lab.script(answer(message("One.")), answer(message("Two.")))
    thread_id = (await probe.start_thread())["id"]
    turn = await probe.run_turn(thread_id, "one")
    state = (await probe.request("thread/read", {"threadId": thread_id}))["readState"]
    assert state == {"firstUnread": {"type": "turn", "turnId": turn.id}, "revision": ANY_STR}
    for operation, unread in (("unread", {"type": "threadStart"}), ("read", None), ("unread", {"type": "threadStart"})):
        params = {"threadId": thread_id, "operation": {"type": operation}, "expectedRevision": state["revision"]}
        changed = (await probe.request("thread/readState/update", params))["readState"]
        assert (changed["firstUnread"], changed["revision"] != state["revision"]) == (unread, True)
        told = await probe.until("thread/readState/changed", where=lambda sent, new=changed: sent["readState"] == new)
        assert told["params"]["threadId"] == thread_id
        stale = await probe.refusal("thread/readState/update", params)
        assert (stale.code, stale.message) == (BAD_REQUEST, "read state changed")
        assert stale.data == {"reason": "readStateConflict", "readState": changed}
        state = changed
    await probe.run_turn(thread_id, "two")
    state = (await probe.request("thread/read", {"threadId": thread_id}))["readState"]
    assert state["firstUnread"] == {"type": "threadStart"}


async def test_a_thread_that_is_not_loaded_or_archived_is_marked_too(lab: Lab) -> None:
    async with lab.run() as probe:
        thread_id = await stored_thread(lab, probe, "hello")
    async with lab.run() as probe:
        for operation, unread in (("read", None), ("unread", {"type": "threadStart"})):
            state = (await probe.request("thread/read", {"threadId": thread_id}))["readState"]
            params = {"threadId": thread_id, "operation": {"type": operation}, "expectedRevision": state["revision"]}
            changed = (await probe.request("thread/readState/update", params))["readState"]
            assert changed["firstUnread"] == unread
            told = await probe.until("thread/readState/changed")
            assert told["params"] == {"threadId": thread_id, "readState": changed}
            stale = await probe.refusal("thread/readState/update", params)
            assert stale.data == {"reason": "readStateConflict", "readState": changed}
            assert (await probe.request("thread/read", {"threadId": thread_id}))["readState"] == changed
            await probe.request(
                "thread/archive" if operation == "read" else "thread/unarchive", {"threadId": thread_id}
            )


async def test_what_is_unread_stays_so_over_a_restart(lab: Lab) -> None:
    async with lab.run() as probe:
        thread_id = await stored_thread(lab, probe, "hello")
        state = (await probe.request("thread/read", {"threadId": thread_id}))["readState"]
        assert state["firstUnread"]["type"] == "turn"
    async with lab.run() as probe:
        assert (await probe.request("thread/list", {}))["readStates"] == {thread_id: state}
        assert (await probe.request("thread/read", {"threadId": thread_id}))["readState"] == state
        await probe.request("thread/resume", {"threadId": thread_id})
        assert (await probe.request("thread/read", {"threadId": thread_id}))["readState"] == state


async def test_a_thread_without_a_file_has_no_read_state(probe: Probe) -> None:
    new, ephemeral = (await probe.start_thread())["id"], (await probe.start_thread(ephemeral=True))["id"]
    for thread_id in (new, ephemeral):
        assert (await probe.request("thread/read", {"threadId": thread_id}))["readState"] is None
    for thread_id, code, text in (
        (new, BAD_REQUEST, "thread read state unavailable"),
        (ephemeral, BAD_REQUEST, "thread read state unavailable"),
        (SOME_THREAD, BAD_REQUEST, f"thread not loaded: {SOME_THREAD}"),
        ("x", BAD_PARAMS, f"invalid thread id: {NO_UUID}"),
    ):
        params = {"threadId": thread_id, "operation": {"type": "read"}, "expectedRevision": f"initial:{thread_id}"}
        refused = await probe.refusal("thread/readState/update", params)
        assert (refused.code, refused.message) == (code, text)


# Pages of turns from a resume


async def test_resuming_gives_cursors_that_lead_back_from_the_latest_turn_and_item(lab: Lab) -> None:
    async with lab.run() as probe:
        thread_id = await stored_thread(lab, probe, "one", "two", "three")
    async with lab.run() as probe:
        for params in ({}, {"excludeTurns": True}):
            resumed = await probe.request("thread/resume", {"threadId": thread_id, **params})
            assert resumed["initialTurnsPage"] is None
            at = {"threadId": thread_id, "cursor": resumed["turnsBackwardsCursor"], "sortDirection": "desc"}
            turns = await probe.request("thread/turns/list", at)
            assert [turn["items"][0]["content"][0]["text"] for turn in turns["data"]] == ["three", "two", "one"]
            newest = await probe.request("thread/turns/list", {**at, "sortDirection": "asc"})
            assert [turn["id"] for turn in newest["data"]] == [turns["data"][0]["id"]]
            at = {"threadId": thread_id, "cursor": resumed["itemsBackwardsCursor"], "sortDirection": "desc"}
            items = await probe.request("thread/items/list", {**at, "limit": 3})
            assert [entry["item"]["type"] for entry in items["data"]] == ["agentMessage", "userMessage", "agentMessage"]
            assert [entry["item"]["id"] for entry in items["data"][::2]] == ["re-three", "re-two"]
            newest = await probe.request("thread/items/list", {**at, "sortDirection": "asc"})
            assert [entry["item"]["id"] for entry in newest["data"]] == ["re-three"]


async def test_resuming_gives_the_page_of_turns_that_is_asked_for(lab: Lab, probe: Probe) -> None:
    thread_id = await stored_thread(lab, probe, "one", "two", "three")
    pages: list[Message] = [
        {},
        {"limit": 2},
        {"limit": 0, "itemsView": "notLoaded"},
        {"limit": 1, "sortDirection": "asc", "itemsView": "full"},
    ]
    for page in pages:
        params = {"threadId": thread_id, "excludeTurns": True, "initialTurnsPage": page}
        resumed = await probe.request("thread/resume", params)
        assert resumed["thread"]["turns"] == []
        assert resumed["initialTurnsPage"] == await probe.request("thread/turns/list", {"threadId": thread_id, **page})


async def test_the_turn_under_way_is_the_latest_when_its_thread_is_resumed(lab: Lab, probe: Probe) -> None:
    thread_id = await stored_thread(lab, probe, "one")
    gate = Gate()
    lab.script(answer(message_of(["Sl", gate, "ow."], item_id="slow")))
    turn_id = await probe.start_turn(thread_id, "two")
    await probe.until("item/agentMessage/delta")
    params: Message = {"threadId": thread_id, "excludeTurns": True, "initialTurnsPage": {"limit": 1}}
    resumed = await probe.request("thread/resume", params)
    [running] = resumed["initialTurnsPage"]["data"]
    assert (running["id"], running["status"]) == (turn_id, "inProgress")
    at = {"threadId": thread_id, "cursor": resumed["turnsBackwardsCursor"], "sortDirection": "asc"}
    assert [turn["id"] for turn in (await probe.request("thread/turns/list", at))["data"]] == [turn_id]
    gate.open()
    await probe.finish_turn(turn_id)


async def test_a_thread_without_turns_is_resumed_with_an_empty_page_and_no_cursors(probe: Probe) -> None:
    thread_id = (await probe.start_thread())["id"]
    await probe.request("thread/name/set", {"threadId": thread_id, "name": "Empty"})
    resumed = await probe.request("thread/resume", {"threadId": thread_id, "initialTurnsPage": {}})
    assert resumed["initialTurnsPage"] == {"data": [], "nextCursor": None, "backwardsCursor": None}
    assert (resumed["turnsBackwardsCursor"], resumed["itemsBackwardsCursor"]) == (None, None)


# Threads of others


async def test_threads_whose_files_say_oddly_where_they_come_from_are_listed_like_others(lab: Lab) -> None:
    sources: dict[str, Any] = {}
    folder = lab.codex_home / "sessions" / "2026" / "01" / "02"
    folder.mkdir(parents=True)
    said = {"type": "message", "role": "user", "content": [{"type": "input_text", "text": "hello"}]}
    for number, source in enumerate([{"from": "the future"}, {}, 5, ["cli"], {"custom": 5}, True]):
        thread_id = f"01900000-0000-7000-8000-00000000000{number}"
        sources[thread_id] = source
        meta = {"id": thread_id, "timestamp": "2026-01-02T03:04:05.000Z", "cwd": str(lab.cwd), "originator": "x"}
        meta |= {"cli_version": "0.160.0", "model_provider": "mock", "source": source}
        heard = {"type": "user_message", "message": "hello"}
        payloads = [("session_meta", meta), ("response_item", said), ("event_msg", heard)]
        with (folder / f"rollout-2026-01-02T03-04-05-{thread_id}.jsonl").open("wb") as file:
            for kind, payload in payloads:
                line = {"timestamp": meta["timestamp"], "type": kind, "payload": payload}
                file.write(msgspec.json.encode(line) + b"\n")
    async with lab.run() as probe:
        rows = (await probe.request("thread/list", {"modelProviders": []}))["data"]
        assert {row["id"]: row["source"] for row in rows} == dict.fromkeys(sources, "unknown")
        assert sorted(await listed(probe, modelProviders=[], sourceKinds=["unknown"])) == sorted(sources)
        assert await listed(probe, modelProviders=[], sourceKinds=["cli"]) == []
