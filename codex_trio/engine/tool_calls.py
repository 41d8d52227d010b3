"""The calls of one model response, run side by side where they may, answered in the order in which they were made.

Owns the pairing of calls and outputs. Does not own the tools (tools/registry.py). Used by the turn, once per response.
"""

from __future__ import annotations

import logging
import time
from typing import Any

import trio

from codex_trio.engine.history import output_item
from codex_trio.engine.item_log import TurnLog
from codex_trio.engine.response_items import ResponseItem
from codex_trio.tools.calls import ToolCall, ToolFailure
from codex_trio.tools.context import ToolContext
from codex_trio.tools.registry import OfferedTools, Tool
from codex_trio.util.fair_lock import FairLock

_log = logging.getLogger(__name__)

_MAX_QUOTED = 500


class _Slot:
    """A call, as an item and as the model meant it, and, once there is one, its output."""

    def __init__(self, item: ResponseItem, call: ToolCall) -> None:
        self.item = item
        self.call = call
        self.started = time.monotonic()
        self.output: Any = None
        self.done = False


class ToolCalls:
    """Runs calls as they arrive; their outputs reach the model's history in call order."""

    def __init__(
        self,
        *,
        nursery: trio.Nursery,
        registry: OfferedTools,
        context: ToolContext,
        log: TurnLog,
        lock: FairLock,
        parallel: bool,
    ) -> None:
        self._nursery = nursery
        self._registry = registry
        self._context = context
        self._log = log
        self._lock = lock
        self._parallel = parallel
        self._slots: list[_Slot] = []
        self._storing = False
        self.count = 0

    def start(self, item: ResponseItem, call: ToolCall) -> None:
        """Run a call; `item` is what the history holds of it."""
        slot = _Slot(item, call)
        self._slots.append(slot)
        self.count += 1
        self._nursery.start_soon(self._run, slot)

    async def abort(self) -> None:
        """Answer what has no output: the user stopped the turn. Nothing runs any more when this is called."""
        for slot in self._slots:
            if not slot.done:
                seconds = time.monotonic() - slot.started
                slot.output, slot.done = f"Wall time: {seconds:.1f} seconds\naborted by user", True
        self._storing = False
        await self._store()

    async def _run(self, slot: _Slot) -> None:
        call = slot.call
        try:
            if call.refusal:
                raise ToolFailure(call.refusal)
            tool = self._registry.find(call)
            async with self._lock.join(shared=tool.parallel and self._parallel):
                slot.output = await self._output(tool, call)
        except ToolFailure as failure:
            slot.output = str(failure) + _as_written(slot)
        slot.done = True
        await self._store()
        await self._context.approvals.close_call()

    async def _output(self, tool: Tool, call: ToolCall) -> Any:
        try:
            return (await tool.run(call, self._context)).content
        except ToolFailure:
            raise
        except Exception as error:
            # A tool that breaks must not take the turn with it: the model can work around it.
            _log.exception("tool %s broke", call.name)
            return f"{call.name} failed: {error}"

    async def _store(self) -> None:
        """Store the outputs that are next in order; one task at a time, so that the order holds."""
        if self._storing:
            return
        self._storing = True
        try:
            while self._slots and self._slots[0].done:
                slot = self._slots.pop(0)
                await self._log.history(output_item(slot.item, slot.output))
        finally:
            self._storing = False


def _as_written(slot: _Slot) -> str:
    """Return what the model wrote, for a call of which the history cannot hold it."""
    written = slot.call.arguments
    if slot.call.refusal or slot.call.kind != "function" or not written or slot.item["arguments"] == written:
        return ""
    shown = written if len(written) <= _MAX_QUOTED else f"{written[:_MAX_QUOTED]}…"
    return f"\nThe arguments must be the text of a JSON object; they were: {shown}"
