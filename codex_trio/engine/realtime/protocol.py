"""The words of realtime servers: the events that they are sent, and those that they send. Pure.

Owns the forms of the three generations. `v2` is the Realtime API (`session.update` of type `realtime`), `v1` the one
before it (`quicksilver`), `v3` the one after it, whose sessions have no turns and give work away as delegations. Does
not own connections (model/realtime.py), which of the agent's words are passed on (answers.py) or what comes of events
(threads/realtime).

Protocol source: what release 0.171.0 sends and takes.
"""

from __future__ import annotations

import binascii
from collections.abc import Mapping, Sequence
from typing import Any, Literal, TypeAlias, cast

import msgspec

from codex_trio.domain.realtime import SpeakerRole, VoiceVersion
from codex_trio.engine.realtime import words
from codex_trio.model import lenient_json
from codex_trio.model.provider_error import bounded

SAMPLE_RATE = 24_000

DEFAULT_VOICES: Mapping[VoiceVersion, str] = {"v1": "cove", "v2": "marin", "v3": "marin"}
DEFAULT_MODELS: Mapping[VoiceVersion, str] = {
    "v1": "gpt-realtime-1.5",
    "v2": "gpt-realtime-1.5",
    "v3": "gpt-live-1.1-codex",
}

TextRole: TypeAlias = Literal["user", "developer", "assistant"]
Channel: TypeAlias = Literal["commentary", "speakable"]
"""How a v3 voice model takes what it is told: as background, or to say it aloud; None leaves that to it."""
Event: TypeAlias = dict[str, Any]

_AGENT = "background_agent"
_SILENCE = "remain_silent"
_FORMAT: Mapping[str, Any] = {"type": "audio/pcm", "rate": SAMPLE_RATE}
_TRANSCRIPTION: Mapping[str, Any] = {"model": "gpt-4o-mini-transcribe"}


# --- what a server is sent ---


class InitialText(msgspec.Struct, frozen=True):
    """Words that a v3 session begins with."""

    role: TextRole
    text: str


class SessionWish(msgspec.Struct, frozen=True, kw_only=True):
    """What a session is to be. `acknowledges`: whether a v3 voice model says so when it gives work away; None: its way.

    `only_transcribes` is for v2: nobody answers what is said, it is written down.
    """

    instructions: str
    voice: str
    modality: str
    only_transcribes: bool = False
    acknowledges: bool | None = None
    begins_with: Sequence[InitialText] = ()


def session_of(version: VoiceVersion, wish: SessionWish) -> Event:
    """Return what a session is to be."""
    match version:
        case "v1":
            return {
                "type": "quicksilver",
                "instructions": wish.instructions,
                "audio": {"input": {"format": _FORMAT}, "output": {"voice": wish.voice}},
            }
        case "v2":
            return _transcribing() if wish.only_transcribes else _conversation(wish)
        case "v3":
            return _without_turns(wish)


def _transcribing() -> Event:
    return {"type": "transcription", "audio": {"input": {"format": _FORMAT, "transcription": _TRANSCRIPTION}}}


def _conversation(wish: SessionWish) -> Event:
    return {
        "type": "realtime",
        "instructions": wish.instructions,
        "output_modalities": [wish.modality],
        "audio": {
            "input": {
                "format": _FORMAT,
                "noise_reduction": {"type": "near_field"},
                "transcription": _TRANSCRIPTION,
                "turn_detection": {
                    "type": "server_vad",
                    "interrupt_response": True,
                    "create_response": True,
                    "silence_duration_ms": 500,
                },
            },
            "output": {"format": _FORMAT, "voice": wish.voice},
        },
        "tools": [
            _function(_AGENT, words.AGENT_TOOL, {"prompt": {"type": "string", "description": words.AGENT_PROMPT}}),
            _function(_SILENCE, words.SILENCE_TOOL, {}),
        ],
        "tool_choice": "auto",
    }


def _without_turns(wish: SessionWish) -> Event:
    delegation: Event = {"type": "client"}
    if wish.acknowledges is not None:
        delegation["ack_filler"] = wish.acknowledges
    session: Event = {
        "instructions": wish.instructions,
        "audio": {"output": {"voice": wish.voice}},
        "delegation": delegation,
    }
    if wish.begins_with:
        session["initial_items"] = [_message_item(one.role, one.text) for one in wish.begins_with]
    return session


def _function(name: str, description: str, properties: Mapping[str, Any]) -> Event:
    parameters: dict[str, Any] = {"type": "object", "properties": properties}
    if properties:
        parameters["required"] = list(properties)
    parameters["additionalProperties"] = False
    return {"type": "function", "name": name, "description": description, "parameters": parameters}


def session_update(session: Event) -> Event:
    return {"type": "session.update", "session": session}


def audio(version: VoiceVersion, data: str) -> Event:
    """Return a piece of sound."""
    return {"type": "input_audio.append" if version == "v3" else "input_audio_buffer.append", "audio": data}


def is_base64(data: str) -> bool:
    """Return whether a text is base64."""
    try:
        binascii.a2b_base64(data, strict_mode=True)
    except ValueError:
        return False
    return True


def text(version: VoiceVersion, role: TextRole, words_said: str) -> Event:
    """Return a message that somebody wrote."""
    if version == "v3":
        return context(words_said)
    is_typed = version == "v2" and role == "user"
    return message(role, f"[USER] {words_said}" if is_typed else words_said)


def handoff_text(handoff_id: str | None, said: str) -> Event:
    """Return what came of what a v1 voice model wanted done, or of nothing that it wanted."""
    return {"type": "conversation.handoff.append", "handoff_id": handoff_id or "codex", "output_text": said}


def context(said: str, *, delegation_id: str | None = None, channel: Channel | None = None) -> Event:
    """Return what a v3 voice model is told, of what it gave away or of nothing of the kind."""
    event: Event = {"type": "session.context.append"}
    if delegation_id is not None:
        event = {"type": "delegation.context.append", "delegation_item_id": delegation_id}
    if channel is not None:
        event["channel"] = channel
    return {**event, "content": [{"type": "input_text", "text": said}]}


def output(call_id: str, said: str) -> Event:
    """Return what came of a call of the voice model."""
    item = {"type": "function_call_output", "call_id": call_id, "output": said}
    return {"type": "conversation.item.create", "item": item}


def respond() -> Event:
    """Return the wish that the voice model says something."""
    return {"type": "response.create"}


def message(role: TextRole, said: str) -> Event:
    """Return a message for the conversation."""
    return {"type": "conversation.item.create", "item": _message_item(role, said)}


def _message_item(role: TextRole, said: str) -> Event:
    content = {"type": "output_text" if role == "assistant" else "input_text", "text": said}
    return {"type": "message", "role": role, "content": [content]}


# --- what a server says ---


class AudioSaid(msgspec.Struct, frozen=True, kw_only=True):
    data: str
    sample_rate: int = SAMPLE_RATE
    channels: int = 1
    item_id: str | None = None


class WordsSaid(msgspec.Struct, frozen=True, kw_only=True):
    """More of what somebody is saying."""

    role: SpeakerRole
    delta: str


class AllSaid(msgspec.Struct, frozen=True, kw_only=True):
    """What somebody has said, as a whole."""

    role: SpeakerRole
    text: str


class Shown(msgspec.Struct, frozen=True):
    """What clients are shown as it is."""

    item: Any


class Handoff(msgspec.Struct, frozen=True, kw_only=True):
    """The voice model wants the agent to do something; `is_call`: it waits for what comes of that."""

    id: str
    item_id: str
    prompt: str
    is_call: bool


class Silence(msgspec.Struct, frozen=True):
    """The voice model has nothing to say."""

    call_id: str


class ResponseBegan(msgspec.Struct, frozen=True):
    """The voice model is at saying something."""


class ResponseOver(msgspec.Struct, frozen=True):
    """It is not any more; `shown` says so to clients."""

    shown: Any = None


class ServerFailed(msgspec.Struct, frozen=True):
    message: str


class SessionReady(msgspec.Struct, frozen=True):
    """A v3 session has begun."""


Incoming: TypeAlias = (
    AudioSaid
    | WordsSaid
    | AllSaid
    | Shown
    | Handoff
    | Silence
    | ResponseBegan
    | ResponseOver
    | SessionReady
    | ServerFailed
)

_DELTAS: Mapping[str, SpeakerRole] = {
    "response.output_audio_transcript.delta": "assistant",
    "response.audio_transcript.delta": "assistant",
    "response.output_text.delta": "assistant",
    "conversation.output_transcript.delta": "assistant",
    "conversation.item.input_audio_transcription.delta": "user",
    "conversation.input_transcript.delta": "user",
}
_WHOLE: Mapping[str, SpeakerRole] = {
    "response.output_audio_transcript.done": "assistant",
    "response.audio_transcript.done": "assistant",
    "response.output_text.done": "assistant",
    "conversation.item.input_audio_transcription.completed": "user",
}
_AUDIO: Mapping[str, tuple[str, ...]] = {
    "v1": ("conversation.output_audio.delta",),
    "v2": ("response.output_audio.delta", "response.audio.delta"),
}


def read(version: VoiceVersion, raw: bytes) -> Incoming | None:
    """Return what an event says; None for one that means nothing here, or cannot be read."""
    try:
        value = lenient_json.mended(lenient_json.decode(raw))
    except lenient_json.UnreadableJson:
        return None
    if not isinstance(value, dict):
        return None
    event = cast("Event", value)
    kind = event.get("type")
    if not isinstance(kind, str):
        return None
    if kind == "error":
        return ServerFailed(_error(event))
    if version == "v3":
        return _read_v3(kind, event)
    if kind in _DELTAS:
        delta = _text(event, "delta")
        return WordsSaid(role=_DELTAS[kind], delta=delta) if delta else None
    if kind in _WHOLE:
        return AllSaid(role=_WHOLE[kind], text=_text(event, "transcript") or _text(event, "text"))
    if kind in _AUDIO[version]:
        return _audio(event)
    if kind == "conversation.item.added":
        return Shown(event["item"]) if isinstance(event.get("item"), dict) else None
    return _read_v1(kind, event) if version == "v1" else _read_v2(kind, event)


def _read_v1(kind: str, event: Event) -> Incoming | None:
    if kind != "conversation.handoff.requested":
        return None
    handoff_id = _text(event, "handoff_id")
    if not handoff_id:
        return None
    return Handoff(
        id=handoff_id, item_id=_text(event, "item_id"), prompt=_text(event, "input_transcript"), is_call=False
    )


def _read_v2(kind: str, event: Event) -> Incoming | None:
    match kind:
        case "input_audio_buffer.speech_started":
            return Shown({"type": kind, "item_id": event.get("item_id")})
        case "response.created":
            return ResponseBegan()
        case "response.done":
            return ResponseOver()
        case "response.cancelled":
            return ResponseOver({"type": kind, "response_id": _text(_dict(event, "response"), "id") or None})
        case "conversation.item.done":
            return _call(_dict(event, "item"))
        case _:
            return None


def _read_v3(kind: str, event: Event) -> Incoming | None:
    match kind:
        case "session.started":
            return SessionReady()
        case "output_audio.delta":
            data = _text(event, "audio")
            return AudioSaid(data=data) if data else None
        case "input_transcript.added" | "output_transcript.added":
            said = _text(_dict(event, "item"), "text")
            role: SpeakerRole = "user" if kind.startswith("input") else "assistant"
            return WordsSaid(role=role, delta=said) if said else None
        case "delegation.created":
            return _delegation(_dict(event, "item"))
        case _:
            return None


def _delegation(item: Event) -> Incoming | None:
    item_id, content = _text(item, "id"), item.get("content")
    is_ours = item.get("type") == "delegation" and item.get("target") == "client"
    if not is_ours or not item_id or not isinstance(content, list):
        return None
    parts = [cast("Event", part) for part in cast("list[Any]", content) if isinstance(part, dict)]
    prompt = "".join(_text(part, "text") for part in parts if part.get("type") == "input_text")
    return Handoff(id=item_id, item_id=item_id, prompt=prompt, is_call=False)


def _call(item: Event) -> Incoming | None:
    call_id = _text(item, "call_id")
    if item.get("type") != "function_call" or not call_id:
        return None
    match item.get("name"):
        case "background_agent":
            prompt = _prompt(_text(item, "arguments"))
            return Handoff(id=call_id, item_id=_text(item, "id"), prompt=prompt, is_call=True)
        case "remain_silent":
            return Silence(call_id)
        case _:
            return None


def _prompt(arguments: str) -> str:
    """Return what the agent is asked; arguments of another form are it as they are."""
    try:
        value = lenient_json.mended(lenient_json.decode(arguments.encode()))
    except lenient_json.UnreadableJson:
        return arguments
    return (_text(cast("Event", value), "prompt") if isinstance(value, dict) else "") or arguments


def _audio(event: Event) -> AudioSaid | None:
    data = _text(event, "delta") or _text(event, "data")
    if not data:
        return None
    rate, channels = event.get("sample_rate"), event.get("channels")
    return AudioSaid(
        data=data,
        sample_rate=rate if isinstance(rate, int) and 0 < rate < 1 << 32 else SAMPLE_RATE,
        channels=channels if isinstance(channels, int) and 0 < channels < 1 << 16 else 1,
        item_id=_text(event, "item_id") or None,
    )


def _error(event: Event) -> str:
    said = event.get("error")
    inner = cast("Event", said) if isinstance(said, dict) else event
    words_said = _text(inner, "message") or (said if isinstance(said, str) else "")
    if not words_said and isinstance(said, dict) and said:
        words_said = msgspec.json.encode(cast("Event", said)).decode()
    return bounded(words_said) or "the realtime server reports an error"


def _text(value: Mapping[str, Any], name: str) -> str:
    found = value.get(name)
    return found if isinstance(found, str) else ""


def _dict(value: Mapping[str, Any], name: str) -> Event:
    found = value.get(name)
    return cast("Event", found) if isinstance(found, dict) else {}
