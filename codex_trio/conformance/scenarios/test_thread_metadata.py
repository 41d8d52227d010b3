"""What is stored about a thread besides its history: the repository, choices of the client, memory, and summaries."""

import os
import shutil
from typing import Any

import pytest
import trio

from codex_trio.conformance.lab import Lab
from codex_trio.conformance.probe import Probe
from codex_trio.conformance.shapes import ANY_STR
from codex_trio.conformance.threads import UNKNOWN_THREAD, thread_with_turns
from codex_trio.testing.model_script import answer, message

NO_ROLLOUT = f"no rollout found for thread id {UNKNOWN_THREAD}"


async def updated(probe: Probe, thread_id: str, **params: Any) -> dict[str, Any]:
    """Return the thread as `thread/metadata/update` gives it back."""
    return (await probe.request("thread/metadata/update", {"threadId": thread_id, **params}))["thread"]


# The repository


async def test_repository_facts_are_changed_one_by_one(lab: Lab, probe: Probe) -> None:
    thread_id, _ = await thread_with_turns(lab, probe, 1)
    steps: tuple[tuple[dict[str, Any], Any], ...] = (
        ({"sha": "  abc "}, {"sha": "abc", "branch": None, "originUrl": None}),
        ({"branch": "main", "originUrl": "u"}, {"sha": "abc", "branch": "main", "originUrl": "u"}),
        ({"branch": None}, {"sha": "abc", "branch": None, "originUrl": "u"}),
        ({"sha": None, "originUrl": None}, None),
    )
    for change, result in steps:
        thread = await updated(probe, thread_id, gitInfo=change)
        assert (thread["id"], thread["gitInfo"]) == (thread_id, result)
        read = await probe.request("thread/read", {"threadId": thread_id})
        assert read["thread"]["gitInfo"] == result
        assert thread["status"] == {"type": "idle"}


async def test_repository_facts_of_a_stored_thread_outlive_the_server(lab: Lab) -> None:
    async with lab.run() as probe:
        thread_id, _ = await thread_with_turns(lab, probe, 1)
    async with lab.run() as probe:
        thread = await updated(probe, thread_id, gitInfo={"branch": "main"})
        assert (thread["status"], thread["preview"]) == ({"type": "notLoaded"}, "question 0")
    async with lab.run() as probe:
        [row] = (await probe.request("thread/list"))["data"]
        assert row["gitInfo"] == {"sha": None, "branch": "main", "originUrl": None}
        lab.script(answer(message("Back.")))
        resumed = await probe.request("thread/resume", {"threadId": thread_id})
        assert resumed["thread"]["gitInfo"] == row["gitInfo"]
        assert len(resumed["thread"]["turns"]) == 1
        assert (await probe.run_turn(thread_id)).text == "Back."


async def test_an_archived_threads_facts_can_be_changed(lab: Lab, probe: Probe) -> None:
    thread_id, _ = await thread_with_turns(lab, probe, 1)
    await probe.request("thread/archive", {"threadId": thread_id})
    thread = await updated(probe, thread_id, gitInfo={"branch": "main"})
    assert thread["gitInfo"]["branch"] == "main"
    assert "/archived_sessions/" in thread["path"]


async def test_facts_of_a_thread_can_be_changed_before_its_first_turn(lab: Lab, probe: Probe) -> None:
    thread_id = (await probe.start_thread(cwd=str(lab.cwd)))["id"]
    assert (await updated(probe, thread_id, gitInfo={"branch": "main"}))["gitInfo"]["branch"] == "main"
    lab.script(answer(message("Hi.")))
    await probe.run_turn(thread_id)
    [row] = (await probe.request("thread/list"))["data"]
    assert (row["id"], row["gitInfo"]["branch"]) == (thread_id, "main")


async def test_a_choice_that_a_client_keeps_with_a_thread_is_kept(lab: Lab) -> None:
    async with lab.run() as probe:
        thread_id, _ = await thread_with_turns(lab, probe, 1)
        assert (await updated(probe, thread_id, daybreakEnabled=True))["daybreakEnabled"] is True
        assert (await updated(probe, thread_id, gitInfo={"branch": "main"}))["daybreakEnabled"] is True
    async with lab.run() as probe:
        [row] = (await probe.request("thread/list"))["data"]
        assert row["daybreakEnabled"] is True
        assert (await updated(probe, thread_id, daybreakEnabled=False))["daybreakEnabled"] is False


@pytest.mark.parametrize(
    ("params", "text"),
    [
        ({}, "thread metadata update must include at least one field"),
        ({"gitInfo": None}, "thread metadata update must include at least one field"),
        ({"gitInfo": {}}, "gitInfo must include at least one field"),
        ({"gitInfo": {"branch": ""}}, "gitInfo.branch must not be empty"),
        ({"gitInfo": {"sha": " "}}, "gitInfo.sha must not be empty"),
        ({"gitInfo": {"originUrl": ""}}, "gitInfo.originUrl must not be empty"),
        ({"projectId": "nope"}, "project not found: nope"),
        ({"threadId": UNKNOWN_THREAD, "gitInfo": {"branch": "b"}}, NO_ROLLOUT),
    ],
)
async def test_a_metadata_update_that_says_nothing_is_refused(
    lab: Lab, probe: Probe, params: dict[str, Any], text: str
) -> None:
    thread_id, _ = await thread_with_turns(lab, probe, 1)
    error = await probe.refusal("thread/metadata/update", {"threadId": thread_id, **params})
    assert (error.code, error.message) == (-32600, text)


async def test_an_ephemeral_thread_has_nothing_to_update(lab: Lab, probe: Probe) -> None:
    thread_id = (await probe.start_thread(cwd=str(lab.cwd), ephemeral=True))["id"]
    for method, params in (
        ("thread/metadata/update", {"gitInfo": {"branch": "b"}}),
        ("thread/memoryMode/set", {"mode": "disabled"}),
    ):
        error = await probe.refusal(method, {"threadId": thread_id, **params})
        assert error.message == f"ephemeral thread does not support metadata updates: {thread_id}"


# Memory


async def test_the_memory_mode_of_a_thread_can_be_set(lab: Lab) -> None:
    async with lab.run() as probe:
        thread_id, _ = await thread_with_turns(lab, probe, 1)
        params = {"threadId": thread_id, "mode": "disabled"}
        assert await probe.request("thread/memoryMode/set", params) == {}
        await probe.nothing_more()
    async with lab.run() as probe:
        assert await probe.request("thread/memoryMode/set", {"threadId": thread_id, "mode": "enabled"}) == {}
        [row] = (await probe.request("thread/list"))["data"]
        assert row["id"] == thread_id


async def test_an_unknown_memory_mode_or_thread_is_refused(lab: Lab, probe: Probe) -> None:
    thread_id, _ = await thread_with_turns(lab, probe, 1)
    error = await probe.refusal("thread/memoryMode/set", {"threadId": thread_id, "mode": "polluted"})
    assert error.message == "Invalid request: unknown variant `polluted`, expected `enabled` or `disabled`"
    error = await probe.refusal("thread/memoryMode/set", {"threadId": UNKNOWN_THREAD, "mode": "enabled"})
    assert error.message == NO_ROLLOUT


# Summaries of older clients


async def test_a_conversation_is_summed_up_by_id_and_by_file(lab: Lab) -> None:
    async with lab.run() as probe:
        thread_id, _ = await thread_with_turns(lab, probe, 1)
        await updated(probe, thread_id, gitInfo={"sha": "abc"})
    async with lab.run() as probe:
        [path] = lab.rollouts()
        summary = {
            "conversationId": thread_id,
            "path": str(path),
            "preview": "question 0",
            "timestamp": ANY_STR,
            "updatedAt": ANY_STR,
            "modelProvider": "scripted",
            "cwd": str(lab.cwd),
            "cliVersion": ANY_STR,
            "source": "vscode",
            "gitInfo": {"sha": "abc", "branch": None, "origin_url": None},
        }
        for params in (
            {"conversationId": thread_id},
            {"rolloutPath": str(path)},
            {"rolloutPath": str(path.relative_to(lab.codex_home))},
        ):
            result = await probe.request("getConversationSummary", params)
            assert result == {"summary": summary}
            assert result["summary"]["timestamp"].endswith("Z")


async def test_a_rollout_file_outside_of_the_servers_folder_is_summed_up_too(lab: Lab, probe: Probe) -> None:
    thread_id, _ = await thread_with_turns(lab, probe, 1)
    elsewhere = lab.base / "copied.jsonl"
    shutil.copy(lab.rollouts()[0], elsewhere)
    result = await probe.request("getConversationSummary", {"rolloutPath": str(elsewhere)})
    assert (result["summary"]["conversationId"], result["summary"]["path"]) == (thread_id, str(elsewhere))


async def test_a_conversation_that_is_not_stored_has_no_summary(lab: Lab, probe: Probe) -> None:
    fresh = (await probe.start_thread(cwd=str(lab.cwd)))["id"]
    for thread_id in (UNKNOWN_THREAD, fresh):
        error = await probe.refusal("getConversationSummary", {"conversationId": thread_id})
        assert (error.code, error.message) == (-32600, f"no rollout found for conversation id {thread_id}")
    error = await probe.refusal("getConversationSummary", {"rolloutPath": "/nope"})
    assert (error.code, error.message) == (-32600, "failed to resolve rollout path `/nope`: file does not exist")


async def test_the_repository_of_a_thread_is_known_however_soon_its_first_turn_comes(lab: Lab) -> None:
    shutil.rmtree(lab.cwd / ".git")
    who = {f"GIT_{role}_{what}": "a@example.com" for role in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")}
    for command in (["init", "-q", "-b", "topic"], ["commit", "-q", "--allow-empty", "-m", "first"]):
        git = ["git", "-C", str(lab.cwd), *command]
        await trio.run_process(git, env={"PATH": os.environ["PATH"], "HOME": str(lab.home), **who})
    lab.script(*(answer(message("Hi.", item_id=f"m{number}")) for number in range(5)))
    async with lab.run() as probe:
        for _ in range(5):
            thread_id = (await probe.start_thread(cwd=str(lab.cwd)))["id"]
            await probe.run_turn(thread_id, "hello")
            with trio.fail_after(30):
                while True:
                    read = await probe.request("thread/read", {"threadId": thread_id})
                    if read["thread"]["gitInfo"] is not None:
                        break
                    await trio.sleep(0.05)
    async with lab.run() as probe:
        listed = (await probe.request("thread/list", {}))["data"]
        assert [thread["gitInfo"]["branch"] for thread in listed] == ["topic"] * 5
        assert len({thread["gitInfo"]["sha"] for thread in listed}) == 1
