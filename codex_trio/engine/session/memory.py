"""What the model of a thread has seen: read from the rollout when it is first needed, then kept beside it.

Owns the order between the rollout and the model's history. Does not own the history's rules (engine/history.py), the
file (state), or what is worth remembering.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import trio

from codex_trio.engine.history import ModelHistory
from codex_trio.engine.refusals import without_refused
from codex_trio.engine.response_items import ResponseItem, clean_all
from codex_trio.engine.session.warnings import ThreadWarnings
from codex_trio.model.errors import ModelError
from codex_trio.state.history.recorder import ThreadRecorder
from codex_trio.state.rollout.lines import Compacted, Payload
from codex_trio.state.rollout.lines import ResponseItem as ResponseLine
from codex_trio.tools.pictures import ModelPictures
from codex_trio.tools.truncate import fit_item

REFUSED_IS_LEFT_OUT = "The provider refused a part of this conversation. The thread goes on without it."


class Memory:
    """`pictures` makes pictures fit for the thread's model, which reads `output_limit` tokens of a tool's output."""

    def __init__(
        self,
        recorder: ThreadRecorder,
        *,
        pictures: Callable[[], ModelPictures],
        output_limit: Callable[[], int],
        warnings: ThreadWarnings,
    ) -> None:
        self.history = ModelHistory()
        """Complete once `recall` has returned."""
        self.window = 0
        """How many times the history has been replaced by a summary."""
        self.is_to_begin_anew = False
        """Whether the history is to be replaced by nothing but what the user said, before the model is asked again."""
        self._recorder = recorder
        self._pictures = pictures
        self._output_limit = output_limit
        self._warnings = warnings
        self._recalling = trio.Lock()
        self._remembering = trio.Lock()
        self._has_recalled = False

    async def recall(self) -> None:
        """Read what the model has seen so far, on the first call. Raises RolloutReadError, RolloutWriteError.

        What was accepted before the process ended that accepted it belongs to it, and is stored as heard.
        """
        if self._has_recalled:
            return
        async with self._recalling:
            if not self._has_recalled:
                await self._recorder.take_up_inputs()
                past = await self._recorder.model_past()
                # Off the loop, since it may be long.
                known = await trio.to_thread.run_sync(clean_all, past.items)
                checked = await self._pictures().checked(known)
                await trio.to_thread.run_sync(self.history.extend, checked)
                self.window = past.window
                self._has_recalled = True

    async def record(self, payloads: Sequence[Payload]) -> None:
        """Append lines to the rollout. Raises RolloutWriteError when they cannot be stored."""
        await self._recorder.append(payloads)

    async def remember(self, items: Sequence[ResponseItem], payloads: Sequence[Payload] = ()) -> Sequence[ResponseItem]:
        """Add items to the model's history, stored in one write with the lines that come before them.

        Returns them as they are stored.
        """
        return await self.store([*payloads, *items])

    async def store(self, entries: Sequence[Payload | ResponseItem]) -> Sequence[ResponseItem]:
        """Store lines in one write; those that are items are added to the model's history, and returned as they are
        there: outputs have the length that a model reads, whoever gave them.
        """
        await self.recall()
        limit = self._output_limit()
        entries = [fit_item(entry, max_tokens=limit) if isinstance(entry, dict) else entry for entry in entries]
        items = [entry for entry in entries if isinstance(entry, dict)]
        async with self._remembering:
            if entries:
                await self.record([ResponseLine.of(one) if isinstance(one, dict) else one for one in entries])
            self.history.extend(items)
        return items

    async def compact(self, items: Sequence[ResponseItem], *, of: int, summary: str, lines: Sequence[Payload]) -> None:
        """Remember those items in place of the first `of` ones, stored in one write with lines that come after.

        Raises RolloutWriteError: nothing has changed then.
        """
        async with self._remembering:
            new = [*items, *self.history.items[of:]]
            compacted = Compacted(message=summary, replacement_history=new, window_number=self.window + 1)
            await self.record([compacted, *lines])
            self.window += 1
            self.is_to_begin_anew = False
            self.history.replace(new)

    async def leave_out_refused(self, error: ModelError) -> None:
        """Take out of the history what the provider refused, if that is a part that can be done without.

        Later turns, also after a restart, go on without it.
        """
        async with self._remembering:
            items = without_refused(self.history.items, self.history.answered, error)
            if items is None:
                return
            await self.record([Compacted(message="", replacement_history=items, window_number=self.window)])
            self.history.replace(items)
        self._warnings.tell(REFUSED_IS_LEFT_OUT)
