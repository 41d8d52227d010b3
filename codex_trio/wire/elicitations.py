"""Questions of MCP servers to users, and the answers, in the words of the protocol."""

from __future__ import annotations

from codex_trio_protocol.v2 import elicitation as wire
from msgspec import UNSET

from codex_trio.tools.mcp_questions import McpAnswer, McpQuestion


def elicitation_to_wire(thread_id: str, question: McpQuestion) -> wire.FormElicitation | wire.UrlElicitation:
    """Return the params of `mcpServer/elicitation/request`."""
    if question.url is not None:
        return wire.UrlElicitation(
            thread_id=thread_id,
            turn_id=question.turn_id,
            server_name=question.server,
            meta=question.meta,
            message=question.message,
            url=question.url,
            elicitation_id=question.elicitation_id,
        )
    return wire.FormElicitation(
        thread_id=thread_id,
        turn_id=question.turn_id,
        server_name=question.server,
        meta=question.meta,
        message=question.message,
        requested_schema=dict(question.schema or {}),
    )


def elicitation_from_wire(answer: wire.McpServerElicitationRequestResponse) -> McpAnswer:
    """Return what the user said."""
    return McpAnswer(
        action=answer.action,
        content=None if answer.content is UNSET else answer.content,
        meta=None if answer.meta is UNSET else answer.meta,
    )
