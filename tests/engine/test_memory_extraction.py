"""What a model is shown of a thread that is to be remembered, and what is taken of its answer."""

from typing import Any

import pytest

from codex_trio.engine.memories import consolidation, extraction, notes
from codex_trio.engine.memories.rendering import rendered, uses_external_context, without_secrets
from codex_trio.state.store.memories import ThreadMemory


def said(role: str, text: str) -> dict[str, Any]:
    return {"type": "message", "role": role, "content": [{"type": "input_text", "text": text}]}


def call(name: str, arguments: str, **more: str) -> dict[str, Any]:
    return {"type": "function_call", "name": name, "arguments": arguments, "call_id": "c", **more}


CALL = call("exec_command", '{"cmd": "make"}')
OUTPUT = {"type": "function_call_output", "call_id": "c", "output": [{"type": "input_text", "text": "It works."}]}


def test_a_conversation_is_shown_without_what_the_program_said() -> None:
    items = [
        said("developer", "You are."),
        said("user", "<environment_context>\n</environment_context>"),
        said("user", "Do it"),
        {"type": "reasoning", "summary": [], "encrypted_content": "x"},
        CALL,
        OUTPUT,
        said("assistant", "Done.<oai-mem-citation></oai-mem-citation>"),
    ]
    assert rendered(items, limit=10_000).split("\n\n") == [
        "[user] Do it",
        '[tool call] exec_command {"cmd": "make"}',
        "[tool output] It works.",
        "[assistant] Done.",
    ]
    # Without a user's word there is no conversation.
    assert rendered([items[0], items[1], CALL, OUTPUT], limit=10_000) == ""


def test_of_a_long_conversation_the_middle_is_left_out() -> None:
    items = [said("user", "first " + "a" * 100), *(said("assistant", f"{n} {'b' * 100}") for n in range(1000))]
    text = rendered([*items, said("user", "last")], limit=4000)
    assert len(text) < 4200
    assert text.startswith("[user] first")
    assert text.endswith("[user] last")
    assert "messages and calls are left out here]" in text
    assert len(rendered([said("user", "x" * 1_000_000), OUTPUT | {"output": "y" * 1_000_000}], limit=20_000)) < 10_000


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("key sk-abcdefghijklmnop1234 end", "key [secret] end"),
        ("ghp_abcdefghijklmnopqrstuvwxyz0123456789", "[secret]"),
        ("AKIAIOSFODNN7EXAMPLE", "[secret]"),
        ("-----BEGIN RSA PRIVATE KEY-----\nabc\n-----END RSA PRIVATE KEY-----\nx", "[secret]\nx"),
        ("DB_PASSWORD=hunter2hunter2 next", "DB_PASSWORD=[secret] next"),
        ("Authorization: Bearer abcdefghijklmnop.123", "Authorization: [secret]"),
        ("https://me:pa55word@host/x", "https://[secret]@host/x"),
        ("the token count is 12000000 and a password field", "the token count is 12000000 and a password field"),
        ("def test_password_is_kept(): pass", "def test_password_is_kept(): pass"),
    ],
)
def test_secrets_are_left_out_and_nothing_else(text: str, shown: str) -> None:
    assert without_secrets(text) == shown


def test_what_came_from_elsewhere() -> None:
    assert not uses_external_context([said("user", "mcp__x"), CALL, OUTPUT])
    assert uses_external_context([call("mcp__docs__find", "{}")])
    assert uses_external_context([call("find", "{}", namespace="mcp__docs")])
    assert uses_external_context([{"type": "web_search_call"}])


def test_answers() -> None:
    good = '{"rollout_summary": " Tabs. sk-abcdefghijklmnop1234 ", "rollout_slug": "Ümläute & more/.."}'
    wanted = extraction.Extraction(summary="Tabs. [secret]", slug="umlaute-more")
    assert extraction.read_answer(good) == extraction.read_answer(f"Here:\n```json\n{good}\n```") == wanted
    assert extraction.read_answer('{"rollout_summary": " ", "rollout_slug": "x"}') is None
    long = extraction.read_answer('{"rollout_summary": "' + "x" * 100_000 + '", "rollout_slug": ""}')
    assert long is not None
    assert (len(long.summary), long.slug) == (extraction.MAX_SUMMARY, "thread")
    for bad in (None, "", "no", "{}", '{"rollout_summary": 1, "rollout_slug": ""}', "[" * 100_000, '{"a": "\ud800"}'):
        with pytest.raises(extraction.BadExtraction, match="not what was asked for"):
            extraction.read_answer(bad)


def test_notes_say_what_they_are_about_and_are_called_the_same_for_the_same_state() -> None:
    memory = ThreadMemory(
        thread_id="01a22d93-d792-7283-a809-6fbddcd172f6",
        source_updated_at_ms=1_795_888_193_123,
        generated_at_ms=1,
        summary="Tabs.",
        slug="../likes tabs",
        cwd="/work",
        path="/home/x.jsonl",
        branch="main",
    )
    assert notes.note_name(memory) == "2026-11-28T17-49-53-d172f6-likes-tabs.md"
    assert notes.note(memory).splitlines() == [
        "thread_id: 01a22d93-d792-7283-a809-6fbddcd172f6",
        "updated_at: 2026-11-28T17:49:53+00:00",
        "rollout_path: /home/x.jsonl",
        "cwd: /work",
        "git_branch: main",
        "",
        "Tabs.",
    ]


def test_the_agent_is_told_what_is_new_and_what_is_gone() -> None:
    text = consolidation.prompt(["a.md"], ["t"], has_summary=True)
    assert text.endswith("New or changed notes:\n- a.md\nThreads that are forgotten:\n- t")
    many = consolidation.prompt([f"{n}.md" for n in range(5000)], [], has_summary=False)
    assert "- and 4800 more" in many
    assert len(many) < 10_000


@pytest.mark.parametrize("bad", [b"", b" \n", b"\xff", b"a\0b", b"x" * 64_001])
def test_what_is_no_summary(bad: bytes) -> None:
    with pytest.raises(ValueError, match=r"is empty|is not UTF-8|null characters|64001 bytes"):
        consolidation.checked(bad)
    assert consolidation.checked("v1 ☃ sk-abcdefghijklmnop1234".encode()) == "v1 ☃ [secret]"
