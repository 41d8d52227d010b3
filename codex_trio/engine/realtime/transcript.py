"""What is said in a voice session, as items: one for each time that somebody speaks.

Owns which piece belongs to which item, and what was said since the agent was last asked. Pure.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

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


class VoiceTranscript:
    def __init__(self, session_id: str) -> None:
        self._session_id = session_id
        self._open: dict[SpeakerRole, Spoken] = {}
        self._pieces: dict[SpeakerRole, list[str]] = {}
        self._said: list[tuple[SpeakerRole, str]] = []

    def add(self, role: SpeakerRole, delta: str) -> Iterator[VoiceNews]:
        """Yield what clients hear of another piece."""
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
        self._note(role, text)
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
        return self._said

    def take(self, prompt: str) -> Sequence[tuple[SpeakerRole, str]]:
        """Return what was said since the last time, the prompt last."""
        self._note("user", prompt)
        said, self._said = self._said, []
        return said

    def _piece(self, role: SpeakerRole, delta: str) -> Iterator[VoiceNews]:
        item = self._open.get(role)
        if item is None:
            item = Spoken(id=uuid7(), session_id=self._session_id, observed_at_ms=now_ms(), role=role, text="")
            self._open[role], self._pieces[role] = item, []
            yield VoiceItemStarted(item)
        self._pieces[role].append(delta)
        yield VoiceItemDelta(item_id=item.id, delta=delta)

    def _note(self, role: SpeakerRole, text: str) -> None:
        self._said.append((role, text))
        while len(self._said) > 1 and sum(len(said) for _, said in self._said) > MAX_SAID:
            self._said.pop(0)
