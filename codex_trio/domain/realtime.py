"""Talking with a thread by voice, as every layer speaks of it: what is kept of it, what clients hear."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal, TypeAlias

import msgspec

VoiceVersion: TypeAlias = Literal["v1", "v2", "v3"]
SpeakerRole: TypeAlias = Literal["user", "assistant"]
Outcome: TypeAlias = Literal["ended", "failed"]

LINE_TYPE = "realtime_item"
"""The type of rollout lines that keep an item (form of 0.171.0)."""


class SessionBegan(msgspec.Struct, frozen=True, kw_only=True):
    """A voice session began."""

    id: str
    session_id: str
    observed_at_ms: int


class Spoken(msgspec.Struct, frozen=True, kw_only=True):
    """Something was said."""

    id: str
    session_id: str
    observed_at_ms: int
    role: SpeakerRole
    text: str


class SessionEnded(msgspec.Struct, frozen=True, kw_only=True):
    """A voice session is over."""

    id: str
    session_id: str
    observed_at_ms: int
    outcome: Outcome


RealtimeItem: TypeAlias = SessionBegan | Spoken | SessionEnded


def to_payload(item: RealtimeItem) -> dict[str, Any]:
    """Return the form of rollouts."""
    plain = {"id": item.id, "realtime_session_id": item.session_id, "observed_at_ms": item.observed_at_ms}
    match item:
        case SessionBegan():
            return {**plain, "type": "realtime_session_started"}
        case Spoken():
            said = {"role": item.role, "text": item.text}
            return {**plain, "type": "frame", "channels": {"voice_transcript": said}}
        case SessionEnded():
            return {**plain, "type": "realtime_session_closed", "outcome": item.outcome}


def from_payload(payload: Mapping[str, Any]) -> RealtimeItem | None:
    """Return what a rollout keeps, in the form of 0.169.0 or 0.171.0; None for what is not known here."""
    match payload:
        case {"id": str(item_id), "realtime_session_id": str(session_id)}:
            observed = payload.get("observed_at_ms")
            plain: dict[str, Any] = {
                "id": item_id,
                "session_id": session_id,
                "observed_at_ms": observed if isinstance(observed, int) else 0,
            }
        case _:
            return None
    match payload:
        case {"type": "realtime_session_started"}:
            return SessionBegan(**plain)
        case {"type": "realtime_session_closed", "outcome": "ended" | "failed" as outcome}:
            return SessionEnded(**plain, outcome=outcome)
        case {
            "type": "frame",
            "channels": {"voice_transcript": {"role": "user" | "assistant" as role, "text": str(text)}},
        } | {"type": "transcript_segment", "role": "user" | "assistant" as role, "text": str(text)}:
            return Spoken(**plain, role=role, text=text)
        case _:
            return None


# --- what clients hear ---


class VoiceStarted(msgspec.Struct, frozen=True, kw_only=True):
    session_id: str
    version: VoiceVersion


class VoiceSdp(msgspec.Struct, frozen=True):
    """The answer to a client's offer to talk by WebRTC."""

    sdp: str


class VoiceItemStarted(msgspec.Struct, frozen=True):
    item: RealtimeItem


class VoiceItemCompleted(msgspec.Struct, frozen=True):
    item: RealtimeItem


class VoiceItemDelta(msgspec.Struct, frozen=True, kw_only=True):
    item_id: str
    delta: str


class VoiceRawItem(msgspec.Struct, frozen=True):
    """Something that the realtime server said, as it said it."""

    item: Any


class VoiceTranscriptDelta(msgspec.Struct, frozen=True, kw_only=True):
    role: SpeakerRole
    delta: str


class VoiceTranscriptDone(msgspec.Struct, frozen=True, kw_only=True):
    role: SpeakerRole
    text: str


class VoiceAudio(msgspec.Struct, frozen=True, kw_only=True):
    """A piece of what the voice model says; `data` is base64."""

    data: str
    sample_rate: int
    channels: int
    item_id: str | None = None


class VoiceError(msgspec.Struct, frozen=True):
    message: str


class VoiceClosed(msgspec.Struct, frozen=True):
    reason: str


VoiceNews: TypeAlias = (
    VoiceStarted
    | VoiceSdp
    | VoiceItemStarted
    | VoiceItemCompleted
    | VoiceItemDelta
    | VoiceRawItem
    | VoiceTranscriptDelta
    | VoiceTranscriptDone
    | VoiceAudio
    | VoiceError
    | VoiceClosed
)
