"""What is remembered of former threads, as users see it: the summary, how far it goes, and forgetting.

Owns the order between the store of memories, which is the truth, and the folder that is written from it. Does not own
making memories (maker.py).
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import msgspec
import trio

from codex_trio.engine.memories.notes import NOTES_FOLDER, SUMMARY_FILE, note, note_name
from codex_trio.files.memories import MemoryFolder
from codex_trio.state.store.interface import ThreadStoreError
from codex_trio.state.store.memories import Memories, MemoryClaim, ThreadMemory

MOST = 4096
"""How many memories are looked at at once."""


class MemoryStatus(msgspec.Struct, frozen=True, kw_only=True):
    """How many threads the summary covers, and whether there is nothing of older releases left to be taken over."""

    consolidated: int
    is_ready: bool


class KeptMemories:
    """Raises ThreadStoreError, and OSError where a folder is read or written."""

    def __init__(self, memories: Memories, codex_home: Path) -> None:
        self.memories = memories
        self.folder = MemoryFolder(codex_home)
        self._writing = trio.Lock()

    async def summary(self) -> str | None:
        """Return the summary of everything; None when there is none."""
        found = await self.folder.summary()
        return None if found is None else found[0]

    async def status(self, *, wanted: int | None) -> MemoryStatus:
        """Return how far the summary goes; ready is one of so many threads, or one that nothing precedes."""
        consolidated = 0 if self.memories.problem else len(await self.memories.consolidated())
        is_ready = consolidated >= (wanted or 1) or not await self.folder.has_former()
        return MemoryStatus(consolidated=consolidated, is_ready=is_ready)

    async def forget(self, thread_ids: Sequence[str]) -> None:
        """Forget threads that are gone."""
        if not self.memories.problem:
            await self.memories.forget(thread_ids)

    async def reset(self) -> None:
        """Forget everything. Raises ThreadStoreError where only the folders could be emptied, too."""
        problem = self.memories.problem
        async with self._writing:
            if not problem:
                await self.memories.reset()
            # Behind that: another server that writes a summary meanwhile has done so, or finds that there is none.
            async with self.folder.alone():
                await self.folder.clear()
        if problem:
            raise ThreadStoreError("internal", f"only the folders of memories could be emptied: {problem}")

    async def base(self) -> str:
        """Return the summary that the next one goes on from; empty when there is none."""
        return await self.summary() or ""

    async def commit(self, claim: MemoryClaim, memories: Sequence[ThreadMemory], summary: str, *, base: str) -> bool:
        """Keep a summary and write it where it is found; False when it is void, since somebody else wrote one."""
        async with self._writing, self.folder.alone():
            if await self.base() != base:
                return False
            if not await self.memories.finish_consolidation(claim, memories, summary):
                return False
            await self._publish()
            return True

    async def publish(self) -> None:
        """Write the latest summary where it is found, unless that was done: a process may have died in between."""
        async with self._writing:
            if await self._unpublished() is None:
                return
            async with self.folder.alone():
                await self._publish()

    async def _publish(self) -> None:
        text = await self._unpublished()
        if text is None:
            return
        known = [one for one in await self.memories.selected(limit=MOST, since_ms=0) if one.consolidated_ms is not None]
        await self.folder.publish(text, {note_name(one): note(one) for one in known})
        await self.memories.published(text)

    async def _unpublished(self) -> str | None:
        summary = await self.memories.summary()
        return None if summary is None or summary.is_published else summary.text


def workshop_files(memories: Sequence[ThreadMemory], base: str) -> dict[str, str]:
    """Return what the agent that brings memories together finds in its folder."""
    notes = {f"{NOTES_FOLDER}/{note_name(one)}": note(one) for one in memories}
    return {**notes, **({SUMMARY_FILE: base} if base else {})}
