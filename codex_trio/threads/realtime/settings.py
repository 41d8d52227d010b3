"""What a voice session is to be: what the client asks for, and the user's settings.

Owns the rules of which generation, model, voice and words a session has. Does not own the protocol (engine/realtime).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal, TypeAlias, cast

import msgspec
from msgspec import UNSET, UnsetType

from codex_trio.config.schema import VOICES
from codex_trio.config.settings import EffectiveConfig
from codex_trio.domain.realtime import VoiceVersion
from codex_trio.engine.realtime import words
from codex_trio.engine.realtime.answers import AnswerForm
from codex_trio.engine.realtime.protocol import (
    DEFAULT_MODELS,
    DEFAULT_VOICES,
    Event,
    InitialText,
    SessionWish,
    session_of,
)
from codex_trio.model.realtime import FORM_BOUNDARY, RealtimeFailure
from codex_trio.tools.truncate import token_estimate

MAX_INITIAL = 128
MAX_INITIAL_TOKENS = 8192
MAX_NAME = 1024


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
    answers: AnswerForm = AnswerForm()
    acknowledges: bool | None = None
    tells_tail: bool = False
    """Whether the agent is told, at the end, what was said since it was last asked for something."""
    begins_with: Sequence[InitialText] = ()


class VoicePlan(msgspec.Struct, frozen=True, kw_only=True):
    """What a session is to be, settled. `session` is what its server is told."""

    version: VoiceVersion
    model: str
    session: Event


def plan_of(wish: VoiceWish, config: EffectiveConfig) -> VoicePlan:
    """Return what a session is to be. Raises RealtimeFailure for what cannot be."""
    table = config.merged
    version = _version(wish, table)
    _check_beginning(wish, version)
    _check_names(wish)
    only_transcribes = isinstance(wish.way, OverSocket) and _inside(table, "type") == "transcription"
    if wish.modality == "text" and version != "v2":
        raise RealtimeFailure("text realtime output modality requires realtime v2")
    if only_transcribes and version != "v2":
        raise RealtimeFailure(
            f'`realtime.type = "transcription"` is for realtime v2, and this session is to be {version}'
        )
    session = SessionWish(
        instructions=_instructions(wish, config),
        voice=_voice(wish, version, table),
        modality=wish.modality,
        only_transcribes=only_transcribes,
        acknowledges=wish.acknowledges,
        begins_with=wish.begins_with,
    )
    return VoicePlan(
        version=version,
        model=wish.model or _text(table, "experimental_realtime_ws_model") or DEFAULT_MODELS[version],
        session=session_of(version, session),
    )


def _version(wish: VoiceWish, table: Mapping[str, Any]) -> VoiceVersion:
    """The settings say it for sessions over the websocket alone, as with 0.171.0."""
    over_socket = isinstance(wish.way, OverSocket)
    if wish.version is not None:
        version = wish.version
    elif over_socket:
        version = cast("VoiceVersion", _inside(table, "version") or "v2")
    else:
        version = "v1"
    if version == "v2" and not over_socket:
        raise RealtimeFailure("AVAS realtime calls require realtime v1 or v3")
    return version


def _check_beginning(wish: VoiceWish, version: VoiceVersion) -> None:
    if wish.begins_with and version != "v3":
        raise RealtimeFailure("initial realtime items require realtime v3")
    if len(wish.begins_with) > MAX_INITIAL:
        raise RealtimeFailure(f"initial realtime items must contain no more than {MAX_INITIAL} items")
    sizes = [token_estimate(one.text) for one in wish.begins_with]
    if any(size > MAX_INITIAL_TOKENS for size in sizes):
        raise RealtimeFailure(f"each initial realtime item must not exceed {MAX_INITIAL_TOKENS} estimated tokens")
    if sum(sizes) > MAX_INITIAL_TOKENS:
        raise RealtimeFailure(f"initial realtime items must not exceed {MAX_INITIAL_TOKENS} estimated tokens in total")


def _check_names(wish: VoiceWish) -> None:
    """These go along in the head of a request, or in a form."""
    for name, value in (("realtimeSessionId", wish.session_id), ("model", wish.model)):
        if value is not None and not (len(value) <= MAX_NAME and value.isascii() and value.isprintable()):
            raise RealtimeFailure(f"`{name}` must be of ASCII characters that are seen, {MAX_NAME} at most")
    match wish.way:
        case OverCall(sdp) if not sdp.strip() or FORM_BOUNDARY in sdp:
            raise RealtimeFailure("`transport.sdp` is no SDP offer")
        case InCall(call_id) if not call_id or len(call_id) > MAX_NAME:
            raise RealtimeFailure(f"`transport.callId` must have 1 to {MAX_NAME} characters")
        case _:
            pass


def _voice(wish: VoiceWish, version: VoiceVersion, table: Mapping[str, Any]) -> str:
    voice = wish.voice or _inside(table, "voice") or DEFAULT_VOICES[version]
    if voice not in VOICES[version]:
        supported = ", ".join(VOICES[version])
        raise RealtimeFailure(f"realtime voice `{voice}` is not supported for {version}; supported voices: {supported}")
    return voice


def _instructions(wish: VoiceWish, config: EffectiveConfig) -> str:
    prompt = wish.prompt
    if prompt is UNSET:
        prompt = _text(config.merged, "experimental_realtime_ws_backend_prompt") or words.INSTRUCTIONS
    where = _text(config.merged, "experimental_realtime_ws_startup_context")
    if where is None:
        where = words.startup_context(config.cwd)
    return words.instructions(prompt, where if wish.tells_where else None)


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


def _inside(table: Mapping[str, Any], name: str) -> str | None:
    """Return a setting of the table `realtime`."""
    inner = table.get("realtime")
    return _text(cast("Mapping[str, Any]", inner), name) if isinstance(inner, Mapping) else None


def _text(table: Mapping[str, Any], name: str) -> str | None:
    value = table.get(name)
    return value if isinstance(value, str) else None
