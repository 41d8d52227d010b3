"""What one turn has done so far: stored first, then told.

Owns the order between the rollout and the events, and the times of items. Does not own the file (state/rollout) or who
listens. Implements the `ItemLog` that tools write to; its items keep this turn's id even when they end after it.
"""

from __future__ import annotations

import html
from collections.abc import Awaitable, Callable, Sequence
from typing import Protocol

from codex_trio.domain.ids import uuid7
from codex_trio.domain.items import AgentMessage, HookPrompt, PromptFragment, TurnItem
from codex_trio.engine import events
from codex_trio.engine.history import message_item
from codex_trio.engine.response_items import ResponseItem
from codex_trio.engine.token_usage import stored_usage
from codex_trio.model.aws_login import LoginRenewal
from codex_trio.model.events import Completed
from codex_trio.model.limits import RateLimitSnapshot
from codex_trio.state.rollout.events import ItemCompletedLine
from codex_trio.state.rollout.lines import Payload
from codex_trio.tools.log import PlanStep
from codex_trio.tools.turn_diff import TurnDiffTracker
from codex_trio.util.clock import now_ms


class Journal(Protocol):
    """Where a session stores what the model is to know."""

    async def remember(self, items: Sequence[ResponseItem], payloads: Sequence[Payload] = ()) -> Sequence[ResponseItem]:
        """Add items to the model's history, storing them after `payloads`; return them as they are stored."""
        ...


class TurnLog:
    """The journal of one turn; see the module. `find_root` finds the folder that its diff is relative to."""

    def __init__(
        self,
        *,
        thread_id: str,
        turn_id: str,
        journal: Journal,
        emit: Callable[[events.Event], None],
        ready: Callable[[], Awaitable[None]],
        find_root: Callable[[], str],
        raw_items: bool,
    ) -> None:
        self.thread_id = thread_id
        self.turn_id = turn_id
        self.emit = emit
        self.diff = TurnDiffTracker(find_root)
        self.rate_limits: RateLimitSnapshot | None = None
        self.turn_state: str | None = None
        """What the provider wants to be told again with each request of the turn: the first that it said (0.171.0)."""
        self.last_message: tuple[AgentMessage, int, int] | None = None
        self._journal = journal
        self._ready = ready
        self._raw_items = raw_items
        self._started: dict[str, int] = {}
        self._shown_diff = ""

    def note_turn_state(self, value: str) -> None:
        """Note what the provider wants to be told again."""
        if self.turn_state is None:
            self.turn_state = value

    def started(self, item: TurnItem) -> int:
        """Show an item that is under way; return when that was (Unix milliseconds)."""
        moment = now_ms()
        self._started[item.id] = moment
        self.emit(events.ItemStarted(turn_id=self.turn_id, item=item, started_ms=moment))
        return moment

    async def completed(self, item: TurnItem) -> None:
        """Store and show an item that is final."""
        await self._complete(item, [])

    async def completed_with_history(self, item: TurnItem, raw: ResponseItem) -> None:
        """The same for an item that is also part of the model's history, in one write."""
        await self._complete(item, [raw])
        self.show_raw(raw)

    async def input_completed(self, item: TurnItem, raw: Sequence[ResponseItem]) -> None:
        """Store and show a user's input: how the model reads it first (order of 0.171.0)."""
        line = self.line_of(item)
        self.show_raw(*await self._journal.remember(raw, [line]))
        self.show_input(line)

    async def hook_prompt(self, fragments: Sequence[PromptFragment]) -> None:
        """Store and show what hooks have the model go on with: one message, a part a hook."""
        raw = message_item("user", [_as_read(fragment) for fragment in fragments], item_id=uuid7())
        await self.input_completed(HookPrompt(id=raw["id"], fragments=[*fragments]), [raw])

    def line_of(self, item: TurnItem) -> ItemCompletedLine:
        """Return the line of an item that is final now; one that nobody saw begin has begun now as well."""
        completed = now_ms()
        return ItemCompletedLine(
            thread_id=self.thread_id,
            turn_id=self.turn_id,
            item=item,
            started_at_ms=self._started.pop(item.id, completed),
            completed_at_ms=completed,
        )

    def show_input(self, line: ItemCompletedLine) -> None:
        """Show a user's input, whose line was stored."""
        completed = self._event_of(line)
        self.emit(events.ItemStarted(turn_id=self.turn_id, item=line.item, started_ms=completed.started_ms))
        self.emit(completed)

    def show_completed(self, line: ItemCompletedLine) -> None:
        """Show an item as final, whose line was stored."""
        self.emit(self._event_of(line))

    async def history(self, *raw: ResponseItem) -> None:
        """Add items to the model's history that clients do not see."""
        self.show_raw(*await self._journal.remember(raw))

    async def _complete(self, item: TurnItem, history: list[ResponseItem]) -> None:
        line = self.line_of(item)
        await self._journal.remember(history, [line])
        completed = self._event_of(line)
        if isinstance(item, AgentMessage) and item.delivery is None:
            self.last_message = (item, completed.started_ms, completed.completed_ms)
        self.emit(completed)

    def _event_of(self, line: ItemCompletedLine) -> events.ItemCompleted:
        assert line.started_at_ms is not None
        assert line.completed_at_ms is not None
        return events.ItemCompleted(
            turn_id=self.turn_id, item=line.item, started_ms=line.started_at_ms, completed_ms=line.completed_at_ms
        )

    async def output_delta(self, item_id: str, text: str) -> None:
        self.emit(events.CommandOutput(turn_id=self.turn_id, item_id=item_id, delta=text))
        await self._ready()

    def progress(self, item_id: str, message: str) -> None:
        self.emit(events.ToolProgress(turn_id=self.turn_id, item_id=item_id, message=message))

    def terminal_interaction(self, item_id: str, process_id: str, stdin: str) -> None:
        self.emit(events.TerminalInteraction(turn_id=self.turn_id, item_id=item_id, process_id=process_id, stdin=stdin))

    def diff_updated(self) -> None:
        """Show the turn's diff, if its patches changed anything or have just undone all that they had changed."""
        diff = self.diff.text
        if diff or self._shown_diff:
            self._shown_diff = diff
            self.emit(events.DiffUpdated(turn_id=self.turn_id, diff=diff))

    def plan_updated(self, explanation: str | None, steps: Sequence[PlanStep]) -> None:
        self.emit(events.PlanUpdated(turn_id=self.turn_id, explanation=explanation, steps=steps))

    def response_completed(self, response: Completed) -> None:
        """Show what a response used to clients that follow the model's own items."""
        if self._raw_items:
            usage = None if response.usage is None else stored_usage(response.usage)
            self.emit(
                events.RawResponse(
                    turn_id=self.turn_id, response_id=response.response_id, usage=usage, reported=response.reported
                )
            )

    async def context_message(self, text: str) -> None:
        await self.history(message_item("developer", [text], item_id=uuid7()))

    def login_renewed(self, renewal: LoginRenewal) -> None:
        self.emit(
            events.LoginRenewed(
                turn_id=self.turn_id, provider=renewal.provider, message=renewal.message, is_done=renewal.is_done
            )
        )

    def warning(self, message: str) -> None:
        self.emit(events.ThreadWarning(message=message))

    def show_raw(self, *raw: ResponseItem) -> None:
        """Show what was stored of the model's history to clients that follow it."""
        if self._raw_items:
            for item in raw:
                self.emit(events.RawItem(turn_id=self.turn_id, item=item))


def _as_read(fragment: PromptFragment) -> str:
    text = html.escape(fragment.text, quote=False)
    return f'<hook_prompt hook_run_id="{html.escape(fragment.hook_run_id)}">{text}</hook_prompt>'
