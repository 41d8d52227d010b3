"""What is said in a voice session, as items: one for each time that somebody speaks.

Owns which piece belongs to which item, and what was said since the agent was last asked. Pure.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator, Sequence

import msgspec

from codex_trio.domain.ids import uuid7
from codex_trio.domain.realtime import (
    SpeakerRole,
    Spoken,
    VoiceItemCompleted,
    VoiceItemDelta,
    VoiceItemStarted,
    VoiceNews,
    VoiceTranscriptDelta,
    VoiceTranscriptDone,
)
from codex_trio.util.clock import now_ms

MAX_SAID = 100_000
"""How many characters are kept of what was said since the agent was last asked."""

MAX_ITEM = 1 << 20
"""How many characters an item has at most; one who goes on has another begin."""


class _Saying(msgspec.Struct):
    """What somebody said without being interrupted, as far as the agent does not know it; `item_id` is that of all."""

    role: SpeakerRole
    text: str
    item_id: str


class _Said:
    """What was said since the agent was last asked, in order, the last `MAX_SAID` characters of it."""

    def __init__(self) -> None:
        self._sayings: deque[_Saying] = deque()
        self._size = 0
        self._partly_taken: set[str] = set()

    def add(self, role: SpeakerRole, text: str, item_id: str) -> None:
        """Take another piece into account."""
        last = self._sayings[-1] if self._sayings else None
        if last is not None and last.item_id == item_id:
            last.text += text
        else:
            self._sayings.append(_Saying(role, text, item_id))
        self._grow(len(text))

    def complete(self, item_id: str, text: str) -> None:
        """Have an item be what the server says at its end, all in one, unless the agent knows some of it."""
        pieces = [saying for saying in self._sayings if saying.item_id == item_id]
        if item_id in self._partly_taken:
            self._partly_taken.discard(item_id)
        elif pieces:
            first, *others = pieces
            before = sum(len(piece.text) for piece in pieces)
            first.text = text
            for other in others:
                self._sayings.remove(other)
            self._grow(len(text) - before)

    def show(self) -> list[tuple[SpeakerRole, str]]:
        return [(saying.role, saying.text) for saying in self._sayings]

    def take(self, open_items: Iterable[str]) -> list[tuple[SpeakerRole, str]]:
        """Return all of it and begin anew; the items that go on are known in part from now on."""
        said = self.show()
        self._partly_taken = {*open_items} & (self._partly_taken | {saying.item_id for saying in self._sayings})
        self._sayings.clear()
        self._size = 0
        return said

    def _grow(self, by: int) -> None:
        self._size += by
        while len(self._sayings) > 1 and self._size > MAX_SAID:
            self._size -= len(self._sayings.popleft().text)
        if self._size > MAX_SAID:
            only = self._sayings[0]
            only.text = only.text[-MAX_SAID:]
            self._size = len(only.text)


class VoiceTranscript:
    def __init__(self, session_id: str) -> None:
        self._session_id = session_id
        self._open: dict[SpeakerRole, Spoken] = {}
        self._pieces: dict[SpeakerRole, list[str]] = {}
        self._lengths: dict[SpeakerRole, int] = {}
        self._said = _Said()

    def add(self, role: SpeakerRole, delta: str) -> Iterator[VoiceNews]:
        """Yield what clients hear of another piece; an item that is completed is to be kept before that is told."""
        if role in self._open and self._lengths[role] + len(delta) > MAX_ITEM:
            yield from self.complete(role, "")
        yield from self._piece(role, delta)
        yield VoiceTranscriptDelta(role=role, delta=delta)

    def complete(self, role: SpeakerRole, text: str) -> Iterator[VoiceNews]:
        """Yield what clients hear of the end; the item that is completed is to be kept before that is told."""
        if role not in self._open and text:
            yield from self._piece(role, text)
        item = self._open.pop(role, None)
        if item is None:
            return
        text = text or "".join(self._pieces[role])
        del self._pieces[role]
        self._said.complete(item.id, text)
        whole = Spoken(id=item.id, session_id=item.session_id, observed_at_ms=item.observed_at_ms, role=role, text=text)
        yield VoiceItemCompleted(whole)
        yield VoiceTranscriptDone(role=role, text=text)

    def finish(self) -> Iterator[VoiceNews]:
        """Yield the ends of what was being said when the session ended."""
        roles: list[SpeakerRole] = list(self._open)
        for role in roles:
            yield from self.complete(role, "")

    @property
    def said(self) -> Sequence[tuple[SpeakerRole, str]]:
        """What was said since the agent was last asked."""
        return self._said.show()

    def take(self, prompt: str | None = None) -> Sequence[tuple[SpeakerRole, str]]:
        """Return what was said since the last time, the prompt last."""
        if prompt:
            self._said.add("user", prompt, uuid7())
        return self._said.take(item.id for item in self._open.values())

    def _piece(self, role: SpeakerRole, delta: str) -> Iterator[VoiceNews]:
        item = self._open.get(role)
        if item is None:
            item = Spoken(id=uuid7(), session_id=self._session_id, observed_at_ms=now_ms(), role=role, text="")
            self._open[role], self._pieces[role], self._lengths[role] = item, [], 0
            yield VoiceItemStarted(item)
        self._pieces[role].append(delta)
        self._lengths[role] += len(delta)
        self._said.add(role, delta, item.id)
        yield VoiceItemDelta(item_id=item.id, delta=delta)
