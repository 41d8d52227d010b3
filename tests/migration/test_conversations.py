"""Conversations of another agent as threads: once, whole, and on from where they were."""

import json
import os
from pathlib import Path
from typing import Any

import pytest
from migration_lab import MigrationLab, fifo, huge, write

from codex_trio.migration.finding import MAX_LINE
from codex_trio.migration.ledger import NAME
from codex_trio.migration.recording import TURN
from codex_trio.migration.transcripts import PastConversation, read_transcript
from codex_trio.migration.values import KindOutcome, MigrationItem, SessionChoice
from codex_trio.state.history.recorder import past_of

FIRST = (("user", "One?"), ("assistant", "Two."))


def lines(*documents: object) -> list[bytes]:
    return [document if isinstance(document, bytes) else json.dumps(document).encode() for document in documents]


def said(role: str, content: Any, **more: Any) -> dict[str, Any]:
    return {"type": role, "cwd": "/work", "message": {"role": role, "content": content}, **more}


def texts(transcript: PastConversation) -> list[list[str]]:
    return [[message.text for message in turn.messages] for turn in transcript.turns]


def test_a_transcript_is_read_turn_by_turn() -> None:
    call = {"type": "tool_use", "name": "Bash", "input": {"command": "ls", "n": 1}}
    result = {"type": "tool_result", "content": [{"type": "text", "text": "x" * 5000}, 5], "is_error": True}
    read = read_transcript(
        lines(
            said("user", "hidden", isMeta=True),
            said("user", "One?", timestamp="2026-01-01T00:00:00.000Z"),
            said("assistant", [{"type": "thinking", "thinking": "t"}, call], timestamp="2026-01-01T00:00:05.000Z"),
            said("user", [result]),
            said("assistant", "side", isSidechain=True),
            said("user", "[Request interrupted by user]"),
            said("user", "<command-name>/do</command-name><command-args>it</command-args>"),
            said("user", "<local-command-stdout>out</local-command-stdout>"),
            {"type": "ai-title", "aiTitle": "Of  a model"},
        )
    )
    assert [turn.is_interrupted for turn in read.turns] == [True, False]
    first, second = texts(read)
    assert first[0] == "One?"
    assert "command: ls\nn: 1" in first[1]
    assert first[2].startswith("[external_agent_tool_result: error]\nxxx")
    assert len(first[2]) < 4200
    assert second == ["/do it"]
    assert (read.turns[0].started_at, read.turns[0].ended_at) == (1767225600, 1767225605)
    assert (read.cwd, read.title, read.first_words, read.unread) == ("/work", "Of a model", "One?", 0)


@pytest.mark.parametrize(
    ("line", "unread", "turns"),
    [
        (b"no JSON", 1, []),
        (b"[1]", 1, []),
        (b'{"a":' * 50_000, 1, []),
        (b'{"type":"user","message":{"content":"\xff!"}}', 0, [["\ufffd!"]]),
        (b'{"type":"user","message":5,"cwd":5,"timestamp":"never"}', 0, []),
        (b'{"type":"user","message":{"content":[5,{"type":"text","text":5}]}}', 0, []),
        (b'{"type":"assistant","message":{"content":"First."}}', 0, [["First."]]),
        (b'{"customTitle":5,"aiTitle":[]}', 0, []),
        (b"", 0, []),
    ],
)
def test_odd_lines_cost_themselves_alone(line: bytes, unread: int, turns: list[list[str]]) -> None:
    read = read_transcript([line])
    assert (read.unread, texts(read)) == (unread, turns)


async def taken(lab: MigrationLab, *paths: Path) -> KindOutcome:
    """Import these conversations."""
    choices = tuple(SessionChoice(path=str(path), cwd=str(lab.project)) for path in paths)
    return (await lab.take(MigrationItem(kind="SESSIONS", description="d", sessions=choices)))["SESSIONS"]


async def test_what_went_on_goes_on_in_its_thread_and_nothing_is_there_twice(lab: MigrationLab) -> None:
    path = lab.talk("talk", *FIRST)
    first = await taken(lab, path, path)
    [thread_id] = [success.target for success in first.successes]
    assert thread_id is not None
    assert (await taken(lab, path)).successes == ()
    os.utime(path, ns=(1, 1))
    assert (await taken(lab, path)).successes == ()
    lab.talk("talk", ("assistant", "And three."), ("user", "Four?"))
    assert [success.target for success in (await taken(lab, path)).successes] == [thread_id]
    found = await lab.store.locate(thread_id)
    assert found is not None
    history = await lab.store.history(found)
    async with history.lock:
        turns = [(turn.id, len(history.index.snapshot(turn).items())) for turn in history.index.turns]
    assert turns == [(f"{TURN}1", 2), (f"{TURN}2", 1), (f"{TURN}3", 1)]
    past = await past_of(history)
    assert [item["content"][0]["text"] for item in past.items] == ["One?", "Two.", "And three.", "Four?"]


async def test_a_death_in_the_middle_is_made_up_for(lab: MigrationLab) -> None:
    path = lab.talk("talk", *FIRST)
    [success] = (await taken(lab, path)).successes
    lab.talk("talk", ("user", "Three?"))
    # As of a process that died before it could note the end.
    ledger = json.loads((lab.codex / NAME).read_text())
    ledger["records"][0]["content_sha256"] = ""
    ledger["records"][0]["connector_names"] = ["kept"]
    ledger["of_others"] = {"kept": True}
    write(lab.codex / NAME, ledger)
    assert [one.target for one in (await taken(lab, path)).successes] == [success.target]
    assert json.loads((lab.codex / NAME).read_text())["of_others"] == {"kept": True}
    found = await lab.store.locate(success.target or "")
    assert found is not None
    history = await lab.store.history(found)
    async with history.lock:
        assert [turn.id for turn in history.index.turns] == [f"{TURN}1", f"{TURN}2"]


async def test_a_thread_that_was_deleted_stays_so_until_the_conversation_goes_on(lab: MigrationLab) -> None:
    path = lab.talk("talk", *FIRST)
    [success] = (await taken(lab, path)).successes
    assert success.target is not None
    await lab.store.delete(success.target)
    assert (await taken(lab, path)).successes == ()
    lab.talk("talk", ("user", "Three?"))
    [again] = (await taken(lab, path)).successes
    assert again.target != success.target


async def test_a_thread_that_is_loaded_is_left_to_whoever_has_it(lab: MigrationLab) -> None:
    path = lab.talk("talk", *FIRST)
    [success] = (await taken(lab, path)).successes
    lab.talk("talk", ("user", "Three?"))
    lab.loaded.add(success.target)
    assert "is loaded" in (await taken(lab, path)).failures[0].message
    lab.loaded.clear()
    assert [one.target for one in (await taken(lab, path)).successes] == [success.target]


async def test_a_model_goes_on_from_the_summary_that_another_one_had(lab: MigrationLab) -> None:
    path = lab.talk("talk", *FIRST)
    lab.talk("talk", ("user", "In short: numbers."), isCompactSummary=True)
    lab.talk("talk", ("user", "Three?"), ("assistant", "Yes."))
    [success] = (await taken(lab, path)).successes
    found = await lab.store.locate(success.target or "")
    assert found is not None
    past = await past_of(await lab.store.history(found))
    assert [item["content"][0]["text"] for item in past.items] == ["In short: numbers.", "Three?", "Yes."]


async def test_conversations_that_cannot_be_had_are_told_with_the_reason(lab: MigrationLab) -> None:
    folder = lab.claude / "projects/-project"
    outside = write(lab.home / "outside.jsonl", "{}")
    (folder / "deep").mkdir(parents=True)
    (folder / "out.jsonl").symlink_to(outside)
    bad = {
        outside: "not detected",
        folder / "none.jsonl": "not detected",
        folder / "out.jsonl": "not detected",
        fifo(folder / "pipe.jsonl"): "pipe",
        huge(folder / "huge.jsonl"): "larger than",
        write(folder / "garbage.jsonl", "garbage\n"): "nobody says anything",
        write(folder / "line.jsonl", b"x" * (MAX_LINE + 5)): "nobody says anything",
        lab.talk("gone", *FIRST, cwd="/nonexistent/folder"): "is gone",
    }
    path = lab.talk("fine", *FIRST)
    found = await lab.detect()
    assert [choice.path for choice in found["SESSIONS", True].sessions or ()] == [str(path)]
    outcome = await taken(lab, *bad, path)
    assert {
        Path(failure.source or ""): reason in failure.message
        for failure, reason in zip(outcome.failures, bad.values(), strict=True)
    } == dict.fromkeys(bad, True)
    assert len(outcome.successes) == 1


async def test_a_ledger_that_cannot_be_read_is_told_and_not_overwritten(lab: MigrationLab) -> None:
    path = lab.talk("talk", *FIRST)
    write(lab.codex / NAME, "{")
    assert "cannot" in (await lab.detect())["SESSIONS", True].description.lower()
    outcome = await taken(lab, path)
    assert "is not JSON" in outcome.failures[0].message
    assert (lab.codex / NAME).read_text() == "{"


async def test_every_import_is_remembered_and_one_that_breaks_ends_too(lab: MigrationLab) -> None:
    write(lab.claude / "CLAUDE.md", "Text.")
    await lab.take(MigrationItem(kind="AGENTS_MD", description="d"), import_id="one")
    await lab.take(import_id="two")
    past = await lab.migration.past()
    assert [(one.import_id, len(one.successes)) for one in past] == [("two", 0), ("one", 1)]
    write(lab.codex / "external_agent_imports.json", "{")
    await lab.take(MigrationItem(kind="AGENTS_MD", description="d"), import_id="three")
    assert lab.told[-1][0] == "three"
