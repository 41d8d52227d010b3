"""Messages and questions to the user while the turn goes on: nothing waits for an answer.

Owns what they look like. An answer, if there is one, is what the user says next.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec

from codex_trio.domain.items import AgentMessage, AgentText
from codex_trio.tools.arguments import decode_arguments
from codex_trio.tools.calls import ToolCall, ToolFailure, ToolOutput
from codex_trio.tools.context import ToolContext
from codex_trio.tools.registry import Tool, ToolOffer

ACCEPTED = '{"accepted":true}'

MESSAGE_SPEC: dict[str, Any] = {
    "type": "function",
    "name": "send_message_to_user_async",
    "description": (
        "Shows the user a short message at once, and goes on. For what cannot wait: something that stops you, what may "
        "change what is wanted, or an answer to what was asked meanwhile. The user's answer comes as a message."
    ),
    "strict": False,
    "parameters": {
        "type": "object",
        "properties": {"message": {"type": "string", "description": "What the user is to read."}},
        "required": ["message"],
        "additionalProperties": False,
    },
}

QUESTIONS_SPEC: dict[str, Any] = {
    "type": "function",
    "name": "request_user_input_async",
    "description": (
        "Asks the user short questions at once, and goes on. Do not wait for the answers: work on what does not need "
        "them. They come as a message, if they come."
    ),
    "strict": False,
    "parameters": {
        "type": "object",
        "properties": {
            "questions": {
                "type": "array",
                "minItems": 1,
                "items": {
                    "type": "object",
                    "properties": {
                        "title": {"type": "string", "description": "The question."},
                        "options": {
                            "type": "array",
                            "minItems": 1,
                            "items": {"type": "string"},
                            "description": "Answers to choose from; without them the user writes one.",
                        },
                    },
                    "required": ["title"],
                    "additionalProperties": False,
                },
            }
        },
        "required": ["questions"],
        "additionalProperties": False,
    },
}


class TellUserArguments(msgspec.Struct):
    """Arguments of `send_message_to_user_async`."""

    message: str


class AsyncQuestion(msgspec.Struct):
    """A question that nothing waits for."""

    title: str
    options: list[str] | None = None


class AskUserArguments(msgspec.Struct):
    """Arguments of `request_user_input_async`."""

    questions: list[AsyncQuestion]


class ToUserTools:
    """Provides those that the model knows."""

    namespace = None

    def tools(self, offer: ToolOffer) -> Sequence[Tool]:
        """Return what a turn is offered."""
        known: tuple[Tool, ...] = (AskUserAsync(), TellUserAsync())
        return [tool for tool in known if tool.spec["name"] in offer.model.extra_tools]


class TellUserAsync:
    """Shows a message."""

    spec = MESSAGE_SPEC
    parallel = True

    async def run(self, call: ToolCall, context: ToolContext) -> ToolOutput:
        message = decode_arguments(call.arguments, TellUserArguments).message
        if not message.strip():
            raise ToolFailure("message must not be empty")
        return await _show(call, context, message, None)


class AskUserAsync:
    """Shows questions."""

    spec = QUESTIONS_SPEC
    parallel = True

    async def run(self, call: ToolCall, context: ToolContext) -> ToolOutput:
        questions = decode_arguments(call.arguments, AskUserArguments).questions
        if not questions:
            raise ToolFailure("questions must not be empty")
        if any(not question.title.strip() for question in questions):
            raise ToolFailure("a question must have a title")
        text = "\n\n".join(map(_worded, questions))
        shown = [{"title": one.title, **({"options": one.options} if one.options else {})} for one in questions]
        return await _show(call, context, text, shown)


def _worded(question: AsyncQuestion) -> str:
    return "\n".join([question.title, *(f"- {option}" for option in question.options or ())])


async def _show(call: ToolCall, context: ToolContext, text: str, questions: list[dict[str, Any]] | None) -> ToolOutput:
    item = AgentMessage(
        id=call.call_id,
        content=[AgentText(text=text)],
        phase="final_answer",
        delivery="async",
        questions=questions,
    )
    context.log.started(item)
    await context.log.completed(item)
    return ToolOutput(content=ACCEPTED, value={"accepted": True})
