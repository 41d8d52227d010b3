"""What is remembered of former threads."""

from pathlib import Path
from typing import Any

import pytest

from codex_trio.conformance.lab import Lab
from codex_trio.conformance.probe import Probe
from codex_trio.testing.model_script import answer, message, message_of

NOBODY = "01a22ada-de99-7622-a8f7-27d308bf814c"
FEATURE = "[features]\nmemories = true"
CITATION = (
    "<oai-mem-citation>\n<citation_entries>\nMEMORY.md:1-3|note=[why]\nnot an entry\n</citation_entries>\n"
    f"<rollout_ids>\n{NOBODY}\n</rollout_ids>\n</oai-mem-citation>"
)
CITED = {"entries": [{"path": "MEMORY.md", "lineStart": 1, "lineEnd": 3, "note": "why"}], "threadIds": [NOBODY]}


def remember(lab: Lab, summary: str) -> Path:
    """Leave something behind as of former threads; the folder."""
    folder = lab.codex_home / "memories"
    (folder / "deep").mkdir(parents=True)
    (folder / "deep" / "note.md").write_text("deep\n")
    (folder / "memory_summary.md").write_text(summary)
    return folder


def told(lab: Lab, number: int) -> str:
    """Return all that the model was told by the program in a request."""
    return "\n".join(lab.model.requests[number].texts("developer"))


async def test_a_summary_is_read_and_used_where_memories_are_on(lab: Lab) -> None:
    lab.configure(tables=FEATURE)
    remember(lab, "THE USER LIKES TABS\n")
    # A server may make memories meanwhile, with requests of its own.
    lab.script(answer(message("Hi.")).matching("what do I like"), answer(message("No.")).repeated())
    async with lab.run() as probe:
        thread_id = (await probe.start_thread(cwd=str(lab.cwd)))["id"]
        read = await probe.request("thread/memory/read", {"threadId": thread_id})
        assert read == {"summary": "THE USER LIKES TABS\n"}
        await probe.run_turn(thread_id, "what do I like")
    [number] = [at for at, each in enumerate(lab.model.requests) if each.texts("user")[-1] == "what do I like"]
    assert "THE USER LIKES TABS" in told(lab, number)


async def test_nothing_is_used_where_memories_are_off(lab: Lab, probe: Probe) -> None:
    remember(lab, "THE USER LIKES TABS\n")
    lab.script(answer(message("Hi.")))
    thread_id = (await probe.start_thread(cwd=str(lab.cwd)))["id"]
    assert await probe.request("thread/memory/read", {"threadId": thread_id}) == {"summary": None}
    await probe.run_turn(thread_id)
    assert "TABS" not in told(lab, 0)
    refusal = await probe.refusal("thread/memory/read", {"threadId": NOBODY})
    assert (refusal.code, refusal.message) == (-32600, f"thread not found: {NOBODY}")


async def test_a_summary_that_cannot_be_read_is_told_of_and_costs_no_turn(lab: Lab) -> None:
    lab.configure(tables=FEATURE)
    remember(lab, "")
    for file in lab.codex_home.glob("memories*/memory_summary.md"):
        file.unlink()
        file.mkdir()
    lab.script(answer(message("Hi.")).repeated())
    async with lab.run() as probe:
        thread_id = (await probe.start_thread(cwd=str(lab.cwd)))["id"]
        refusal = await probe.refusal("thread/memory/read", {"threadId": thread_id})
        assert refusal.code == -32603
        assert "memor" in refusal.message
        assert (await probe.run_turn(thread_id)).status == "completed"


async def test_everything_is_forgotten_on_request(lab: Lab, probe: Probe) -> None:
    folder = remember(lab, "x")
    elsewhere = lab.base / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "kept").touch()
    (folder / "link").symlink_to(elsewhere)
    for _ in range(2):
        assert await probe.exchange({"id": 1, "method": "memory/reset"}) == {"id": 1, "result": {}}
        assert list(folder.iterdir()) == []
    assert (elsewhere / "kept").exists()


async def test_how_far_memory_has_got_can_be_asked(lab: Lab, probe: Probe) -> None:
    ready = {"v2ConsolidatedThreads": 0, "v2Ready": True}
    for params in ({}, {"minConsolidatedThreads": 1}, {"minConsolidatedThreads": 4096}):
        assert await probe.request("memory/status", params) == ready
    for wrong in (0, 4097):
        refusal = await probe.refusal("memory/status", {"minConsolidatedThreads": wrong})
        assert (refusal.code, refusal.message) == (-32602, "minConsolidatedThreads must be between 1 and 4096")


@pytest.mark.parametrize(
    ("text", "shown", "citation"),
    [
        (f"Tabs.\n\n{CITATION}", "Tabs.\n\n", CITED),
        (f"It {CITATION} is.", "It  is.", CITED),
        ("Cut off <oai-mem-citation>\n<citation_entries>", "Cut off ", None),
        ("1 < 2 <oai", "1 < 2 <oai", None),
    ],
    ids=["end", "middle", "open", "none"],
)
async def test_what_an_answer_rests_on_is_told_apart_from_its_text(
    lab: Lab, probe: Probe, text: str, shown: str, citation: Any
) -> None:
    pieces = [text[at : at + 5] for at in range(0, len(text), 5)]
    lab.script(answer(message_of(pieces, item_id="m")), answer(message("Next.", item_id="n")))
    thread_id = (await probe.start_thread(cwd=str(lab.cwd)))["id"]
    turn = await probe.run_turn(thread_id)
    [item] = turn.items("agentMessage")
    assert (item["text"], item["memoryCitation"]) == (shown, citation)
    assert "".join(each["delta"] for each in turn.of("item/agentMessage/delta")) == shown
    # It reads back so, and the model knows what it said.
    page = await probe.request("thread/turns/list", {"threadId": thread_id})
    [read] = [item for item in page["data"][0]["items"] if item["type"] == "agentMessage"]
    assert (read["text"], read["memoryCitation"]) == (shown, citation)
    await probe.run_turn(thread_id)
    assert text in lab.model.requests[1].texts("assistant")
