"""Summing up a thread's history: the model is asked for a summary, and goes on from it.

Owns asking, and that nothing is lost: the old history holds until the new one is stored, in one write with all that
tells of it. Does not own what the new history is (engine/compaction.py) or whose turn it is (engine/tasks).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

import msgspec

from codex_trio.domain.ids import uuid7
from codex_trio.domain.items import ContextCompaction
from codex_trio.engine import compaction
from codex_trio.engine.history import ModelHistory, message_item
from codex_trio.engine.item_log import TurnLog
from codex_trio.engine.repeating import Repeats
from codex_trio.engine.request import RequestOrigin, base_message, build_request
from codex_trio.engine.response_items import ResponseItem, texts_of
from codex_trio.engine.session.task_context import TaskContext
from codex_trio.model import events as model
from codex_trio.model.client import ResponsesClient
from codex_trio.model.errors import ModelError
from codex_trio.model.request import ModelRequest

Phase = Literal["standalone_turn", "pre_turn", "mid_turn"]
Reason = Literal["user_requested", "context_limit", "model_downshift", "comp_hash_changed"]


class Occasion(msgspec.Struct, frozen=True):
    """Where in the course of things a history is summed up, and why, as providers are told."""

    phase: Phase
    reason: Reason


_NO_SUMMARY = "the model gave no summary"


class Compactor:
    """Sums up the history of a task's thread, as part of that task's turn."""

    def __init__(self, context: TaskContext, log: TurnLog) -> None:
        self._context = context
        self._log = log

    async def compact(
        self, origin: RequestOrigin, occasion: Occasion, *, asked_first: TaskContext | None = None
    ) -> None:
        """Have the thread go on from a summary: by the model of `asked_first`, or by its own where that gives none.

        Raises ModelError when there is none: the history is as before then. RolloutReadError, RolloutWriteError.
        """
        context = self._context
        await context.memory.recall()
        item = ContextCompaction(id=uuid7())
        self._log.started(item)
        # What is added meanwhile is not in the summary, and stays.
        items = list(context.memory.history.items)
        try:
            summary = await self._summary_of_either(asked_first, _origin(origin, occasion), items)
        except ModelError as error:
            if context.usage.has_unstored:
                await context.memory.record(context.usage.lines(self._log.rate_limits))
                context.usage.tell(self._log.turn_id, self._log.rate_limits)
            await context.memory.leave_out_refused(error)
            raise _failed(error) from error
        await self._replace(items, summary, item, origin)

    async def _replace(
        self, items: Sequence[ResponseItem], summary: str, item: ContextCompaction, origin: RequestOrigin
    ) -> None:
        """Store the new history with all that tells of it, then tell."""
        context, log = self._context, self._log
        window = context.model.effective_context_window
        surroundings = await context.initial_context()
        new = compaction.new_history(items, context=surroundings, summary=summary, room=window)
        counted = context.usage.lines(log.rate_limits)
        settings = context.settings_lines(origin.turn_id, root_turn_id=origin.root_turn_id)
        context.usage.tell(log.turn_id, log.rate_limits)
        used = context.usage.info
        context.usage.estimate(compaction.tokens_of([base_message(context), *new]), window=window)
        estimated = context.usage.lines(log.rate_limits)
        line = log.line_of(item)
        try:
            await context.memory.compact(
                new, of=len(items), summary=summary, lines=[*counted, *settings, *estimated, line]
            )
        except BaseException:
            context.usage.info = used
            raise
        context.usage.tell(log.turn_id, log.rate_limits)
        log.show_completed(line)

    async def _summary_of_either(
        self, first: TaskContext | None, origin: RequestOrigin, items: Sequence[ResponseItem]
    ) -> str:
        """Ask one model, then the thread's own: the first may be what the user turned away from."""
        if first is not None:
            try:
                return await self._summary(first, origin, items)
            except ModelError as error:
                self._log.warning(f"{first.settings.model} could not sum up the conversation: {error.message}")
        return await self._summary(self._context, origin, items)

    async def _summary(self, asked: TaskContext, origin: RequestOrigin, items: Sequence[ResponseItem]) -> str:
        """Ask the model. Where even that is too long, it goes by ever more of the oldest items."""
        client = asked.client()
        repeats = Repeats(self._log, client.provider.stream_max_retries)
        left, dropped = ModelHistory(items), 1
        while True:
            request = _request(asked, origin, left)
            await asked.step()
            try:
                return await self._ask(client, request, origin, window=asked.model.effective_context_window)
            except ModelError as error:
                if error.limits is not None:
                    self._log.rate_limits = error.limits
                if error.info.kind == "contextWindowExceeded" and left.items:
                    left, dropped = ModelHistory(left.items[dropped:]), dropped * 2
                    continue
                await repeats.after(error)

    async def _ask(self, client: ResponsesClient, request: ModelRequest, origin: RequestOrigin, *, window: int) -> str:
        texts: list[str] = []
        pieces: list[str] = []
        async with client.stream(request) as response:
            async for batch in response:
                for event in batch:
                    match event:
                        case model.OutputTextDelta():
                            pieces.append(event.delta)
                        case model.OutputItemDone() if event.item.get("type") == "message":
                            texts.append("".join(texts_of(event.item)))
                        case model.RateLimits():
                            self._log.rate_limits = event.limits
                        case model.Completed() | model.TokensSpent():
                            self._count(event, origin, window=window)
                        case _:
                            pass
        # Some providers send a message in pieces only.
        text = (texts[-1] if texts else "".join(pieces)).strip()
        if not text:
            raise ModelError(_NO_SUMMARY)
        return text

    def _count(self, event: model.Completed | model.TokensSpent, origin: RequestOrigin, *, window: int) -> None:
        """Counts what was spent even if nothing comes of it."""
        if event.usage is not None:
            self._context.usage.add(
                event.usage,
                window=window,
                turn_id=origin.turn_id,
                root_turn_id=origin.root_turn_id,
                response_id=event.response_id if isinstance(event, model.Completed) else "",
            )


def _request(context: TaskContext, origin: RequestOrigin, history: ModelHistory) -> ModelRequest:
    prompt = message_item("user", [context.compact_prompt or compaction.PROMPT], item_id=uuid7())
    return msgspec.structs.replace(
        build_request(context, origin, tools=[], history=history, then=[prompt]), parallel_tool_calls=False
    )


def _origin(origin: RequestOrigin, occasion: Occasion) -> RequestOrigin:
    told: dict[str, Any] = {
        "trigger": "manual" if occasion.reason == "user_requested" else "auto",
        "reason": occasion.reason,
        "implementation": "responses",
        "phase": occasion.phase,
        "strategy": "memento",
    }
    return msgspec.structs.replace(origin, kind="compaction", output_schema=None, compaction=told)


def _failed(error: ModelError) -> ModelError:
    """Return the failure as one of summing up, for whoever started something else."""
    return ModelError(
        f"The conversation could not be summed up to make room, and stays as it is: {error.message}",
        info=error.info,
        http_status=error.http_status,
        additional_details=error.additional_details,
        misalignment=error.misalignment,
        limits=error.limits,
    )
