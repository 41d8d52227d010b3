"""What a voice session is to be: what the client asks for, and the user's settings.

Owns the rules of which generation, model, voice and words a session has. Does not own the protocol (engine/realtime).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal, TypeAlias

import msgspec
from msgspec import UNSET, UnsetType

from codex_trio.config.settings import EffectiveConfig
from codex_trio.domain.realtime import VoiceVersion
from codex_trio.engine.realtime import words
from codex_trio.engine.realtime.protocol import DEFAULT_MODEL, DEFAULT_VOICES, VOICES
from codex_trio.model.realtime import RealtimeFailure


class OverSocket(msgspec.Struct, frozen=True):
    """Sound goes over the websocket."""


class OverCall(msgspec.Struct, frozen=True):
    """The client talks to the realtime server itself, and offers a call."""

    sdp: str


class InCall(msgspec.Struct, frozen=True):
    """The client is in a call already."""

    call_id: str


Way: TypeAlias = OverSocket | OverCall | InCall


class VoiceWish(msgspec.Struct, frozen=True, kw_only=True):
    """What a client asks for. A prompt of None is none at all, UNSET leaves it to the settings."""

    way: Way
    modality: Literal["text", "audio"]
    session_id: str | None = None
    version: VoiceVersion | None = None
    model: str | None = None
    voice: str | None = None
    prompt: str | UnsetType | None = UNSET
    tells_where: bool = True
    """Whether the voice model is told where the thread works."""
    agent_began: str | None = None
    agent_ended: str | None = None
    """What the agent is told when the session begins and ends; None for the usual words."""
    hands_off: bool = True
    """Whether the agent does what the voice model wants of it; else that is the client's to see to."""
    has_initial_items: bool = False


class VoicePlan(msgspec.Struct, frozen=True, kw_only=True):
    """What a session is to be, settled."""

    version: VoiceVersion
    model: str
    voice: str
    instructions: str


def plan_of(wish: VoiceWish, config: EffectiveConfig) -> VoicePlan:
    """Return what a session is to be. Raises RealtimeFailure for what cannot be."""
    version: VoiceVersion = wish.version or ("v2" if isinstance(wish.way, OverSocket) else "v1")
    if wish.has_initial_items and version != "v3":
        raise RealtimeFailure("initial realtime items require realtime v3")
    if version == "v3":
        raise RealtimeFailure("realtime v3 is not spoken by this server; ask for `version` v1 or v2")
    if version == "v2" and not isinstance(wish.way, OverSocket):
        raise RealtimeFailure("AVAS realtime calls require realtime v1 or v3")
    voice = wish.voice or DEFAULT_VOICES[version]
    if voice not in VOICES[version]:
        supported = ", ".join(VOICES[version])
        raise RealtimeFailure(f"realtime voice `{voice}` is not supported for {version}; supported voices: {supported}")
    table = config.merged
    prompt = wish.prompt
    if prompt is UNSET:
        prompt = _text(table, "experimental_realtime_ws_backend_prompt") or words.INSTRUCTIONS
    where = _text(table, "experimental_realtime_ws_startup_context")
    if where is None:
        where = words.startup_context(config.cwd)
    return VoicePlan(
        version=version,
        model=wish.model or _text(table, "experimental_realtime_ws_model") or DEFAULT_MODEL,
        voice=voice,
        instructions=words.instructions(prompt, where if wish.tells_where else None),
    )


def agent_began(wish: VoiceWish, config: EffectiveConfig) -> str:
    """Return what the agent is told when a session begins."""
    return wish.agent_began or _text(config.merged, "experimental_realtime_start_instructions") or words.AGENT_BEGAN


class RealtimeBases(msgspec.Struct, frozen=True, kw_only=True):
    """Where realtime servers are: those of the settings, else the provider's."""

    socket: str | None
    call: str | None


def bases_of(config: EffectiveConfig) -> RealtimeBases:
    """Return the addresses that the user's settings name."""
    socket = _text(config.merged, "experimental_realtime_ws_base_url")
    call = _text(config.merged, "experimental_realtime_webrtc_call_base_url")
    return RealtimeBases(socket=socket or None, call=call or socket or None)


def _text(table: Mapping[str, Any], name: str) -> str | None:
    value = table.get(name)
    return value if isinstance(value, str) else None
