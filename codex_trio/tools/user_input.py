"""The `request_user_input` tool: a few questions to the user, with answers to choose from, in some modes.

Owns what a model may ask. Does not own how the user is asked: the thread layer implements `UserAsker`.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any, Protocol

import msgspec

from codex_trio.tools.arguments import decode_arguments
from codex_trio.tools.calls import ToolCall, ToolFailure, ToolOutput
from codex_trio.tools.context import ToolContext
from codex_trio.tools.registry import Tool, ToolOffer

SPEC: dict[str, Any] = {
    "type": "function",
    "name": "request_user_input",
    "description": "Asks the user one to three short questions and waits for the answers.",
    "strict": False,
    "parameters": {
        "type": "object",
        "properties": {
            "questions": {
                "type": "array",
                "description": "The questions: one if that will do, and no more than three.",
                "items": {
                    "type": "object",
                    "properties": {
                        "id": {"type": "string", "description": "What the answer is given under, in snake_case."},
                        "header": {"type": "string", "description": "A heading of at most 12 characters."},
                        "question": {"type": "string", "description": "The question, in one sentence."},
                        "options": {
                            "type": "array",
                            "description": (
                                "Two or three answers that exclude each other, the one you would take first. The user "
                                "can always give another one: do not offer that."
                            ),
                            "items": {
                                "type": "object",
                                "properties": {
                                    "label": {"type": "string", "description": "The answer, in a few words."},
                                    "description": {"type": "string", "description": "What follows from it."},
                                },
                                "required": ["label", "description"],
                                "additionalProperties": False,
                            },
                        },
                    },
                    "required": ["id", "header", "question", "options"],
                    "additionalProperties": False,
                },
            },
        },
        "required": ["questions"],
        "additionalProperties": False,
    },
}


class Option(msgspec.Struct, frozen=True):
    """An answer to choose."""

    label: str
    description: str


class Question(msgspec.Struct, frozen=True):
    """A question of a model."""

    id: str
    header: str
    question: str
    options: list[Option] = []


class UserQuestions(msgspec.Struct, frozen=True, kw_only=True):
    """What a call asks, all at once."""

    turn_id: str
    item_id: str
    questions: Sequence[Question]


class _Arguments(msgspec.Struct):
    questions: list[Question]


Answers = Mapping[str, Sequence[str]]
"""What the user said, by the ids of the questions; nothing where they did not answer."""


class UserAsker(Protocol):
    """Asks the user of one thread."""

    @property
    def mode(self) -> str:
        """The mode that the turn runs in."""
        ...

    async def ask(self, questions: UserQuestions) -> Answers:
        """Ask, and wait for the answers."""
        ...


class RequestUserInput:
    """See the module."""

    parallel = True

    def __init__(self, asker: UserAsker, modes: Collection[str]) -> None:
        names = " and ".join(sorted(modes))
        self.spec = {**SPEC, "description": f"{SPEC['description']} Only there in {names} mode."}
        self._asker = asker
        self._modes = modes

    async def run(self, call: ToolCall, context: ToolContext) -> ToolOutput:
        if self._asker.mode not in self._modes:
            raise ToolFailure(f"request_user_input is unavailable in {self._asker.mode.capitalize()} mode")
        questions = decode_arguments(call.arguments, _Arguments).questions
        if not questions:
            raise ToolFailure("request_user_input requires at least one question")
        if not all(question.options for question in questions):
            raise ToolFailure("request_user_input requires non-empty options for every question")
        answers = await self._asker.ask(
            UserQuestions(turn_id=context.turn_id, item_id=call.call_id, questions=questions)
        )
        told = {"answers": {key: {"answers": list(given)} for key, given in answers.items()}}
        return ToolOutput(content=msgspec.json.encode(told).decode())


class UserInputTools:
    """Provides it."""

    namespace = None

    def __init__(self, asker: UserAsker, modes: Collection[str]) -> None:
        """`modes` are those in which the model may ask; with none, it is not offered to."""
        self._tools = [RequestUserInput(asker, modes)] if modes else []

    def tools(self, offer: ToolOffer) -> Sequence[Tool]:
        """Return what a turn is offered, the same in every mode: what changes is not cached by providers."""
        del offer
        return self._tools
