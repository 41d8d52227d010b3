"""A review: another model, which knows nothing of the conversation, looks at code; its findings go on in the thread.

Owns the reviewer's turn: what it is told, may do and remembers, and what of that clients see. Does not own the words
(engine/review.py) or sampling.
"""

from __future__ import annotations

from typing import Any, NoReturn

import msgspec
import trio

from codex_trio.domain.ids import uuid7
from codex_trio.domain.items import AgentMessage, AgentText, EnteredReviewMode, ExitedReviewMode, UserMessage
from codex_trio.domain.review_text import review_text
from codex_trio.engine import events
from codex_trio.engine.compaction import cut_to_fit
from codex_trio.engine.history import message_item
from codex_trio.engine.request import Helper, RequestOrigin
from codex_trio.engine.review import INSTRUCTIONS, MODEL_ACTION, Target, read_answer
from codex_trio.engine.sampling import Sampler
from codex_trio.engine.session.task import TakesNoInput
from codex_trio.engine.session.task_context import TaskContext
from codex_trio.engine.settings import ThreadSettings
from codex_trio.engine.tasks.client_turn import ClientTurn
from codex_trio.engine.turn_request import TurnInput
from codex_trio.model.errors import ModelError
from codex_trio.state.rollout.errors import RolloutReadError

KIND = "review"


def _settings_of_reviewer(context: TaskContext) -> ThreadSettings:
    """Return the thread's settings with another model's instructions; it has the same rights and asks for no more."""
    settings, model = context.settings, context.review_model
    return msgspec.structs.replace(
        settings,
        model=model,
        effort=settings.effort if model == settings.model else None,
        approval_policy="never",
        base_instructions=INSTRUCTIONS,
        collaboration_mode=None,
    )


class Review(ClientTurn):
    """The task that has code reviewed; `run` once. It can be stopped, but not be told more."""

    def __init__(self, context: TaskContext, turn_id: str, target: Target) -> None:
        super().__init__(context, turn_id=turn_id, root_id=turn_id)
        self._target = target
        self._reviewer = context.of_helper(_settings_of_reviewer(context))
        self._sampler: Sampler | None = None
        self._is_open = False
        """Whether clients were told that a review began, and not yet that it is over."""

    def add_input(self, given: TurnInput, answered: trio.Event) -> NoReturn:
        """Refuse."""
        raise TakesNoInput(KIND)

    async def _do(self) -> None:
        await self._context.step()
        await self._context.memory.store([self._started_line(), *self._context.settings_news()])
        self.stored.set()
        self._tell_start(())
        target: dict[str, Any] = msgspec.to_builtins(self._target)
        entered = EnteredReviewMode(id=uuid7(), target=target, user_facing_hint=self._target.hint)
        self._log.started(entered)
        self._is_open = True
        await self._log.completed(entered)
        try:
            answer = await self._ask()
        except (ModelError, RolloutReadError):
            await self._close(None)
            if self._context.usage.has_unstored:
                await self._count()
            raise
        await self._close(await trio.to_thread.run_sync(read_answer, answer))

    async def _ask(self) -> str | None:
        """Have the reviewer look, and return its last words."""
        reviewer = self._reviewer
        reviewer.warn_about_model()
        log = reviewer.log(self.id, emit=self._tell)
        await reviewer.memory.remember(await reviewer.context_items())
        prompt = self._target.prompt
        shown = UserMessage(id=uuid7(), content=[{"type": "text", "text": prompt, "text_elements": []}])
        await log.input_completed(shown, [message_item("user", [prompt], item_id=uuid7())])
        self._sampler = Sampler(reviewer, log, stop=self.stop)
        await self._repository.wait()
        origin = RequestOrigin(
            kind="turn",
            turn_id=self.id,
            root_turn_id=self.id,
            helper=Helper(kind=KIND, thread_id=uuid7()),
            started_ms=self.started_ms,
            workspaces=self._repository.workspaces,
        )
        goes_on = True
        while goes_on:
            await reviewer.step()
            goes_on = await self._sampler.sample(origin)
            await self._context.memory.record(self._context.usage.lines(log.rate_limits))
            self._sampler.conclude(goes_on=goes_on)
        return None if log.last_message is None else log.last_message[0].text

    def _tell(self, event: events.Event) -> None:
        """Tell what the reviewer does; what it says is told when it is read."""
        match event:
            case events.AgentMessageDelta():
                return
            case events.ItemStarted() | events.ItemCompleted() if isinstance(event.item, AgentMessage):
                return
            case _:
                self._context.emit(event)

    async def _close(self, output: dict[str, Any] | None) -> None:
        """Tell what came of it, clients as well as the thread's model."""
        self._is_open = False
        log, text = self._log, review_text(output)
        told = cut_to_fit(text, room=self._context.model.effective_context_window)
        await log.history(message_item("user", [MODEL_ACTION.format(results=told)], item_id=uuid7()))
        exited = ExitedReviewMode(id=uuid7(), review_output=output)
        log.started(exited)
        await log.completed(exited)
        message = AgentMessage(id=f"msg_{uuid7()}", content=[AgentText(text=text)])
        log.started(message)
        content = [{"type": "output_text", "text": told}]
        await log.completed_with_history(
            message, {"type": "message", "id": message.id, "role": "assistant", "content": content}
        )

    async def _wind_up(self) -> None:
        if self._sampler is not None:
            await self._sampler.abort()
        if self._is_open:
            await self._close(None)

    def _let_go(self) -> None:
        self._sampler = None
