"""Questions about calls of MCP tools in the form in which people answer them: as elicitations. Pure.

Protocol source: keys and texts of release 0.171.0.
"""

from __future__ import annotations

from codex_trio.tools.mcp_questions import McpAnswer, McpQuestion
from codex_trio.tools.review import McpCallQuestion, ReviewDecision, ReviewOutcome
from codex_trio.util.loose_json import table_of
from codex_trio.util.visible import with_unseen

REJECTED, CANCELLED = "user rejected MCP tool call", "user cancelled MCP tool call"
_HINTS = ("readOnlyHint", "destructiveHint", "idempotentHint", "openWorldHint")
_PERSISTED = {"session": ReviewOutcome.ACCEPTED_FOR_SESSION, "always": ReviewOutcome.ACCEPTED_FOR_GOOD}


def elicitation_of(question: McpCallQuestion) -> McpQuestion:
    """Return what a client is asked."""
    hints = {name: question.annotations[name] for name in _HINTS if name in question.annotations}
    meta = {
        "codex_approval_kind": "mcp_tool_call",
        "persist": list(_PERSISTED),
        "tool_name": question.tool,
        **({} if question.title is None else {"tool_title": question.title}),
        **({"tool_annotations": hints} if hints else {}),
        **({"tool_description": question.description} if question.description else {}),
        "tool_params": question.arguments,
        "tool_params_display": [
            {"name": name, "value": with_unseen(value) if isinstance(value, str) else value, "display_name": name}
            for name, value in table_of(question.arguments).items()
        ],
    }
    return McpQuestion(
        turn_id=question.turn_id,
        server=question.server,
        message=with_unseen(f'Allow the {question.server} MCP server to run tool "{question.tool}"?'),
        schema={"type": "object", "properties": {}},
        meta=meta,
    )


def decision_of(answer: McpAnswer) -> ReviewDecision:
    """Return what a client's answer means. Who cancels refuses this call, and the turn goes on."""
    if answer.action != "accept":
        return ReviewDecision(
            outcome=ReviewOutcome.DECLINED, reason=REJECTED if answer.action == "decline" else CANCELLED
        )
    persist = table_of(answer.meta).get("persist")
    outcome = _PERSISTED.get(persist) if isinstance(persist, str) else None
    return ReviewDecision(outcome=outcome or ReviewOutcome.ACCEPTED)
