"""`codex-trio exec --json`: a turn as events for programs, one JSON object a line.

Owns the events' form, which is that of the reference's `codex exec --json` (0.169.0). Does not own the run. The items
are their own, older shape: snake_case, and ids `item_N` counted from 0 in order of appearance.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import msgspec

from codex_trio.cli.exec_run import OpenedThread
from codex_trio.client.messages import Notification, ServerRequest
from codex_trio.client.turns import TurnResult

Fields = dict[str, Any]

_NO_USAGE = {
    "inputTokens": 0,
    "cachedInputTokens": 0,
    "cacheWriteInputTokens": 0,
    "outputTokens": 0,
    "reasoningOutputTokens": 0,
}


class JsonPresenter:
    """Writes events; `write` gets whole lines."""

    unwanted = (
        "item/agentMessage/delta",
        "item/commandExecution/outputDelta",
        "item/reasoning/summaryTextDelta",
        "item/reasoning/textDelta",
        "turn/diff/updated",
        "rawResponseItem/completed",
        "rawResponse/completed",
    )

    def __init__(self, write: Callable[[str], None]) -> None:
        self._write = write
        self._open: dict[str, str] = {}
        self._count = 0
        self._plan: Fields | None = None
        self._notices: set[str] = set()

    def opened(self, thread: OpenedThread) -> None:
        """Write `thread.started`."""
        self._emit({"type": "thread.started", "thread_id": thread.id})

    def show(self, message: Notification) -> None:
        """Write the events for a notification; many have none."""
        params = message.params
        match message.method:
            case "turn/started":
                self._emit({"type": "turn.started"})
            case "item/started" | "item/completed":
                self._item(message.method.replace("/", "."), params["item"])
            case "turn/plan/updated":
                self._plan_updated(params["plan"])
            case "error":
                self._emit({"type": "error", "message": error_text(params["error"])})
            case "warning":
                self._notice(params["message"])
            case "configWarning" | "deprecationNotice":
                self._notice(_with_details(params["summary"], params.get("details")))
            case _:
                pass

    def declined(self, question: ServerRequest) -> None:
        """Write nothing: the item that asked will say so."""

    def ended(self, result: TurnResult) -> None:
        """Write the last state of the plan, then what became of the turn."""
        if self._plan is not None:
            self._emit({"type": "item.completed", "item": self._plan})
        match result.status:
            case "completed":
                self._emit({"type": "turn.completed", "usage": _usage(result)})
            case "failed":
                self._fail(error_text(result.turn["error"]))
            case _:
                self._fail("turn interrupted")

    def _fail(self, text: str) -> None:
        self._emit({"type": "turn.failed", "error": {"message": text}})

    def _item(self, event: str, item: Fields) -> None:
        describe = _ITEMS.get(item["type"])
        if describe is None or (event == "item.started" and item["type"] in _SHOWN_WHEN_COMPLETED):
            return
        fields = describe(item)
        if fields is None:
            return
        # An id holds from start to completion only: models use theirs again.
        item_id = self._open.pop(item["id"], None) or self._new_id()
        if event == "item.started":
            self._open[item["id"]] = item_id
        self._emit({"type": event, "item": {"id": item_id, **fields}})

    def _plan_updated(self, steps: list[Fields]) -> None:
        event = "item.started" if self._plan is None else "item.updated"
        item_id = self._new_id() if self._plan is None else self._plan["id"]
        todo = [{"text": step["step"], "completed": step["status"] == "completed"} for step in steps]
        self._plan = {"id": item_id, "type": "todo_list", "items": todo}
        self._emit({"type": event, "item": self._plan})

    def _notice(self, text: str) -> None:
        if text in self._notices:
            return
        self._notices.add(text)
        self._emit({"type": "item.completed", "item": {"id": self._new_id(), "type": "error", "message": text}})

    def _new_id(self) -> str:
        self._count += 1
        return f"item_{self._count - 1}"

    def _emit(self, event: Fields) -> None:
        self._write(msgspec.json.encode(event).decode() + "\n")


def error_text(error: Fields) -> str:
    """Return a TurnError as one text."""
    return _with_details(error["message"], error.get("additionalDetails"))


def _with_details(text: str, details: str | None) -> str:
    return f"{text} ({details})" if details else text


def _usage(result: TurnResult) -> Fields:
    """Return what the thread has used so far, earlier turns included."""
    total = _NO_USAGE if result.token_usage is None else result.token_usage["total"]
    return {
        "input_tokens": total["inputTokens"],
        "cached_input_tokens": total["cachedInputTokens"],
        "cache_write_input_tokens": total["cacheWriteInputTokens"],
        "output_tokens": total["outputTokens"],
        "reasoning_output_tokens": total["reasoningOutputTokens"],
    }


# Items


def _snake(name: str) -> str:
    return re.sub(r"(?<=[a-z0-9])([A-Z])", r"_\1", name).lower()


def _agent_message(item: Fields) -> Fields:
    return {"type": "agent_message", "text": item["text"]}


def _reasoning(item: Fields) -> Fields | None:
    text = "\n".join(item["summary"])
    return {"type": "reasoning", "text": text} if text.strip() else None


def _command_execution(item: Fields) -> Fields:
    return {
        "type": "command_execution",
        "command": item["command"],
        "aggregated_output": item["aggregatedOutput"] or "",
        "exit_code": item["exitCode"],
        "status": _snake(item["status"]),
    }


def _file_change(item: Fields) -> Fields:
    changes = [{"path": change["path"], "kind": change["kind"]["type"]} for change in item["changes"]]
    return {"type": "file_change", "changes": changes, "status": _snake(item["status"])}


def _mcp_tool_call(item: Fields) -> Fields:
    result = item["result"]
    return {
        "type": "mcp_tool_call",
        "server": item["server"],
        "tool": item["tool"],
        "arguments": item["arguments"],
        "result": None
        if result is None
        else {"content": result["content"], "structured_content": result.get("structuredContent")},
        "error": None if item["error"] is None else {"message": item["error"]["message"]},
        "status": _snake(item["status"]),
    }


def _web_search(item: Fields) -> Fields:
    return {"type": "web_search", "query": item["query"], "action": item["action"]}


def _collab_tool_call(item: Fields) -> Fields:
    states: dict[str, Fields] = item["agentsStates"]
    return {
        "type": "collab_tool_call",
        "tool": _snake(item["tool"]),
        "sender_thread_id": item["senderThreadId"],
        "receiver_thread_ids": item["receiverThreadIds"],
        "prompt": item["prompt"],
        "agents_states": {
            thread_id: {"status": _snake(state["status"]), "message": state.get("message")}
            for thread_id, state in states.items()
        },
        "status": _snake(item["status"]),
    }


_ITEMS: dict[str, Callable[[Fields], Fields | None]] = {
    "agentMessage": _agent_message,
    "reasoning": _reasoning,
    "commandExecution": _command_execution,
    "fileChange": _file_change,
    "mcpToolCall": _mcp_tool_call,
    "webSearch": _web_search,
    "collabAgentToolCall": _collab_tool_call,
}

_SHOWN_WHEN_COMPLETED = frozenset({"agentMessage", "reasoning"})
