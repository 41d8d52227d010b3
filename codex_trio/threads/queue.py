"""Messages that wait until their thread is free, as clients see and change them.

Owns the verbs, for loaded threads and others, and which runner takes up the messages of a loaded one. Does not own when
that is (threads/queue_runner.py) or where messages are kept (the store).
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Generator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, NamedTuple

from codex_trio.domain.ids import uuid7
from codex_trio.engine.tasks.turn import Turn
from codex_trio.state.store.interface import ThreadStore, ThreadStoreError
from codex_trio.state.store.queues import InputQueues, QueuedInput
from codex_trio.threads import errors
from codex_trio.threads.clients import ThreadClients
from codex_trio.threads.errors import ThreadError
from codex_trio.threads.live import LiveThread
from codex_trio.threads.loaded import LoadedThreads
from codex_trio.threads.queue_runner import QueueRunner, not_queued, settle
from codex_trio.threads.requests import PendingAnswer
from codex_trio.tools.inlined import AttachmentProblem, inlined
from codex_trio.tools.pictures import Pictures
from codex_trio.util.paging import page_size


class QueuePage(NamedTuple):
    """Some of the messages of a queue; `next_offset` is where the next page begins."""

    messages: Sequence[QueuedInput]
    next_offset: int | None


class ThreadQueues:
    """Thread ids are as a request gave them, in canonical form."""

    def __init__(
        self,
        queues: InputQueues,
        *,
        store: ThreadStore,
        loaded: LoadedThreads,
        clients: ThreadClients,
        pictures: Pictures,
    ) -> None:
        self._queues = queues
        self._store = store
        self._loaded = loaded
        self._clients = clients
        self._pictures = pictures
        self._runners: dict[str, QueueRunner] = {}

    @contextmanager
    def running(self, live: LiveThread, *, otherwise: Callable[[], Awaitable[None]]) -> Generator[QueueRunner]:
        """Provide the runner of a thread, to be run while the thread is loaded.

        `otherwise` does what is to be done when the thread is free and no message is to be taken up.
        """
        runner = self._runners[live.id] = QueueRunner(live, self._queues, self._clients, otherwise=otherwise)
        try:
            yield runner
        finally:
            if self._runners.get(live.id) is runner:
                del self._runners[live.id]

    def wake(self, thread_id: str) -> None:
        """Take up what waits for a loaded thread, if nothing speaks against it."""
        runner = self._runners.get(thread_id)
        if runner is not None:
            runner.wake()

    async def append(
        self, thread_id: str, content: list[dict[str, Any]], *, client_id: str, metadata: Mapping[str, str] | None
    ) -> QueuedInput:
        """Let a message wait behind all others. It is kept as it is now: files that it names are read.

        Raises RolloutWriteError, ThreadError, ThreadStoreError, UnreadableThread.
        """
        live = await self._checked(thread_id)
        content = await self._inlined(content)
        if live is not None:
            # Whatever ends this process, there will be a thread that the message waits for.
            await live.keep()
        queued = QueuedInput(id=uuid7(), content=content, client_id=client_id, metadata=metadata)
        await self._queues.append(thread_id, queued)
        self._tell_changed(thread_id)
        return queued

    async def replace(
        self, thread_id: str, queued_id: str, content: list[dict[str, Any]], *, metadata: Mapping[str, str] | None
    ) -> QueuedInput:
        """Say something else in a message that waits; without metadata it keeps what it has.

        Raises ThreadError, ThreadStoreError, UnreadableThread.
        """
        await self._checked(thread_id)
        content = await self._inlined(content)
        changed = await self._queues.replace(thread_id, queued_id, content=content, metadata=metadata)
        if changed is None:
            raise not_queued(queued_id)
        self._tell_changed(thread_id)
        return changed

    async def remove(self, thread_id: str, queued_id: str) -> bool:
        """Take a message out; False when it does not wait. Raises ThreadError, ThreadStoreError, UnreadableThread."""
        await self._checked(thread_id)
        removed = await self._queues.remove(thread_id, queued_id)
        if removed:
            self._tell_changed(thread_id)
        return removed

    async def arrange(self, thread_id: str, queued_ids: Sequence[str]) -> None:
        """Put all messages that wait into an order. Raises ThreadError, ThreadStoreError, UnreadableThread."""
        await self._checked(thread_id)
        if not await self._queues.arrange(thread_id, queued_ids):
            raise ThreadError("queue reorder must include every queued submission exactly once")
        self._tell_changed(thread_id)

    async def page(self, thread_id: str, *, offset: int, limit: int | None) -> QueuePage:
        """Return some of the messages that wait. Raises ThreadError, ThreadStoreError, UnreadableThread."""
        await self._checked(thread_id)
        size = page_size(limit, most=None)
        found = await self._queues.waiting(thread_id, offset=offset, limit=size + 1)
        return QueuePage(found[:size], offset + size if len(found) > size else None)

    async def start(self, thread_id: str, queued_id: str | None, answer: PendingAnswer) -> Turn:
        """Take a message up now, the first one unless it is named; the turn, once the message is stored.

        Raises RulesError, ShuttingDown, ThreadError, ThreadStoreError, UnreadableThread.
        """
        await self._checked(thread_id)
        runner = self._runners.get(thread_id)
        if runner is None:
            raise ThreadError("resume the thread before starting a queued message")
        return await runner.start(queued_id, answer)

    async def forget(self, thread_ids: Sequence[str]) -> None:
        """Forget what waits for threads that are gone. Raises ThreadStoreError."""
        await self._queues.forget(thread_ids)

    async def _checked(self, thread_id: str) -> LiveThread | None:
        """Return the thread if it is loaded; one that has a queue in any case, of which is known what waits.

        Raises ThreadError, ThreadStoreError, UnreadableThread.
        """
        live = self._loaded.find(thread_id)
        if live is None:
            await self._settle_stored(thread_id)
        elif live.is_ephemeral:
            raise ThreadError(f"ephemeral thread does not support queued submissions: {thread_id}")
        elif (runner := self._runners.get(thread_id)) is not None:
            await runner.ready.wait()
        return live

    async def _settle_stored(self, thread_id: str) -> None:
        found = await self._store.locate(thread_id)
        if found is None:
            raise errors.UnreadableThread(thread_id)
        if found.is_archived:
            raise errors.archived(thread_id)
        if not await self._queues.claimed(thread_id):
            return
        try:
            async with self._store.writing(thread_id):
                await settle(self._queues, thread_id, await self._store.history(found))
        except ThreadStoreError as error:
            # Another server has the thread loaded, and sees to it.
            if error.kind != "conflict":
                raise

    async def _inlined(self, content: list[dict[str, Any]]) -> list[dict[str, Any]]:
        if not content:
            raise ThreadError("only user input can be added to the user-message queue")
        try:
            return await inlined(content, self._pictures)
        except AttachmentProblem as problem:
            raise ThreadError(f"local queued attachment is invalid: {problem}") from problem

    def _tell_changed(self, thread_id: str) -> None:
        live = self._loaded.find(thread_id)
        if live is not None:
            self._clients.tell_queue_changed(thread_id, live.subscribers)
