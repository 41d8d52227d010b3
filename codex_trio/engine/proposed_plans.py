"""Plans in what a model says: between two lines of tags, shown as an item of their own while they stream.

Owns telling plan and message apart, and which items come of a message. Does not own the rest of a response
(engine/response.py): the model's history keeps messages as they were said.
"""

from __future__ import annotations

from typing import Any

import msgspec

from codex_trio.domain.ids import uuid7
from codex_trio.domain.items import AgentMessage, AgentText, Plan, TurnItem
from codex_trio.engine import events
from codex_trio.engine.response import OpenItem, ResponseReader

OPENING, CLOSING = "<proposed_plan>", "</proposed_plan>"


class PlanSplitter:
    """Tells the pieces of a text apart as they come: `(True, text)` is plan, `(False, text)` is not.

    What may be the beginning of a line of tags is held back until it is told.
    """

    def __init__(self) -> None:
        self._in_plan = False
        self._held = ""
        self._passes = False
        """Whether the rest of the line is text."""
        self.found = False
        """Whether there was a plan, perhaps an empty one."""

    def feed(self, text: str) -> list[tuple[bool, str]]:
        """Take more text; return what is clear of it."""
        pieces: list[tuple[bool, str]] = []
        for line in text.splitlines(keepends=True):
            ends = line.endswith("\n")
            if self._passes:
                self._add(pieces, line)
            elif ends or not self._tag.startswith((self._held + line).strip()):
                self._decide(pieces, self._held + line, ends=ends)
            else:
                self._held += line
                continue
            if ends:
                self._passes = False
        return pieces

    def finish(self) -> list[tuple[bool, str]]:
        """Return what was held back at the end of the text."""
        pieces: list[tuple[bool, str]] = []
        if self._held:
            self._decide(pieces, self._held, ends=True)
        return pieces

    @property
    def _tag(self) -> str:
        return CLOSING if self._in_plan else OPENING

    def _decide(self, pieces: list[tuple[bool, str]], line: str, *, ends: bool) -> None:
        self._held = ""
        if ends and line.strip() == self._tag:
            self._in_plan = not self._in_plan
            self.found = True
            return
        self._passes = not ends
        self._add(pieces, line)

    def _add(self, pieces: list[tuple[bool, str]], text: str) -> None:
        if pieces and pieces[-1][0] == self._in_plan:
            pieces[-1] = (self._in_plan, pieces[-1][1] + text)
        else:
            pieces.append((self._in_plan, text))


def split(text: str) -> tuple[str, str | None]:
    """Return what of a whole message is said beside a plan, and the plan, if there is one."""
    splitter = PlanSplitter()
    pieces = [*splitter.feed(text), *splitter.finish()]
    said, plan = ("".join(piece for is_plan, piece in pieces if is_plan == wanted) for wanted in (False, True))
    return said, plan if splitter.found else None


class _View:
    """What clients see of one message: two items at most, each of which begins with its first text."""

    def __init__(self, opening: TurnItem) -> None:
        self.opening = opening
        self.plan_id = uuid7()
        self.splitter = PlanSplitter()
        self.has_message = False
        self.has_plan = False


class PlanReader(ResponseReader):
    """Reads a response in a turn that is to end with a plan."""

    _views: dict[str, _View] | None = None

    def _view(self, item: TurnItem) -> _View:
        if self._views is None:
            self._views = {}
        return self._views.setdefault(item.id, _View(item))

    def _announce(self, item: TurnItem) -> None:
        if isinstance(item, AgentMessage):
            self._view(item)
        else:
            super()._announce(item)

    def _say(self, message: OpenItem, delta: str) -> None:
        view = self._view(AgentMessage(id=message.id, content=[]))
        for is_plan, text in view.splitter.feed(delta):
            self._tell(view, text, is_plan=is_plan)

    def _tell(self, view: _View, text: str, *, is_plan: bool) -> None:
        turn_id = self._log.turn_id
        if is_plan:
            self._begin_plan(view)
            self._log.emit(events.PlanDelta(turn_id=turn_id, item_id=view.plan_id, delta=text))
        else:
            self._begin_message(view)
            self._log.emit(events.AgentMessageDelta(turn_id=turn_id, item_id=view.opening.id, delta=text))

    def _begin_plan(self, view: _View) -> None:
        if not view.has_plan:
            view.has_plan = True
            self._log.started(Plan(id=view.plan_id, text=""))

    def _begin_message(self, view: _View) -> None:
        if not view.has_message:
            view.has_message = True
            self._log.started(view.opening)

    async def _complete(self, item: TurnItem, raw: dict[str, Any], *, streamed: bool) -> None:
        if not isinstance(item, AgentMessage):
            await super()._complete(item, raw, streamed=streamed)
            return
        view = self._view(msgspec.structs.replace(item, content=[]))
        for is_plan, text in view.splitter.finish():
            self._tell(view, text, is_plan=is_plan)
        said, plan = split(item.text)
        if plan is not None or view.has_plan:
            self._begin_plan(view)
            await self._log.completed(Plan(id=view.plan_id, text=plan or ""))
        self._ids.note([raw])
        if said or view.has_message:
            self._begin_message(view)
            shown = msgspec.structs.replace(item, content=[AgentText(text=said)])
            await self._log.completed_with_history(shown, raw)
        else:
            await self._log.history(raw)
