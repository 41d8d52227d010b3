"""`rollout/compress`: threads that nobody wrote to for long take less room, and are all there."""

import os
import time
from pathlib import Path

import pytest
import trio

from codex_trio.conformance.lab import Lab
from codex_trio.conformance.probe import Probe
from codex_trio.testing.model_script import answer, message

WEEK_SECONDS = 7 * 86400


async def old_thread(lab: Lab, question: str, *, age: float, archived: bool = False) -> tuple[str, Path]:
    """Return a thread that was left alone for so many seconds, and its plain file."""
    async with lab.run() as probe:
        lab.script(answer(message("In the haystack.", item_id="m1")))
        thread = await probe.start_thread(cwd=str(lab.cwd))
        await probe.run_turn(thread["id"], question)
        if archived:
            await probe.request("thread/archive", {"threadId": thread["id"]})
    (path,) = (path for path in lab.codex_home.rglob("rollout-*.jsonl") if thread["id"] in path.name)
    then = time.time() - age
    os.utime(path, (then, then))
    return thread["id"], path


def packed(path: Path) -> Path:
    return path.with_name(f"{path.name}.zst")


async def compressed(probe: Probe, *paths: Path) -> None:
    """Ask for it, and wait until these are."""
    assert await probe.request("rollout/compress") == {}
    with trio.fail_after(30):
        while any(path.exists() or not packed(path).exists() for path in paths):  # noqa: ASYNC110  # the server does it
            await trio.sleep(0.02)


async def said(probe: Probe, thread_id: str) -> list[str]:
    page = await probe.request("thread/turns/list", {"threadId": thread_id, "sortDirection": "asc"})
    items = [item for turn in page["data"] for item in turn["items"]]
    return [item["text"] if "text" in item else item["content"][0]["text"] for item in items]


@pytest.mark.parametrize("archived", [False, True], ids=["live", "archived"])
async def test_a_compressed_thread_is_listed_found_and_read(lab: Lab, *, archived: bool) -> None:
    thread_id, path = await old_thread(lab, "Where is the needle?", age=WEEK_SECONDS + 3600, archived=archived)
    _, young = await old_thread(lab, "Something else", age=WEEK_SECONDS - 3600)
    async with lab.run() as probe:
        before = (await probe.request("thread/list", {"archived": archived}))["data"]
        await compressed(probe, path)
        assert (await probe.request("thread/list", {"archived": archived}))["data"] == before
        (listed,) = (thread for thread in before if thread["id"] == thread_id)
        assert listed["path"] == str(path)
        read = (await probe.request("thread/read", {"threadId": thread_id, "includeTurns": True}))["thread"]
        assert (read["path"], read["turns"][0]["status"]) == (str(path), "completed")
        assert await said(probe, thread_id) == ["Where is the needle?", "In the haystack."]
        found = await probe.request("thread/search", {"searchTerm": "needle", "archived": archived})
        assert [row["thread"]["id"] for row in found["data"]] == [thread_id]
        places = await probe.request("thread/searchOccurrences", {"threadId": thread_id, "searchTerm": "needle"})
        assert len(places["data"]) == 1
        assert young.exists()
    # Another run, which knows nothing of it yet.
    async with lab.run() as probe:
        assert (await probe.request("thread/list", {"archived": archived}))["data"] == before


async def test_a_compressed_thread_goes_on_in_a_plain_file(lab: Lab) -> None:
    thread_id, path = await old_thread(lab, "Where is the needle?", age=WEEK_SECONDS + 3600)
    async with lab.run() as probe:
        await compressed(probe, path)
        resumed = await probe.request("thread/resume", {"threadId": thread_id})
        assert len(resumed["thread"]["turns"]) == 1
        assert (path.exists(), packed(path).exists()) == (True, False)
        lab.script(answer(message("Still there.", item_id="m2")))
        assert (await probe.run_turn(thread_id, "And now?")).status == "completed"
        heard = [text for text in lab.model.requests[-1].texts("user") if text.endswith("?")]
        assert heard == ["Where is the needle?", "And now?"]
        assert await said(probe, thread_id) == ["Where is the needle?", "In the haystack.", "And now?", "Still there."]


async def test_a_compressed_thread_is_forked_archived_taken_back_and_deleted(lab: Lab) -> None:
    thread_id, path = await old_thread(lab, "Where is the needle?", age=WEEK_SECONDS + 3600)
    async with lab.run() as probe:
        await compressed(probe, path)
        fork = (await probe.request("thread/fork", {"threadId": thread_id}))["thread"]
        lab.script(answer(message("Still there.", item_id="m2")))
        await probe.run_turn(fork["id"], "And now?")
        expected = ["Where is the needle?", "In the haystack.", "And now?", "Still there."]
        assert await said(probe, fork["id"]) == expected
        other, other_path = await old_thread(lab, "Something else", age=WEEK_SECONDS + 3600)
    async with lab.run() as probe:
        assert await said(probe, fork["id"]) == expected
        await probe.request("thread/archive", {"threadId": thread_id})
        assert [thread["id"] for thread in (await probe.request("thread/list", {"archived": True}))["data"]] == [
            thread_id
        ]
        assert await said(probe, thread_id) == expected[:2]
        back = (await probe.request("thread/unarchive", {"threadId": thread_id}))["thread"]
        assert back["path"] == str(path)
        assert await said(probe, thread_id) == expected[:2]
        await probe.request("thread/delete", {"threadId": other})
        assert not [name for name in lab.codex_home.rglob("*") if other in name.name]
        assert not other_path.exists()
