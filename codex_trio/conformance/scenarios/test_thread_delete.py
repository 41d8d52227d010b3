"""`thread/delete`: nothing is left of a thread."""

from codex_trio.conformance.lab import Lab
from codex_trio.conformance.probe import Probe, statuses
from codex_trio.conformance.threads import UNKNOWN_THREAD, thread_with_turns
from codex_trio.testing.model_script import Gate, answer, message_of


async def delete(probe: Probe, thread_id: str) -> None:
    """Delete a thread, and wait until everybody is told."""
    probe.log.skip()
    assert await probe.request("thread/delete", {"threadId": thread_id}) == {}
    told = await probe.until("thread/deleted")
    assert told["params"] == {"threadId": thread_id}


async def assert_gone(lab: Lab, probe: Probe, thread_id: str) -> None:
    error = await probe.refusal("thread/read", {"threadId": thread_id})
    assert (error.code, error.message) == (-32600, f"thread not loaded: {thread_id}")
    error = await probe.refusal("thread/resume", {"threadId": thread_id})
    assert (error.code, error.message) == (-32600, f"no rollout found for thread id {thread_id}")
    for archived in (False, True):
        assert (await probe.request("thread/list", {"archived": archived}))["data"] == []
    folders = (lab.codex_home / "sessions", lab.codex_home / "archived_sessions")
    assert [path for folder in folders for path in folder.rglob("*.jsonl")] == []


async def test_a_loaded_thread_is_unloaded_and_removed_with_its_file_and_its_name(lab: Lab, probe: Probe) -> None:
    thread_id, _ = await thread_with_turns(lab, probe, 1)
    await probe.request("thread/name/set", {"threadId": thread_id, "name": "Doomed"})
    await delete(probe, thread_id)
    told = [sent for sent in probe.log.from_server if sent.get("method") == "thread/status/changed"]
    assert statuses(told)[-1] == {"type": "notLoaded"}
    assert (await probe.request("thread/loaded/list"))["data"] == []
    await assert_gone(lab, probe, thread_id)
    assert "Doomed" not in (lab.codex_home / "session_index.jsonl").read_text()


async def test_a_stored_thread_can_be_deleted_and_stays_so(lab: Lab) -> None:
    async with lab.run() as probe:
        thread_id, _ = await thread_with_turns(lab, probe, 1)
    async with lab.run() as probe:
        await delete(probe, thread_id)
        await assert_gone(lab, probe, thread_id)
    async with lab.run() as probe:
        await assert_gone(lab, probe, thread_id)


async def test_an_archived_thread_can_be_deleted(lab: Lab, probe: Probe) -> None:
    thread_id, _ = await thread_with_turns(lab, probe, 1)
    await probe.request("thread/archive", {"threadId": thread_id})
    await delete(probe, thread_id)
    await assert_gone(lab, probe, thread_id)


async def test_a_thread_without_a_turn_can_be_deleted(lab: Lab, probe: Probe) -> None:
    thread_id = (await probe.start_thread(cwd=str(lab.cwd)))["id"]
    await delete(probe, thread_id)
    assert (await probe.request("thread/loaded/list"))["data"] == []


async def test_a_running_turn_is_interrupted_first(lab: Lab, probe: Probe) -> None:
    thread_id, _ = await thread_with_turns(lab, probe, 1)
    lab.script(answer(message_of(["Wor", Gate(), "king."], item_id="m2")))
    turn_id = await probe.start_turn(thread_id)
    await probe.until("item/agentMessage/delta")
    await delete(probe, thread_id)
    methods = probe.log.methods()
    [ended] = [
        sent["params"]["turn"]
        for sent in probe.log.from_server
        if sent.get("method") == "turn/completed" and sent["params"]["turn"]["id"] == turn_id
    ]
    assert ended["status"] == "interrupted"
    assert methods.index("thread/deleted") > len(methods) - 1 - methods[::-1].index("turn/completed")
    await assert_gone(lab, probe, thread_id)


async def test_a_thread_that_forks_build_on_is_kept(lab: Lab, probe: Probe) -> None:
    thread_id, _ = await thread_with_turns(lab, probe, 1)
    fork = (await probe.request("thread/fork", {"threadId": thread_id}))["thread"]["id"]
    error = await probe.refusal("thread/delete", {"threadId": thread_id})
    assert (error.code, error.message) == (
        -32600,
        f"cannot delete thread {thread_id}: forked history still references it",
    )
    turns = (await probe.request("thread/turns/list", {"threadId": fork}))["data"]
    assert len(turns) == 1
    await delete(probe, fork)
    await delete(probe, thread_id)
    await assert_gone(lab, probe, thread_id)


async def test_what_is_not_there_cannot_be_deleted(probe: Probe) -> None:
    error = await probe.refusal("thread/delete", {"threadId": UNKNOWN_THREAD})
    assert (error.code, error.message) == (-32600, f"no rollout found for thread id {UNKNOWN_THREAD}")
    error = await probe.refusal("thread/delete", {"threadId": "xx"})
    assert error.code == -32600
    assert error.message.startswith("invalid thread id: invalid character")


async def test_an_ephemeral_thread_cannot_be_deleted(lab: Lab, probe: Probe) -> None:
    thread_id = (await probe.start_thread(cwd=str(lab.cwd), ephemeral=True))["id"]
    error = await probe.refusal("thread/delete", {"threadId": thread_id})
    assert (error.code, error.message) == (-32600, f"thread is not persisted and cannot be deleted: {thread_id}")
