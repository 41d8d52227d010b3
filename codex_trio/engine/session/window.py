"""The window that a model reads a thread's history through: what it is called, and how much room is left in it.

Owns the arithmetic. Does not own what becomes of a history that is too long (engine/room.py).
"""

from __future__ import annotations

from uuid import UUID, uuid5

from codex_trio.engine import compaction
from codex_trio.engine.instructions import CONTEXT_WINDOW_TAG
from codex_trio.engine.response_items import ResponseItem
from codex_trio.engine.session.memory import Memory
from codex_trio.engine.session.usage import SessionUsage
from codex_trio.model.catalog import ModelInfo


def context_window_id(thread_id: str, number: int) -> str:
    """Return the id of a thread's window: the same in whatever process asks."""
    return str(uuid5(UUID(thread_id), f"context-window-{number}"))


def context_window_text(thread_id: str, number: int, *, agent_path: str) -> str:
    """Return what a model is told of the window that it reads."""
    lines = [
        CONTEXT_WINDOW_TAG,
        f"Agent name: {agent_path}",
        f"First context window id: {context_window_id(thread_id, 0)}",
        f"Current context window id: {context_window_id(thread_id, number)}",
    ]
    if number:
        lines.append(f"Previous context window id: {context_window_id(thread_id, number - 1)}")
    return "\n".join([*lines, "</context_window>"])


class ModelWindow:
    """The window of a model; `base` is the message before the history."""

    def __init__(self, memory: Memory, usage: SessionUsage, model: ModelInfo, base: ResponseItem) -> None:
        self._memory = memory
        self._usage = usage
        self._model = model
        self._base = base

    def left(self) -> int:
        """Return how many tokens may be added before the history is to be summed up; negative when it is too long."""
        history, model = self._memory.history, self._model
        used = compaction.tokens_in_use(self._usage.last_total, history)
        if model.auto_compact_scope == "total":
            return model.compaction_limit - used
        prefix = self._usage.prefix
        if prefix is None:
            prefix = compaction.tokens_of([self._base]) + compaction.tokens_of_prefix(history)
        return min(model.compaction_limit - (used - prefix), model.effective_context_window - used)

    def is_full_for_a_turn_to_end(self) -> bool:
        """Return whether the history is to be summed up once a turn has ended, so that the next need not wait."""
        model = self._model
        if model.post_turn_compact_percent is None:
            return False
        used = compaction.tokens_in_use(self._usage.last_total, self._memory.history)
        return used * 100 >= model.effective_context_window * model.post_turn_compact_percent

    def renew(self) -> None:
        """Have the history begin anew before the model is asked again."""
        self._memory.is_to_begin_anew = True
