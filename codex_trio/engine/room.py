"""Making room in a thread's history without being asked: before a turn, between the samplings of one, and at its end.

Owns when it is time for that, why, and which model sums up. Does not own the summing up (engine/compactor.py), what it
leaves (engine/compaction.py), or the turn.
"""

from __future__ import annotations

from codex_trio.engine import compaction
from codex_trio.engine.compactor import Compactor
from codex_trio.engine.item_log import TurnLog
from codex_trio.engine.request import RequestOrigin
from codex_trio.engine.session.task_context import TaskContext
from codex_trio.engine.summaries import Occasion, Phase, Reason
from codex_trio.model.errors import ModelError


class Room:
    """The room that one turn has for its history."""

    def __init__(self, context: TaskContext, log: TurnLog) -> None:
        self._context = context
        self._log = log
        self._compactor = Compactor(context, log)

    async def is_short(self) -> bool:
        """Return whether the history is to be summed up before the model reads on.

        Raises RolloutReadError, RolloutWriteError.
        """
        await self._context.memory.recall()
        return self._context.memory.is_to_begin_anew or self._reason() is not None

    async def make(self, origin: RequestOrigin, phase: Phase) -> None:
        """Sum up, if the history is still too long.

        Raises ModelError when that fails: the history is as before then. RolloutReadError, RolloutWriteError.
        """
        await self._context.memory.recall()
        if self._context.memory.is_to_begin_anew:
            await self._compactor.begin_anew(origin)
            return
        reason = self._reason()
        if reason is None:
            return
        # Who has read the history can tell what is in it; another model could not even take it in.
        asked_first = None if reason == "context_limit" else self._context.as_before()
        await self._compactor.compact(origin, Occasion(phase, reason), asked_first=asked_first)

    def is_to_be_made_after_turn(self) -> bool:
        """Return whether the settings ask for that at the end of this turn."""
        return self._context.window.is_full_for_a_turn_to_end() and compaction.is_worth_it(self._context.memory.history)

    async def make_after_turn(self, origin: RequestOrigin) -> None:
        """Sum up. That it fails is a warning: the turn has done what it was to do.

        Raises RolloutReadError, RolloutWriteError.
        """
        try:
            await self._compactor.compact(origin, Occasion("post_turn", "context_limit"))
        except ModelError as error:
            self._log.warning(error.message)

    def _reason(self) -> Reason | None:
        """Return why it is time to sum up; None when it is not."""
        history, model = self._context.memory.history, self._context.model
        if not compaction.is_worth_it(history):
            return None
        before = self._context.as_before().model
        if history.answered and before.comp_hash and model.comp_hash and before.comp_hash != model.comp_hash:
            return "comp_hash_changed"
        if self._context.window.left() > 0:
            return None
        return "model_downshift" if before.context_window > model.context_window else "context_limit"
