"""An input on its way into a turn: what clients see of it, what the model reads, and when its turn may take it up.

Owns one input from when a client gave it until the turn has it. Does not own the turn's inbox (tasks/turn.py), nor when
the client is answered (processors/turn.py).
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, NamedTuple

import trio

from codex_trio.domain.ids import uuid7
from codex_trio.domain.items import FunctionCallOutput, UserMessage
from codex_trio.engine import additional_context
from codex_trio.engine.response_items import ResponseItem
from codex_trio.engine.turn_request import ClientToolOutput, Remark, TurnInput, UserInput
from codex_trio.engine.user_input import user_message
from codex_trio.state.rollout.events import InputAccepted
from codex_trio.tools.pictures import ModelPictures
from codex_trio.util.clock import now_ms


class InputForms(NamedTuple):
    """The item that shows an input, and the one that the model reads; either may be missing.

    `named` is what the model reads after it, of what the input names.
    """

    item: UserMessage | FunctionCallOutput | None
    message: ResponseItem | None
    named: Sequence[ResponseItem] = ()

    @property
    def read(self) -> list[ResponseItem]:
        """All that the model reads."""
        return [*([] if self.message is None else [self.message]), *self.named]


Named = Callable[[Sequence[Mapping[str, Any]]], Awaitable[list[ResponseItem]]]
"""Reads what an input names."""


class PendingInput:
    """An input that its turn has not taken up yet.

    `answered` is set once its client was told what became of the input, or never will be.
    """

    def __init__(
        self, turn_id: str, given: TurnInput, answered: trio.Event, *, pictures: ModelPictures, named: Named
    ) -> None:
        self.turn_id = turn_id
        self.given = given
        self.answered = answered
        self.is_withdrawn = False
        """Whether the client was told that the input does not count."""
        self._pictures = pictures
        self._named = named
        self._reading = trio.Lock()
        self._forms: InputForms | None = None

    def withdraw(self) -> None:
        """Make the input count no more, unless its turn has taken it up."""
        self.is_withdrawn = True

    @property
    def is_plain(self) -> bool:
        """Whether its forms are there without waiting for anything: no picture is to be read."""
        given = self.given
        return isinstance(given, UserInput) and all(part.get("type") == "text" for part in given.content)

    async def accepted_line(self) -> InputAccepted | None:
        """Return the line that lets the input outlive this process before its turn has taken it up, if it says any."""
        forms = await self.forms()
        if forms.item is None:
            return None
        history = [*additional_context.context_items({}, self.given.context), *forms.read]
        return InputAccepted(turn_id=self.turn_id, item=forms.item, history=history, accepted_at_ms=now_ms())

    async def forms(self) -> InputForms:
        """Return the input in both its forms, the same ones whenever asked for."""
        async with self._reading:
            if self._forms is None:
                self._forms = await _forms(self.given, self._pictures, self._named)
        return self._forms


async def _forms(given: TurnInput, pictures: ModelPictures, named: Named) -> InputForms:
    if isinstance(given, Remark):
        return InputForms(None, given.item)
    if isinstance(given, ClientToolOutput):
        item = FunctionCallOutput(id=f"fco_{uuid7()}", name=given.name, namespace=given.namespace, output=given.output)
        raw: dict[str, Any] = {
            "type": "function_call_output",
            "id": item.id,
            "name": item.name,
            "output": item.output,
        }
        if item.namespace is not None:
            raw["namespace"] = item.namespace
        [checked] = await pictures.checked([raw])
        return InputForms(item, checked)
    if not given.content:
        return InputForms(None, None)
    shown = UserMessage(id=given.item_id or uuid7(), client_id=given.client_id, content=given.content)
    message = await user_message(given.content, pictures, item_id=uuid7())
    return InputForms(shown, message, await named(given.content))
