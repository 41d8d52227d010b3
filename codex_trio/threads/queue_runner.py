"""When the messages that wait for one loaded thread are taken up.

A message is taken up once: it is claimed for a turn before that turn begins, and forgotten when the turn has stored it.
Whatever ends the process in between, the rollout then says which of the two happened. Owns the order of these steps,
and when the queue goes on or stops. Does not own the queue (the store) or what clients ask of it (threads/queue.py).
"""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Sequence

import trio

from codex_trio.domain.ids import uuid7
from codex_trio.engine import events
from codex_trio.engine.session.session import TurnInProgress
from codex_trio.engine.settings import TurnOverrides
from codex_trio.engine.tasks.turn import Turn
from codex_trio.engine.turn_gate import ShuttingDown
from codex_trio.engine.turn_request import MetadataChange, TurnRequest, UserInput
from codex_trio.execpolicy.rules import RulesError
from codex_trio.state.history.rollout_history import RolloutHistory
from codex_trio.state.store.interface import ThreadStoreError
from codex_trio.state.store.queues import InputQueues, QueuedInput
from codex_trio.threads.clients import ThreadClients
from codex_trio.threads.errors import ThreadError
from codex_trio.threads.live import LiveThread
from codex_trio.threads.requests import PendingAnswer

_log = logging.getLogger(__name__)

TRIGGER = "queue"
"""What made a turn begin, in its rollout and for the provider."""

_SAID_TO_MODEL = frozenset({"text", "image", "local_image"})


class QueueRunner:
    """A service: `run` it once, for as long as the thread is loaded.

    `otherwise` does what is to be done when the thread is free and no message is to be taken up.
    """

    def __init__(
        self,
        live: LiveThread,
        queues: InputQueues,
        clients: ThreadClients,
        *,
        otherwise: Callable[[], Awaitable[None]],
    ) -> None:
        self.ready = trio.Event()
        """Set when it is known what became of the messages that were claimed when the thread was last loaded."""
        self._live = live
        self._queues = queues
        self._clients = clients
        self._otherwise = otherwise
        self._nursery: trio.Nursery | None = None
        self._woken = trio.Event()
        self._starting = trio.Lock()
        self._settled = trio.Event()
        self._settled.set()
        # Who stopped the last turn wants to say something else first, or to look at what there is.
        self._is_stopped = _ended_interrupted(live.history)

    def heard(self, event: events.Event) -> None:
        """Note what the thread tells: after a turn comes the next message, unless the turn was stopped."""
        if isinstance(event, events.TurnEnded):
            self._is_stopped = event.status == "interrupted"
            self.wake()

    def wake(self) -> None:
        """Take the next message up, if there is one and nothing speaks against it."""
        self._woken.set()

    async def run(self) -> None:
        """Take messages up until cancelled."""
        async with trio.open_nursery() as self._nursery:
            try:
                await self._settle_former()
            finally:
                self.ready.set()
            while True:
                await self._woken.wait()
                self._woken = trio.Event()
                await self._go_on()

    async def start(self, queued_id: str | None, answer: PendingAnswer) -> Turn:
        """Take a message up now, the first one unless it is named; the turn, once the message is stored.

        What it tells comes after the answer. Raises RulesError, ShuttingDown, ThreadError, ThreadStoreError.
        """
        if not self._live.runs_turn:
            turn = await self._start(queued_id, answer)
            if turn is not None:
                await turn.stored.wait()
                return turn
        if queued_id is not None and not _names(await self._queues.waiting(self._live.id), queued_id):
            raise not_queued(queued_id)
        if not await self._queues.waiting(self._live.id, limit=1):
            raise ThreadError("queue is empty")
        raise ThreadError("thread already has an active or pending turn")

    async def _go_on(self) -> None:
        await self._settled.wait()
        if self._live.runs_turn or self._live.is_ephemeral:
            return
        try:
            if not self._is_stopped and await self._queues.waiting(self._live.id, limit=1):
                await self._start(None, None)
                return
        except ShuttingDown:
            # It waits for the next server.
            return
        except (RulesError, ThreadStoreError) as error:
            self._is_stopped = True
            self._live.warn(f"A message that waits in the queue could not be taken up: {error}")
            return
        # What somebody has said comes first.
        await self._otherwise()

    async def _start(self, queued_id: str | None, answer: PendingAnswer | None) -> Turn | None:
        """Begin a turn with a message; None when there is no such message, or another turn was faster."""
        async with self._starting:
            await self._settled.wait()
            await self._live.prepare_turn()
            # Claimed and not begun, a message would wait for the thread to be loaded anew.
            with trio.CancelScope(shield=True):
                return await self._begin(queued_id, answer)
            raise AssertionError("a scope that nobody cancels ends its block")

    async def _begin(self, queued_id: str | None, answer: PendingAnswer | None) -> Turn | None:
        turn_id = uuid7()
        queued = await self._queues.claim(self._live.id, turn_id, queued_id=queued_id)
        if queued is None:
            return None
        try:
            turn = self._live.launch_turn(_request(turn_id, queued), TurnOverrides(), answer=answer)
        except TurnInProgress:
            await self._queues.release(self._live.id, turn_id)
            return None
        except ShuttingDown:
            await self._queues.release(self._live.id, turn_id)
            raise
        self._tell_changed()
        self._settled = trio.Event()
        assert self._nursery is not None
        self._nursery.start_soon(self._see_through, turn, queued)
        return turn

    async def _see_through(self, turn: Turn, queued: QueuedInput) -> None:
        """Forget a message when its turn has stored it; if that never happens, it waits again."""
        settled = self._settled
        try:
            for moment in (turn.stored, turn.ended):
                await moment.wait()
                if is_taken(self._live.history, queued):
                    await self._queues.finish(self._live.id, turn.id)
                    return
            # What cannot be stored now would fail again and again.
            self._is_stopped = True
            await self._queues.release(self._live.id, turn.id)
            self._tell_changed()
        except ThreadStoreError as error:
            # It is looked at again when the thread is loaded.
            _log.warning("thread %s: what became of a queued message is not noted: %s", self._live.id, error)
        finally:
            settled.set()

    async def _settle_former(self) -> None:
        history = self._live.history
        if history is None:
            return
        try:
            await settle(self._queues, self._live.id, history)
        except ThreadStoreError as error:
            _log.warning("thread %s: what became of queued messages is not known: %s", self._live.id, error)

    def _tell_changed(self) -> None:
        self._clients.tell_queue_changed(self._live.id, self._live.subscribers)


async def settle(queues: InputQueues, thread_id: str, history: RolloutHistory) -> None:
    """Decide by the history what became of messages that were claimed by turns which run no more.

    Raises ThreadStoreError.
    """
    for queued in await queues.claimed(thread_id):
        assert queued.turn_id is not None
        async with history.lock:
            taken = is_taken(history, queued)
        if taken:
            await queues.finish(thread_id, queued.turn_id)
        else:
            await queues.release(thread_id, queued.turn_id)


def is_taken(history: RolloutHistory | None, queued: QueuedInput) -> bool:
    """Return whether the turn that claimed a message has stored it."""
    if history is None or queued.turn_id is None:
        return False
    turn = history.index.turn(queued.turn_id)
    if turn is None:
        return False
    # What says nothing to the model leaves no item: the turn that began with it is all there is.
    says_something = any(part.get("type") in _SAID_TO_MODEL for part in queued.content)
    return not says_something or any(item.id == queued.id for item in history.index.snapshot(turn).items())


def not_queued(queued_id: str) -> ThreadError:
    """No such message waits."""
    return ThreadError(f"queued submission not found: {queued_id}")


def _names(waiting: Sequence[QueuedInput], queued_id: str) -> bool:
    return any(queued.id == queued_id for queued in waiting)


def _ended_interrupted(history: RolloutHistory | None) -> bool:
    """Return whether the last turn was stopped. One that a crash cut short was not."""
    turns = () if history is None else history.index.turns
    return bool(turns) and turns[-1].status == "interrupted"


def _request(turn_id: str, queued: QueuedInput) -> TurnRequest:
    given = UserInput(
        content=queued.content,
        client_id=queued.client_id,
        metadata=MetadataChange(replacement=queued.metadata),
        item_id=queued.id,
    )
    return TurnRequest(turn_id=turn_id, input=given, trigger=TRIGGER)
