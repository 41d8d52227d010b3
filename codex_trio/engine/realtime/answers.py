"""How what the agent says reaches a voice model. Pure.

Owns which of it does, in which form and with which mark. Does not own the words themselves (protocol.py) or when the
agent says something (threads/realtime/session.py).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal, TypeAlias

import msgspec

from codex_trio.domain.realtime import VoiceVersion
from codex_trio.engine.realtime import protocol
from codex_trio.engine.realtime.protocol import Channel, Event

HandoffMode: TypeAlias = Literal["thinking", "commentary", "bemTags"]

CHANNEL_PREFIXES: Mapping[str, Sequence[str]] = {"analysis": ("[ANALYSIS]",), "commentary": ("[COMMENTARY]",)}
"""What an answer begins with that is for the voice model alone, by the channel of the agent that it is of."""

CHANNELS = ("analysis", "commentary", "final", "speakable")
"""The channels that prefixes may be given for. What has none of the first two's is to be said aloud."""


class AnswerForm(msgspec.Struct, frozen=True, kw_only=True):
    """What a client wants of that. `as_items`: as messages of their own, not as answers to what was asked."""

    is_passed_on: bool = True
    as_items: bool = False
    item_prefix: str | None = None
    mode: HandoffMode = "thinking"
    tells_reasoning: bool = False
    prefixes: Mapping[str, Sequence[str]] = msgspec.field(default_factory=lambda: CHANNEL_PREFIXES)

    def said(self, version: VoiceVersion, text: str, *, handoff_id: str | None, is_final: bool) -> Event:
        """Return what a voice model is told of a message of the agent; `handoff_id` is of what it was asked."""
        if version == "v3":
            told = self._prefixed(text) if self.as_items else text
            delegation_id = None if self.as_items else handoff_id
            return protocol.context(told, delegation_id=delegation_id, channel=self._channel(text))
        if version == "v2":
            told = f"[BACKEND] {text}"
            return protocol.message("developer", self._prefixed(told)) if self.as_items else aloud(version, text)
        if self.as_items:
            return protocol.message("developer", self._prefixed(text))
        return protocol.handoff_text(handoff_id, f'"Agent Final Message":\n\n{text}' if is_final else text)

    def thought(self, version: VoiceVersion, summary: str, *, handoff_id: str | None) -> Event | None:
        """Return what a voice model is told of what the agent thinks, not to be said aloud."""
        if not self.tells_reasoning or version != "v3" or handoff_id is None:
            return None
        return protocol.context(f"[STATUS] {summary}", delegation_id=handoff_id, channel="commentary")

    def _prefixed(self, text: str) -> str:
        return f"{self.item_prefix}\n\n{text}" if self.item_prefix else text

    def _channel(self, text: str) -> Channel | None:
        match self.mode:
            case "thinking":
                return None
            case "commentary":
                return "commentary"
            case "bemTags":
                quiet = (*self.prefixes.get("analysis", ()), *self.prefixes.get("commentary", ()))
                is_quiet = any(prefix and text.startswith(prefix) for prefix in quiet)
                return "commentary" if is_quiet else "speakable"


def aloud(version: VoiceVersion, text: str) -> Event:
    """Return what a voice model is to say."""
    match version:
        case "v1":
            return protocol.handoff_text(None, text)
        case "v2":
            return protocol.message("user", f"[BACKEND] {text}")
        case "v3":
            return protocol.context(text, channel="speakable")
