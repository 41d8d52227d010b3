"""What is streamed is what is read back: one translation serves both."""

from pathlib import Path

import msgspec
from codex_trio_protocol.v2.user_input import ImageUserInput, LocalImageUserInput, SkillUserInput, TextUserInput

from codex_trio.domain import items
from codex_trio.domain.items import item_from_builtins
from codex_trio.state.history.rollout_history import RolloutHistory
from codex_trio.state.rollout.file_lines import FileLines, locator_of
from codex_trio.wire.items import domain_input, path_of, project_item

COMMAND = items.CommandExecution(
    id="c1",
    process_id="4711",
    command=["/bin/bash", "-lc", "cat 'a b.txt'"],
    cwd="file:///work/a%20b",
    parsed_cmd=[items.ReadCommand(cmd="cat 'a b.txt'", name="a b.txt", path="a b.txt")],
    source="unified_exec_startup",
    status="completed",
    aggregated_output="hi\n",
    exit_code=0,
    duration=items.Duration(secs=1, nanos=500_000_000),
)
CHANGE = items.FileChange(
    id="p1",
    changes={
        "/w/b": items.UpdateChange(unified_diff="@@ -1 +1 @@\n-a\n+b\n", move_path="/w/c"),
        "/w/a": items.AddChange(content="x\n"),
    },
    status="declined",
)


def wire(item, **times):
    times = {"started_ms": 1, "completed_ms": 2, **times}
    return msgspec.json.decode(msgspec.json.encode(project_item(item, **times)))


def test_a_command_shows_its_quoted_line_and_absolute_paths():
    shown = wire(COMMAND)
    assert shown["command"] == "/bin/bash -lc \"cat 'a b.txt'\""
    assert shown["cwd"] == "/work/a b"
    assert shown["source"] == "unifiedExecStartup"
    assert shown["commandActions"] == [
        {"type": "read", "command": "cat 'a b.txt'", "name": "a b.txt", "path": "/work/a b/a b.txt"}
    ]
    assert shown["durationMs"] == 1500
    assert (shown["startedAtMs"], shown["completedAtMs"]) == (1, 2)


def test_an_item_under_way_has_no_time_of_completion():
    assert wire(COMMAND, completed_ms=None)["completedAtMs"] is None


def test_changes_of_a_patch_are_sorted_and_a_move_is_told_in_the_diff():
    shown = wire(CHANGE)
    assert [change["path"] for change in shown["changes"]] == ["/w/a", "/w/b"]
    assert shown["changes"][1]["kind"] == {"type": "update", "move_path": "/w/c"}
    assert shown["changes"][1]["diff"].endswith("+b\n\n\nMoved to: /w/c")
    assert shown["status"] == "declined"


def test_every_item_reads_back_from_a_rollout_as_it_was_streamed():
    for item in (
        COMMAND,
        CHANGE,
        items.AgentMessage(id="m", content=[items.AgentText(text="hi")], phase="final_answer"),
        items.Reasoning(id="r", summary_text=["s"], raw_content=["t"]),
        items.UserMessage(id="u", content=[{"type": "text", "text": "go", "text_elements": []}]),
        items.ContextCompaction(id="k"),
        items.Plan(id="p", text="1. x"),
        items.Other(raw={"type": "FromTheFuture", "id": "f", "some_key": 1}),
    ):
        again = item_from_builtins(
            msgspec.json.decode(msgspec.json.encode(item.raw if isinstance(item, items.Other) else item))
        )
        assert wire(again) == wire(item)


def test_an_item_of_an_unknown_kind_keeps_its_content_in_wire_spelling():
    shown = wire(items.Other(raw={"type": "FromTheFuture", "id": "f", "some_key": {"a_b": 1}}))
    times = {"startedAtMs": 1, "completedAtMs": 2}
    assert shown == {"type": "fromTheFuture", "id": "f", "someKey": {"a_b": 1}, **times}


def test_a_web_search_says_what_it_did_in_wire_spelling():
    shown = wire(items.WebSearch(id="w", query="trio", action={"type": "open_page", "url": "https://a.example"}))
    assert shown["action"] == {"type": "openPage", "url": "https://a.example"}
    assert (shown["type"], shown["query"], shown["results"], shown["startedAtMs"]) == ("webSearch", "trio", None, 1)


def test_a_call_of_a_clients_tool_shows_what_it_gave_and_how_long_it_took():
    call = items.DynamicToolCall(
        id="d",
        tool="look",
        arguments={"a": 1},
        status="completed",
        content_items=[{"type": "inputText", "text": "res"}],
        success=True,
        duration=items.Duration(secs=0, nanos=1_500_000),
    )
    shown = wire(call)
    assert (shown["type"], shown["tool"], shown["arguments"], shown["status"]) == (
        "dynamicToolCall",
        "look",
        {"a": 1},
        "completed",
    )
    assert (shown["contentItems"], shown["durationMs"]) == ([{"type": "inputText", "text": "res"}], 1)


def test_a_review_shows_its_subject_and_its_findings_with_their_places():
    subject = {"type": "custom", "instructions": "check it"}
    assert wire(items.EnteredReviewMode(id="e", target=subject, user_facing_hint="check it"))["review"] == "check it"
    place = {"absolute_file_path": "/w/a.py", "line_range": {"start": 3, "end": 4}}
    output = {
        "overall_explanation": "Nearly fine.",
        "findings": [{"title": "Off by one", "body": "Too far.\nBy one.", "code_location": place}],
    }
    assert wire(items.ExitedReviewMode(id="x", review_output=output))["review"] == (
        "Nearly fine.\n\nReview comment:\n\n- Off by one — /w/a.py:3-4\n  Too far.\n  By one."
    )


def test_a_review_without_an_outcome_says_to_run_it_again():
    assert "again" in wire(items.ExitedReviewMode(id="x"))["review"]


def test_every_kind_of_item_that_is_stored_can_be_shown():
    recorded = Path(__file__).parent.parent / "data" / "rollouts"
    kinds = set()
    for path in recorded.glob("*/*.jsonl"):
        locate = locator_of(lambda base, _: next(recorded.glob(f"*/*{base}.*")))
        history = RolloutHistory.load(FileLines(path), locate_base=locate)
        snapshots = [history.index.snapshot(turn) for turn in history.index.turns]
        for turn in history.read_turns(snapshots, lambda spans: spans):
            kinds.update(wire(stored.item)["type"] for stored in turn.items)
    assert {"webSearch", "dynamicToolCall", "enteredReviewMode", "exitedReviewMode", "fileChange"} <= kinds


def test_user_input_is_echoed_as_it_was_sent():
    parts = [
        TextUserInput(text="look"),
        ImageUserInput(url="data:image/png;base64,AA=="),
        LocalImageUserInput(path="/w/p.png"),
        SkillUserInput(name="s", path="/w/SKILL.md"),
    ]
    stored = items.UserMessage(id="u", content=[domain_input(part) for part in parts])
    assert wire(stored)["content"] == [msgspec.to_builtins(part) for part in parts]


def test_a_path_is_read_off_a_url_or_taken_as_it_is():
    assert path_of("file:///a%20b") == "/a b"
    assert path_of("/plain") == "/plain"
