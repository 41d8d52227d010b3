"""Summing up a thread's history: the thread goes on from what a model says of it.

Owns that nothing is lost: the old history holds until the new one is stored, in one write with all that tells of it.
Does not own asking (engine/summaries.py), what the new history is (engine/compaction.py) or whose turn it is
(engine/tasks).
"""

from __future__ import annotations

from collections.abc import Sequence

from codex_trio.domain.ids import uuid7
from codex_trio.domain.items import ContextCompaction
from codex_trio.engine import compaction
from codex_trio.engine.item_log import TurnLog
from codex_trio.engine.request import RequestOrigin
from codex_trio.engine.response_items import ResponseItem
from codex_trio.engine.session.task_context import TaskContext
from codex_trio.engine.summaries import Occasion, Summaries, Summary
from codex_trio.model.errors import ModelError


class Compactor:
    """Sums up the history of a task's thread, as part of that task's turn."""

    def __init__(self, context: TaskContext, log: TurnLog) -> None:
        self._context = context
        self._log = log
        self._summaries = Summaries(context, log)

    async def compact(
        self, origin: RequestOrigin, occasion: Occasion, *, asked_first: TaskContext | None = None
    ) -> None:
        """Have the thread go on from a summary: by the model of `asked_first`, or by its own where that gives none.

        Raises ModelError when there is none: the history is as before then. RolloutReadError, RolloutWriteError.
        """
        context = self._context
        hooks = await context.hooks(origin.turn_id)
        trigger = "manual" if occasion.phase == "standalone_turn" else "auto"
        if hooks is not None and not await hooks.compacting(trigger):
            return
        await context.memory.recall()
        item = ContextCompaction(id=uuid7())
        self._log.started(item)
        # What is added meanwhile is not in the summary, and stays.
        items = list(context.memory.history.items)
        try:
            summary = await self._summaries.of(items, origin, occasion, asked_first=asked_first)
        except ModelError as error:
            if context.usage.has_unstored:
                await context.memory.record(context.usage.lines(self._log.rate_limits))
                context.usage.tell(self._log.turn_id, self._log.rate_limits)
            await context.memory.leave_out_refused(error)
            raise _failed(error) from error
        await self._replace(items, summary, item, origin)
        if hooks is not None:
            await hooks.compacting(trigger, is_over=True)

    async def begin_anew(self, origin: RequestOrigin) -> None:
        """Have the thread go on with what the user said, and no summary of all else.

        Raises RolloutReadError, RolloutWriteError: the history is as before then.
        """
        await self._context.memory.recall()
        item = ContextCompaction(id=uuid7())
        self._log.started(item)
        await self._replace(list(self._context.memory.history.items), None, item, origin)

    async def _replace(
        self, items: Sequence[ResponseItem], summary: Summary | None, item: ContextCompaction, origin: RequestOrigin
    ) -> None:
        """Store the new history with all that tells of it, then tell."""
        context, log = self._context, self._log
        window = context.model.effective_context_window
        surroundings = await context.initial_context()
        new = compaction.new_history(items, context=surroundings, summary=summary and summary.item, room=window)
        counted = context.usage.lines(log.rate_limits)
        settings = context.settings_lines(origin.turn_id, root_turn_id=origin.root_turn_id)
        context.usage.tell(log.turn_id, log.rate_limits)
        used = context.usage.info
        context.usage.estimate(compaction.tokens_of([context.base_message, *new]), window=window)
        estimated = context.usage.lines(log.rate_limits)
        line = log.line_of(item)
        try:
            await context.memory.compact(
                new,
                of=len(items),
                summary="" if summary is None else summary.text,
                lines=[*counted, *settings, *estimated, line],
            )
        except BaseException:
            context.usage.info = used
            raise
        context.usage.tell(log.turn_id, log.rate_limits)
        log.show_completed(line)


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
