"""Messages of users that wait until their thread is free: what a store of them promises.

A message stays in the store until the turn that takes it up has stored it: first it is claimed for that turn, and when
the turn's rollout holds it, it is finished. One that is claimed waits no more, and is yet there to be released when the
turn never stored it. Does not own when messages are taken up (threads/queue.py).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Protocol

import msgspec


class QueuedInput(msgspec.Struct, frozen=True, kw_only=True):
    """A message that waits: input parts in the rollout's form, and what comes along with it.

    `turn_id` is the turn that it is claimed for.
    """

    id: str
    content: list[dict[str, Any]]
    client_id: str
    metadata: Mapping[str, str] | None = None
    turn_id: str | None = None


class InputQueues(Protocol):
    """The queues of all threads, by thread id; only `claimed`, `release` and `finish` know those that are claimed.

    Raises ThreadStoreError (internal) when what is kept cannot be had.
    """

    async def append(self, thread_id: str, queued: QueuedInput) -> None:
        """Put a message at the end of a queue."""
        ...

    async def replace(
        self, thread_id: str, queued_id: str, *, content: list[dict[str, Any]], metadata: Mapping[str, str] | None
    ) -> QueuedInput | None:
        """Say something else in a message that waits; the message, None when it does not wait. No metadata keeps it."""
        ...

    async def remove(self, thread_id: str, queued_id: str) -> bool:
        """Take a message out; False when it does not wait."""
        ...

    async def arrange(self, thread_id: str, queued_ids: Sequence[str]) -> bool:
        """Put all messages that wait into this order; False, and nothing changed, unless each is named once."""
        ...

    async def waiting(self, thread_id: str, *, offset: int = 0, limit: int | None = None) -> Sequence[QueuedInput]:
        """Return messages that wait, in their order, some of the first ones left out."""
        ...

    async def claim(self, thread_id: str, turn_id: str, *, queued_id: str | None = None) -> QueuedInput | None:
        """Claim a message for a turn, the first one unless it is named; None when no such message waits."""
        ...

    async def claimed(self, thread_id: str) -> Sequence[QueuedInput]:
        """Return the messages that turns have claimed."""
        ...

    async def release(self, thread_id: str, turn_id: str) -> None:
        """Let what a turn has claimed wait again, at its place."""
        ...

    async def finish(self, thread_id: str, turn_id: str) -> None:
        """Forget what a turn has claimed: it has been stored."""
        ...

    async def forget(self, thread_ids: Iterable[str]) -> None:
        """Forget all messages of threads that are gone."""
        ...
