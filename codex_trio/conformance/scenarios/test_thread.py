"""Threads: start, read, list, name, archive, unsubscribe, and what is refused."""

from pathlib import Path
from typing import Any

import pytest

from codex_trio.conformance.lab import MODEL, Lab
from codex_trio.conformance.probe import Message, Probe
from codex_trio.conformance.shapes import ANY_INT, ANY_STR, ANY_UUID, INT_OR_NULL, text_like
from codex_trio.testing.model_script import answer, message

UNKNOWN_THREAD = "00000000-0000-7000-8000-000000000000"
NOT_MATERIALIZED = "thread {} is not materialized yet; {} is unavailable before first user message"


async def error_of(probe: Probe, method: str, params: Any) -> str:
    """Return the text of a refusal with the usual code."""
    error = await probe.refusal(method, params)
    assert error.code == -32600
    return error.message


async def stored_thread(lab: Lab, probe: Probe, text: str = "hello", **params: Any) -> str:
    """Return a thread with one finished turn; its id."""
    lab.script(answer(message("Hi.")))
    thread = await probe.start_thread(cwd=str(lab.cwd), **params)
    turn = await probe.run_turn(thread["id"], text)
    assert turn.status == "completed"
    return thread["id"]


def is_file(thread: Message) -> bool:
    """Return whether a thread's rollout file exists."""
    return Path(thread["path"]).is_file()


def new_thread(lab: Lab) -> Message:
    """Return the Thread object of a thread that was just started."""
    return {
        "id": ANY_UUID,
        "environments": [
            {"environmentId": "local", "cwd": str(lab.cwd), "runtimeWorkspaceRoots": [str(lab.cwd)]},
        ],
        "extra": None,
        "sessionId": ANY_UUID,
        "forkedFromId": None,
        "attachedToThreadId": None,
        "parentThreadId": None,
        "preview": "",
        "ephemeral": False,
        "section": None,
        "sectionEnteredAt": None,
        "projectId": None,
        "historyMode": "paginated",
        "modelProvider": "scripted",
        "model": MODEL,
        "reasoningEffort": None,
        "createdAt": ANY_INT,
        "updatedAt": ANY_INT,
        "recencyAt": ANY_INT,
        "status": {"type": "idle"},
        "path": text_like(f"{lab.codex_home}/sessions/.+/rollout-.+.jsonl"),
        "cwd": str(lab.cwd),
        "cliVersion": ANY_STR,
        "originator": "scenario",
        "source": "vscode",
        "canAcceptDirectInput": True,
        "threadSource": None,
        "agentNickname": None,
        "agentRole": None,
        "gitInfo": None,
        "name": None,
        "daybreakEnabled": None,
        "turns": [],
    }


# Start and read


async def test_starting_a_thread_tells_its_settings_and_announces_it(lab: Lab, probe: Probe) -> None:
    probe.log.skip()
    result = await probe.request("thread/start", {"cwd": str(lab.cwd)})
    assert result == {
        "thread": new_thread(lab),
        "model": MODEL,
        "modelProvider": "scripted",
        "serviceTier": None,
        "disabledPluginIds": [],
        "cwd": str(lab.cwd),
        "runtimeWorkspaceRoots": [str(lab.cwd)],
        "instructionSources": [],
        "approvalPolicy": "never",
        "approvalsReviewer": "user",
        "sandbox": {"type": "dangerFullAccess"},
        "activePermissionProfile": None,
        "reasoningEffort": None,
        "multiAgentMode": "explicitRequestOnly",
    }
    started = await probe.until("thread/started")
    assert started["params"] == {"thread": result["thread"]}
    replies = [index for index, sent in enumerate(probe.log.from_server) if sent.get("result") == result]
    assert probe.log.from_server.index(started) > replies[0]


async def test_a_threads_file_is_named_by_its_start_and_id_and_appears_with_the_first_turn(
    lab: Lab, probe: Probe
) -> None:
    lab.script(answer(message("Hi.")))
    thread = await probe.start_thread(cwd=str(lab.cwd))
    folder = r"\d{4}/\d{2}/\d{2}/rollout-\d{4}-\d{2}-\d{2}T\d{2}-\d{2}-\d{2}"
    assert thread["path"] == text_like(f"{lab.codex_home}/sessions/{folder}-{thread['id']}.jsonl")
    assert not is_file(thread)
    await probe.run_turn(thread["id"])
    assert is_file(thread)
    assert thread["sessionId"] == thread["id"]


async def test_a_permission_profile_that_is_chosen_by_its_name_is_told_back(lab: Lab, probe: Probe) -> None:
    for profile, sandbox in ((":read-only", "readOnly"), (":workspace", "workspaceWrite")):
        result = await probe.request("thread/start", {"cwd": str(lab.cwd), "permissions": profile})
        assert result["sandbox"]["type"] == sandbox
        assert result["activePermissionProfile"] == {"id": profile, "extends": None}


async def test_start_params_are_in_force_and_told_back(lab: Lab, probe: Probe) -> None:
    params = {
        "cwd": str(lab.base),
        "model": "gpt-5.4",
        "approvalPolicy": "on-request",
        "sandbox": "read-only",
        "config": {"model_reasoning_effort": "high"},
    }
    result = await probe.request("thread/start", params)
    assert (result["cwd"], result["model"], result["approvalPolicy"]) == (str(lab.base), "gpt-5.4", "on-request")
    assert result["sandbox"] == {"type": "readOnly", "networkAccess": False}
    assert (result["reasoningEffort"], result["thread"]["reasoningEffort"]) == ("high", "high")


async def test_the_workspace_sandbox_is_told_as_a_policy(lab: Lab, probe: Probe) -> None:
    result = await probe.request("thread/start", {"cwd": str(lab.cwd), "sandbox": "workspace-write"})
    assert result["sandbox"] == {
        "type": "workspaceWrite",
        "writableRoots": [],
        "networkAccess": False,
        "excludeTmpdirEnvVar": False,
        "excludeSlashTmp": True,
    }


async def test_a_relative_folder_is_taken_from_the_servers_own_and_need_not_exist(lab: Lab, probe: Probe) -> None:
    result = await probe.request("thread/start", {"cwd": "missing/deeper"})
    assert result["cwd"] == f"{lab.cwd}/missing/deeper"


async def test_an_unknown_provider_is_refused_at_start(probe: Probe) -> None:
    text = await error_of(probe, "thread/start", {"modelProvider": "nope"})
    assert text.startswith("failed to load configuration: Model provider `nope` not found")


async def test_a_config_override_of_the_wrong_type_is_refused_with_its_key(probe: Probe) -> None:
    text = await error_of(probe, "thread/start", {"config": {"model_reasoning_summary": 5}})
    assert text.startswith("failed to load configuration: ")
    assert "model_reasoning_summary" in text


async def test_permissions_cannot_be_combined_with_a_sandbox(probe: Probe) -> None:
    text = await error_of(probe, "thread/start", {"permissions": "x", "sandbox": "read-only"})
    assert text == "`permissions` cannot be combined with `sandbox`"


async def test_a_thread_can_be_read_before_its_first_turn_but_is_not_stored_yet(lab: Lab, probe: Probe) -> None:
    thread_id = (await probe.start_thread(cwd=str(lab.cwd)))["id"]
    read = await probe.request("thread/read", {"threadId": thread_id})
    assert read["thread"] == {**new_thread(lab), "id": thread_id}
    resumed = await error_of(probe, "thread/resume", {"threadId": thread_id})
    assert resumed == f"no rollout found for thread id {thread_id}"
    assert (await probe.request("thread/list", {}))["data"] == []


async def test_a_threads_history_is_refused_before_its_first_turn(lab: Lab, probe: Probe) -> None:
    thread_id = (await probe.start_thread(cwd=str(lab.cwd)))["id"]
    with_turns = await error_of(probe, "thread/read", {"threadId": thread_id, "includeTurns": True})
    assert with_turns == NOT_MATERIALIZED.format(thread_id, "includeTurns")
    turns = await error_of(probe, "thread/turns/list", {"threadId": thread_id})
    assert turns == NOT_MATERIALIZED.format(thread_id, "thread/turns/list")


async def test_what_was_streamed_is_what_is_read_back(lab: Lab, probe: Probe) -> None:
    lab.script(answer(message("Hi.", phase="final_answer")))
    thread_id = (await probe.start_thread(cwd=str(lab.cwd)))["id"]
    turn = await probe.run_turn(thread_id, "hello")
    read = (await probe.request("thread/read", {"threadId": thread_id, "includeTurns": True}))["thread"]
    [stored] = read["turns"]
    assert stored["items"] == turn.items()
    assert {key: stored[key] for key in ("id", "status", "error")} == {
        "id": turn.id,
        "status": "completed",
        "error": None,
    }
    assert (stored["startedAt"], stored["completedAt"], stored["durationMs"]) == (ANY_INT, ANY_INT, ANY_INT)
    assert (read["preview"], read["status"]) == ("hello", {"type": "idle"})


async def test_reading_a_whole_history_comes_with_a_deprecation_notice(lab: Lab, probe: Probe) -> None:
    thread_id = await stored_thread(lab, probe)
    probe.log.skip()
    await probe.request("thread/read", {"threadId": thread_id, "includeTurns": True})
    notice = await probe.until("deprecationNotice")
    assert "thread/turns/list" in notice["params"]["summary"]


async def test_turns_are_listed_newest_first_with_first_and_last_message(lab: Lab, probe: Probe) -> None:
    lab.script(answer(message("One.")), answer(message("Two.")))
    thread_id = (await probe.start_thread(cwd=str(lab.cwd)))["id"]
    turns = [await probe.run_turn(thread_id, text) for text in ("first", "second")]
    page = await probe.request("thread/turns/list", {"threadId": thread_id, "limit": 1})
    [row] = page["data"]
    assert (row["id"], row["itemsView"]) == (turns[1].id, "summary")
    assert [item["type"] for item in row["items"]] == ["userMessage", "agentMessage"]
    params = {"threadId": thread_id, "limit": 1, "cursor": page["nextCursor"], "itemsView": "notLoaded"}
    rest = await probe.request("thread/turns/list", params)
    assert [(row["id"], row["items"]) for row in rest["data"]] == [(turns[0].id, [])]
    assert rest["nextCursor"] is None
    oldest = await probe.request("thread/turns/list", {"threadId": thread_id, "sortDirection": "asc", "limit": 0})
    assert [row["id"] for row in oldest["data"]] == [turns[0].id]


# Ids that are not there


async def test_an_id_that_is_no_uuid_is_refused_with_what_is_wrong_with_it(probe: Probe) -> None:
    character = "invalid character: expected an optional prefix of `urn:uuid:` followed by [0-9a-fA-F-], found `x` at 1"
    length = "invalid length: expected length 32 for simple format, found 3"
    for bad, problem in (("x-y", character), ("abc", length)):
        for method in ("thread/read", "thread/unsubscribe", "thread/turns/list", "thread/name/set"):
            params: Message = {"threadId": bad, "name": "x"}
            assert await error_of(probe, method, params) == f"invalid thread id: {problem}"
        params = {"threadId": bad, "input": []}
        assert await error_of(probe, "turn/start", params) == f"invalid thread id: {problem}"
        for method in ("thread/resume", "thread/archive", "thread/unarchive"):
            assert await error_of(probe, method, {"threadId": bad}) == f"invalid session id: {problem}"


async def test_an_unknown_thread_is_refused_in_the_words_of_each_method(probe: Probe) -> None:
    words: dict[str, Message] = {
        f"thread not found: {UNKNOWN_THREAD}": {
            "turn/start": {"input": [{"type": "text", "text": "x"}]},
            "turn/steer": {"input": [{"type": "text", "text": "x"}], "expectedTurnId": "t"},
            "turn/interrupt": {"turnId": "t"},
        },
        f"thread not loaded: {UNKNOWN_THREAD}": {"thread/read": {}, "thread/turns/list": {}},
        f"no rollout found for thread id {UNKNOWN_THREAD}": {
            "thread/resume": {},
            "thread/archive": {},
            "thread/name/set": {"name": "x"},
        },
        f"no archived rollout found for thread id {UNKNOWN_THREAD}": {"thread/unarchive": {}},
    }
    for text, methods in words.items():
        for method, params in methods.items():
            said = await error_of(probe, method, {"threadId": UNKNOWN_THREAD, **params})
            assert (method, said) == (method, text)


@pytest.mark.parametrize("method", ["thread/compact/start", "thread/shellCommand", "thread/inject_items"])
async def test_work_on_an_unknown_thread_is_refused(probe: Probe, method: str) -> None:
    items: list[Message] = [{"type": "message", "role": "user", "content": []}]
    params: Message = {"threadId": UNKNOWN_THREAD, "command": "ls", "items": items}
    assert await error_of(probe, method, params) == f"thread not found: {UNKNOWN_THREAD}"


async def test_a_fork_of_what_is_not_stored_is_refused(probe: Probe) -> None:
    ephemeral = (await probe.start_thread(ephemeral=True))["id"]
    for thread_id in (UNKNOWN_THREAD, (await probe.start_thread())["id"], ephemeral):
        said = await error_of(probe, "thread/fork", {"threadId": thread_id})
        assert said == f"no rollout found for thread id {thread_id}"
    assert (await error_of(probe, "thread/fork", {"threadId": "x"})).startswith("invalid session id: ")


async def test_unsubscribing_tells_whether_there_was_anything_to_leave(lab: Lab, probe: Probe) -> None:
    thread_id = (await probe.start_thread(cwd=str(lab.cwd)))["id"]
    for expected in ("unsubscribed", "notSubscribed"):
        assert await probe.request("thread/unsubscribe", {"threadId": thread_id}) == {"status": expected}
    unknown = await probe.request("thread/unsubscribe", {"threadId": UNKNOWN_THREAD})
    assert unknown == {"status": "notLoaded"}


async def test_a_client_that_left_a_thread_hears_its_status_but_not_its_turns(lab: Lab, probe: Probe) -> None:
    lab.script(answer(message("Hi.")))
    thread_id = (await probe.start_thread(cwd=str(lab.cwd)))["id"]
    await probe.request("thread/unsubscribe", {"threadId": thread_id})
    probe.log.skip()
    before = len(probe.log.from_server)
    await probe.start_turn(thread_id)
    await probe.until("thread/status/changed", where=lambda params: params["status"]["type"] == "idle")
    await probe.nothing_more()
    heard = {sent["method"] for sent in probe.log.from_server[before:] if "method" in sent}
    assert heard - {"thread/readState/changed", "account/rateLimits/updated"} == {"thread/status/changed"}


# Lists


async def test_stored_threads_are_listed_newest_first_in_pages_that_lose_none(lab: Lab, probe: Probe) -> None:
    ids = [await stored_thread(lab, probe, text) for text in ("one", "two", "three")]
    listed: list[str] = []
    params: Message = {"limit": 2}
    while True:
        page = await probe.request("thread/list", params)
        assert len(page["data"]) <= 2
        listed += [row["id"] for row in page["data"]]
        if page["nextCursor"] is None:
            break
        params = {"limit": 2, "cursor": page["nextCursor"]}
    assert listed == ids[::-1]


async def test_listed_threads_tell_preview_status_and_no_turns(lab: Lab, probe: Probe) -> None:
    thread_id = await stored_thread(lab, probe, "find the needle")
    [row] = (await probe.request("thread/list", {}))["data"]
    assert (row["id"], row["preview"], row["turns"]) == (thread_id, "find the needle", [])
    assert row["status"] == {"type": "idle"}
    assert set(row) == set(new_thread(lab))


async def test_threads_can_be_searched_by_preview_and_name_and_filtered_by_folder(lab: Lab, probe: Probe) -> None:
    needle = await stored_thread(lab, probe, "find the needle")
    named = await stored_thread(lab, probe, "something")
    await probe.request("thread/name/set", {"threadId": named, "name": "Blue needle"})

    async def found(**params: Any) -> set[str]:
        return {row["id"] for row in (await probe.request("thread/list", params))["data"]}

    assert await found(searchTerm="needle") == {needle, named}
    assert await found(searchTerm="the needle") == {needle}
    assert await found(searchTerm="NEEDLE") == set()
    assert await found(searchTerm="") == {needle, named}
    assert await found(cwd=str(lab.cwd)) == {needle, named}
    assert await found(cwd=[str(lab.base), "/nowhere"]) == set()
    assert await found(modelProviders=["another"]) == set()
    assert await found(modelProviders=[]) == {needle, named}


async def test_a_cursor_that_is_none_is_refused(probe: Probe) -> None:
    await probe.start_thread()
    assert await error_of(probe, "thread/list", {"cursor": "zzz"}) == "invalid cursor: zzz"
    assert await error_of(probe, "thread/loaded/list", {"cursor": "zzz"}) == "invalid cursor: zzz"


async def test_loaded_threads_are_listed_in_the_order_of_their_ids(probe: Probe) -> None:
    ids = [(await probe.start_thread())["id"] for _ in range(3)]
    assert await probe.request("thread/loaded/list", {}) == {"data": sorted(ids), "nextCursor": None}
    page = await probe.request("thread/loaded/list", {"limit": 2})
    assert page == {"data": sorted(ids)[:2], "nextCursor": sorted(ids)[1]}
    rest = await probe.request("thread/loaded/list", {"limit": 2, "cursor": page["nextCursor"]})
    assert rest == {"data": sorted(ids)[2:], "nextCursor": None}


# Name, archive


async def test_a_threads_name_is_trimmed_announced_and_remembered(lab: Lab, probe: Probe) -> None:
    thread_id = await stored_thread(lab, probe)
    assert await probe.request("thread/name/set", {"threadId": thread_id, "name": "  Blue  "}) == {}
    update = await probe.until("thread/name/updated")
    assert update["params"] == {"threadId": thread_id, "threadName": "Blue"}
    read = await probe.request("thread/read", {"threadId": thread_id})
    assert read["thread"]["name"] == "Blue"
    assert (lab.codex_home / "session_index.jsonl").read_text().count('"thread_name":"Blue"') == 1
    blank = await error_of(probe, "thread/name/set", {"threadId": thread_id, "name": " \n"})
    assert blank == "thread name must not be empty"


async def test_an_archived_thread_moves_away_and_comes_back(lab: Lab, probe: Probe) -> None:
    thread_id = await stored_thread(lab, probe)
    [rollout] = lab.rollouts()
    probe.log.skip()
    assert await probe.request("thread/archive", {"threadId": thread_id}) == {}
    status = await probe.until("thread/status/changed")
    assert status["params"] == {"threadId": thread_id, "status": {"type": "notLoaded"}}
    assert (await probe.until("thread/archived"))["params"] == {"threadId": thread_id}
    archived = lab.codex_home / "archived_sessions" / rollout.name
    assert (archived.exists(), rollout.exists()) == (True, False)
    assert (await probe.request("thread/list", {}))["data"] == []
    listed = await probe.request("thread/list", {"archived": True})
    assert [row["id"] for row in listed["data"]] == [thread_id]
    read = await probe.request("thread/read", {"threadId": thread_id, "includeTurns": True})
    assert (read["thread"]["path"], len(read["thread"]["turns"])) == (str(archived), 1)
    again = await error_of(probe, "thread/archive", {"threadId": thread_id})
    assert again == f"no rollout found for thread id {thread_id}"
    assert await error_of(probe, "thread/resume", {"threadId": thread_id}) == text_like(".*is archived.*")

    unarchived = await probe.request("thread/unarchive", {"threadId": thread_id})
    assert unarchived["thread"]["id"] == thread_id
    assert (await probe.until("thread/unarchived"))["params"] == {"threadId": thread_id}
    assert (archived.exists(), rollout.exists()) == (False, True)
    twice = await error_of(probe, "thread/unarchive", {"threadId": thread_id})
    assert twice == f"no archived rollout found for thread id {thread_id}"


# Ephemeral threads


async def test_an_ephemeral_thread_runs_turns_and_leaves_no_file(lab: Lab, probe: Probe) -> None:
    lab.script(answer(message("Hi.")))
    thread = await probe.start_thread(cwd=str(lab.cwd), ephemeral=True)
    assert (thread["ephemeral"], thread["path"]) == (True, None)
    turn = await probe.run_turn(thread["id"])
    assert turn.text == "Hi."
    assert lab.rollouts() == []
    assert (await probe.request("thread/list", {}))["data"] == []
    assert (await probe.request("thread/loaded/list", {}))["data"] == [thread["id"]]
    read = (await probe.request("thread/read", {"threadId": thread["id"]}))["thread"]
    assert (read["preview"], read["path"]) == ("", None)


async def test_what_needs_a_file_is_refused_for_an_ephemeral_thread(probe: Probe) -> None:
    thread_id = (await probe.start_thread(ephemeral=True))["id"]
    refused: dict[str, tuple[Message, str]] = {
        "thread/read": ({"includeTurns": True}, "ephemeral threads do not support includeTurns"),
        "thread/turns/list": ({}, "ephemeral threads do not support thread/turns/list"),
        "thread/resume": ({}, f"no rollout found for thread id {thread_id}"),
        "thread/archive": ({}, f"no rollout found for thread id {thread_id}"),
        "thread/name/set": ({"name": "x"}, f"ephemeral thread does not support metadata updates: {thread_id}"),
    }
    for method, (params, text) in refused.items():
        said = await error_of(probe, method, {"threadId": thread_id, **params})
        assert (method, said) == (method, text)


async def test_a_started_threads_times_are_unix_seconds(probe: Probe) -> None:
    thread = await probe.start_thread()
    assert thread["createdAt"] == INT_OR_NULL
    assert 1_600_000_000 < thread["createdAt"] < 10_000_000_000
