"""Events for items that only other servers and configurations make."""

from typing import Any

import msgspec

from codex_trio.cli.exec_json import JsonPresenter
from codex_trio.client.messages import Notification
from codex_trio.client.turns import TurnResult


def events_for(*messages: tuple[str, dict[str, Any]], end: dict[str, Any] | None = None) -> list[dict[str, Any]]:
    lines: list[str] = []
    presenter = JsonPresenter(lines.append)
    for method, params in messages:
        presenter.show(Notification(method=method, params=params))
    if end is not None:
        presenter.ended(TurnResult(turn=end))
    return [msgspec.json.decode(line) for line in lines]


def item(**fields: Any) -> dict[str, Any]:
    return {"item": {"id": "raw", **fields}}


def test_a_call_of_an_mcp_tool_shows_arguments_and_result() -> None:
    call: dict[str, Any] = {"type": "mcpToolCall", "server": "s", "tool": "t", "arguments": {"a": 1}}
    result = {"content": [{"type": "text", "text": "ok"}], "structuredContent": {"b": 2}, "_meta": None}
    running = item(**call, result=None, error=None, status="inProgress")
    finished = item(**call, result=result, error=None, status="completed")
    failed = item(**call, result=None, error={"message": "no"}, status="failed")
    shown = events_for(("item/started", running), ("item/completed", finished), ("item/completed", failed))
    same = {"type": "mcp_tool_call", "server": "s", "tool": "t", "arguments": {"a": 1}}
    content = {"content": [{"type": "text", "text": "ok"}], "structured_content": {"b": 2}}
    assert [event["item"] for event in shown] == [
        {"id": "item_0", **same, "result": None, "error": None, "status": "in_progress"},
        {"id": "item_0", **same, "result": content, "error": None, "status": "completed"},
        {"id": "item_1", **same, "result": None, "error": {"message": "no"}, "status": "failed"},
    ]


def test_searches_and_other_agents_are_shown() -> None:
    search = item(type="webSearch", query="q", action={"type": "search", "query": "q"}, results=None)
    agent = item(
        type="collabAgentToolCall",
        tool="spawnAgent",
        status="inProgress",
        senderThreadId="a",
        receiverThreadIds=["b"],
        prompt="go",
        agentsStates={"b": {"status": "pendingInit", "message": None}},
    )
    shown = events_for(("item/completed", search), ("item/started", agent))
    assert [event["item"] for event in shown] == [
        {"id": "item_0", "type": "web_search", "query": "q", "action": {"type": "search", "query": "q"}},
        {
            "id": "item_1",
            "type": "collab_tool_call",
            "tool": "spawn_agent",
            "sender_thread_id": "a",
            "receiver_thread_ids": ["b"],
            "prompt": "go",
            "agents_states": {"b": {"status": "pending_init", "message": None}},
            "status": "in_progress",
        },
    ]


def test_items_without_a_form_of_their_own_take_no_number() -> None:
    shown = events_for(
        ("item/completed", item(type="userMessage", content=[])),
        ("item/completed", item(type="reasoning", summary=[], content=[])),
        ("item/completed", item(type="somethingNew")),
        ("item/completed", item(type="agentMessage", text="hello")),
    )
    assert [event["item"]["id"] for event in shown] == ["item_0"]


def test_a_notice_that_comes_twice_is_shown_once() -> None:
    shown = events_for(
        ("configWarning", {"summary": "odd", "details": "line 3"}), ("warning", {"message": "odd (line 3)"})
    )
    assert [event["item"]["message"] for event in shown] == ["odd (line 3)"]


def test_an_interrupted_turn_counts_as_failed() -> None:
    shown = events_for(end={"id": "t", "status": "interrupted", "error": None})
    assert shown == [{"type": "turn.failed", "error": {"message": "turn interrupted"}}]


def test_a_turn_without_figures_has_used_nothing() -> None:
    [completed] = events_for(end={"id": "t", "status": "completed", "error": None})
    assert set(completed["usage"].values()) == {0}
