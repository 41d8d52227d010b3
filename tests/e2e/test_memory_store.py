"""A server that keeps its threads in memory, from the outside: everything works, and nothing is left of it."""

from pathlib import Path
from typing import Any

from codex_trio.conformance.lab import Lab
from codex_trio.conformance.probe import Probe
from codex_trio.conformance.threads import said, thread_with_turns, turn_ids
from codex_trio.testing.model_script import Gate, answer, message

IN_MEMORY = 'experimental_thread_store = { type = "in_memory", id = "test" }'
WORD = "quokka"
SHARED_MEMORY = Path("/dev/shm")


def files_below(*folders: Path) -> set[Path]:
    return {path for folder in folders for path in folder.rglob("*") if path.is_file()}


def shared_memory() -> set[Path]:
    """Return what servers have put where files are in memory."""
    return set(SHARED_MEMORY.glob("*codex*"))


async def listed(probe: Probe, **params: Any) -> list[str]:
    return [row["id"] for row in (await probe.request("thread/list", params))["data"]]


async def test_a_killed_server_leaves_nothing_anywhere(lab: Lab) -> None:
    lab.configure(extra=IN_MEMORY)
    before = shared_memory()
    async with lab.run() as probe:
        thread_id, _ = await thread_with_turns(lab, probe)
        gate = Gate()
        lab.script(answer(gate, message("Never said.")))
        await probe.start_turn(thread_id, WORD)
        await gate.reached.wait()
        probe.server.kill()
        await probe.server.process.wait()
        gate.open()
    left = files_below(lab.codex_home, lab.home, lab.tmp, lab.cwd)
    assert [path for path in left if path.name.startswith("rollout-") or "sqlite" in path.name] == []
    assert [path for path in left if WORD in path.read_text(errors="replace")] == []
    assert shared_memory() <= before


async def test_threads_in_memory_can_be_unloaded_and_loaded_forked_and_cut_back(lab: Lab) -> None:
    lab.configure(extra=IN_MEMORY)
    async with lab.run() as probe:
        thread_id, turns = await thread_with_turns(lab, probe)
        await probe.request("thread/name/set", {"threadId": thread_id, "name": "A name"})
        # What is archived is unloaded.
        await probe.request("thread/archive", {"threadId": thread_id})
        assert (await listed(probe), await listed(probe, archived=True)) == ([], [thread_id])
        assert await turn_ids(probe, thread_id) == turns
        taken_back = (await probe.request("thread/unarchive", {"threadId": thread_id}))["thread"]
        assert (taken_back["id"], taken_back["name"], taken_back["path"]) == (thread_id, "A name", None)
        resumed = (await probe.request("thread/resume", {"threadId": thread_id}))["thread"]
        assert ([turn["id"] for turn in resumed["turns"]], resumed["path"]) == (turns, None)

        params = {"threadId": thread_id, "lastTurnId": turns[0]}
        fork = (await probe.request("thread/fork", params))["thread"]
        assert (fork["forkedFromId"], fork["name"]) == (thread_id, "A name")
        assert await said(lab, probe, fork["id"]) == (["question 0", "and now?"], ["Answer 0."])
        await probe.request("thread/revert", {"threadId": thread_id, "beforeTurnId": turns[2]})
        assert await said(lab, probe, thread_id) == (
            ["question 0", "question 1", "and now?"],
            ["Answer 0.", "Answer 1."],
        )

        assert sorted(await listed(probe)) == sorted([thread_id, fork["id"]])
        found = (await probe.request("thread/search", {"searchTerm": "AND NOW"}))["data"]
        assert sorted(hit["thread"]["id"] for hit in found) == sorted([thread_id, fork["id"]])
        await probe.refusal("thread/delete", {"threadId": thread_id})
        await probe.request("thread/delete", {"threadId": fork["id"]})
        await probe.request("thread/delete", {"threadId": thread_id})
        assert await listed(probe) == []
    assert files_below(lab.codex_home) == {lab.codex_home / "config.toml", lab.codex_home / "installation_id"}
