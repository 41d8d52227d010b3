"""Talking with a thread by voice."""

from typing import Annotated, Literal, TypeAlias

from msgspec import UNSET, UnsetType, field

from codex_trio_protocol.base import (
    Int64,
    JsonValue,
    Known,
    Open,
    OpenWord,
    Params,
    Since,
    Tagged,
    UInt16,
    UInt32,
    UInt64,
    Wire,
)

CodexResponseHandoffMode: TypeAlias = Literal["thinking", "commentary", "bemTags"]
"""How the agent's answers reach the voice model."""


ConversationTextRole: TypeAlias = Literal["user", "developer", "assistant"]
"""Whose words a text is."""


RealtimeConversationVersion: TypeAlias = Literal["v1", "v2", "v3"]
"""Generation of the voice protocol."""


RealtimeOutputModality: TypeAlias = Literal["text", "audio"]
"""Whether the voice model speaks or writes."""


RealtimeVoice: TypeAlias = Literal[
    "alloy",
    "arbor",
    "ash",
    "aube",
    "ballad",
    "breeze",
    "bubbie",
    "cedar",
    "coral",
    "cove",
    "echo",
    "ember",
    "haetsal",
    "hanul",
    "himari",
    "juniper",
    "leher",
    "maple",
    "marin",
    "miko",
    "neer",
    "porto",
    "rindo",
    "rio",
    "rivage",
    "sage",
    "selva",
    "shimmer",
    "sol",
    "sonna",
    "spruce",
    "tinta",
    "vale",
    "verse",
    "viola",
]
"""Name of a voice."""


class ThreadRealtimeAudioChunk(Wire):
    """Sound in base64 PCM. Null where the sender does not count samples or name an item."""

    data: str
    sample_rate: UInt32
    num_channels: UInt16
    samples_per_channel: UInt32 | None = None
    item_id: str | None = None


class ThreadRealtimeAppendAudioParams(Params):
    """Say something with sound.

    Errors: -32600 when no session runs.
    """

    thread_id: str
    audio: ThreadRealtimeAudioChunk


class ThreadRealtimeAppendSpeechParams(Params):
    """Have a text spoken.

    Errors: -32600 when no session runs.
    """

    thread_id: str
    text: str


class ThreadRealtimeAppendTextParams(Params):
    """Say something in writing.

    Errors: -32600 when no session runs.
    """

    thread_id: str
    text: str
    role: ConversationTextRole = "user"


class ThreadRealtimeInitialItem(Params):
    """Words that a session begins with."""

    role: ConversationTextRole
    text: str


ThreadRealtimeOrder: TypeAlias = Literal["observedAt", "position"]
"""By when things happened, or by where they are stored."""


class ThreadRealtimeListParams(Params):
    """Read what happened in a thread's voice sessions by pages, by time unless asked otherwise. Null does not filter.

    Errors: -32600 for a limit beyond 1 to 500 and an unreadable cursor. An unknown thread has no entries.
    """

    thread_id: str
    cursor: str | None = None
    limit: UInt32 | None = None
    session_id: str | None = None
    event_id: str | None = None
    """An entry that must have been stored by now, else nothing is told yet."""
    order: ThreadRealtimeOrder | None = None
    after_position: UInt64 | None = None
    from_observed_at_ms: Int64 | None = None
    to_observed_at_ms: Int64 | None = None
    """Exclusive."""
    required_through_position: UInt64 | None = None
    """Up to where things must have been stored, else nothing is told yet."""
    snapshot_end: UInt64 | None = None
    """Exclusive end of what is read, to see the same on all pages."""


class ThreadRealtimeListVoicesParams(Params):
    """Ask which voices there are."""


class WebsocketThreadRealtimeStartTransport(Tagged, tag="websocket"):
    """Sound goes through the server."""


class WebrtcThreadRealtimeStartTransport(Tagged, tag="webrtc"):
    """Sound goes straight from the client, which offers this session description."""

    sdp: str


class ExistingCallThreadRealtimeStartTransport(Tagged, tag="existingCall"):
    """The client has set up a call already."""

    call_id: str


ThreadRealtimeStartTransport: TypeAlias = (
    WebsocketThreadRealtimeStartTransport
    | WebrtcThreadRealtimeStartTransport
    | ExistingCallThreadRealtimeStartTransport
)
"""How sound travels."""


class ThreadRealtimeStartParams(Params):
    """Begin a voice session on a thread. Null settings are the configured ones.

    Errors: -32600 when the thread is not loaded, a session runs, or voice is not available.
    """

    thread_id: str
    client_managed_handoffs: bool | None = None
    delegation_ack_filler: bool | None = None
    flush_transcript_tail_on_session_end: bool | None = None
    codex_responses_as_items: bool | None = None
    codex_response_item_prefix: str | None = None
    codex_response_handoff_mode: CodexResponseHandoffMode | None = None
    backend_reasoning_status: bool = False
    codex_response_handoff_channel_prefixes: dict[str, list[str]] | None = None
    model: str | None = None
    output_modality: RealtimeOutputModality
    include_startup_context: bool | None = None
    initial_items: list[ThreadRealtimeInitialItem] | None = None
    realtime_start_instructions: str | None = None
    realtime_end_instructions: str | None = None
    prompt: str | UnsetType | None = UNSET
    """Null speaks without instructions, absence uses the usual ones."""
    realtime_session_id: str | None = None
    voice_session_id: str | None = None
    transport: ThreadRealtimeStartTransport | None = None
    version: RealtimeConversationVersion | None = None
    voice: RealtimeVoice | None = None


class ThreadRealtimeStopParams(Params):
    """End the voice session.

    Errors: -32600 when the thread is not loaded.
    """

    thread_id: str


class WholeItemThreadRealtimeBemItemPresentation(Tagged, tag="wholeItem"):
    """As it is."""


class InlineMarkdownThreadRealtimeBemItemPresentation(Tagged, tag="inlineMarkdown"):
    """As text within the conversation."""


class InlineVisualizationThreadRealtimeBemItemPresentation(Tagged, tag="inlineVisualization"):
    """One of its pictures, counted from 0."""

    index: UInt32


ThreadRealtimeBemItemPresentation: TypeAlias = Open[
    WholeItemThreadRealtimeBemItemPresentation
    | InlineMarkdownThreadRealtimeBemItemPresentation
    | InlineVisualizationThreadRealtimeBemItemPresentation
]
"""How an agent's item shows in a voice conversation."""


class ThreadRealtimeClosedNotification(Wire):
    """A voice session is over."""

    thread_id: str
    reason: str | None = None


class ThreadRealtimeErrorNotification(Wire):
    """A voice session failed."""

    thread_id: str
    message: str


ThreadRealtimeSessionOutcome: TypeAlias = Annotated[str, Known("ended", "failed")]
"""How a session ended."""


ThreadRealtimeTranscriptRole: TypeAlias = Annotated[str, Known("user", "assistant")]
"""Who spoke."""


class ThreadRealtimeItemBase(Tagged):
    """What all items of a voice session share."""

    id: str
    realtime_session_id: str
    observed_at_ms: Annotated[Int64 | None, Since("0.171.0")] = None
    """When it happened, in Unix milliseconds; null when that was not recorded."""


class RealtimeSessionStartedThreadRealtimeItem(ThreadRealtimeItemBase, tag="realtimeSessionStarted"):
    """A session began."""


class ThreadRealtimeVoiceTranscript(Wire):
    """Words that were spoken."""

    role: ThreadRealtimeTranscriptRole
    text: str


class ThreadRealtimeFrameChannels(Wire, rename=None):
    """What a frame holds, by channel."""

    voice_transcript: ThreadRealtimeVoiceTranscript


class FrameThreadRealtimeItem(ThreadRealtimeItemBase, tag="frame"):
    """Something was said, as stored; told as `transcriptSegment` elsewhere."""

    channels: ThreadRealtimeFrameChannels


class TranscriptSegmentThreadRealtimeItem(ThreadRealtimeItemBase, tag="transcriptSegment"):
    """Something was said."""

    role: ThreadRealtimeTranscriptRole
    text: str


class BemItemPromotedThreadRealtimeItem(ThreadRealtimeItemBase, tag="bemItemPromoted", rename=None):
    """An item of a turn became part of the conversation."""

    presentation: ThreadRealtimeBemItemPresentation
    item_id: str
    turn_id: str


class RealtimeSessionClosedThreadRealtimeItem(ThreadRealtimeItemBase, tag="realtimeSessionClosed"):
    """A session ended."""

    outcome: ThreadRealtimeSessionOutcome


ThreadRealtimeHandoffMode: TypeAlias = Annotated[str, Known("start", "steer")]
"""Whether words began a turn or went into the one that ran."""


class TurnInputAcceptedThreadRealtimeItem(ThreadRealtimeItemBase, tag="turnInputAccepted", rename=None):
    """Words of the session went to the agent."""

    turn_id: str
    input_item_id: str
    mode: ThreadRealtimeHandoffMode
    handoff_id: str
    input: str
    source_event_ids: list[str]


class SessionEndInputSavedThreadRealtimeItem(ThreadRealtimeItemBase, tag="sessionEndInputSaved", rename=None):
    """Last words of the session were kept for the agent."""

    input_item_id: str
    input: str
    source_event_ids: list[str]


ThreadRealtimeItem: TypeAlias = Open[
    RealtimeSessionStartedThreadRealtimeItem
    | TranscriptSegmentThreadRealtimeItem
    | BemItemPromotedThreadRealtimeItem
    | RealtimeSessionClosedThreadRealtimeItem
    | Annotated[FrameThreadRealtimeItem, Since("0.171.0")]
    | Annotated[TurnInputAcceptedThreadRealtimeItem, Since("0.171.0")]
    | Annotated[SessionEndInputSavedThreadRealtimeItem, Since("0.171.0")]
]
"""One thing that happened in a voice session."""


class ThreadRealtimeItemAddedNotification(Wire):
    """An item of the voice model, as it sent it."""

    thread_id: str
    item: JsonValue


class ThreadRealtimeItemCompletedNotification(Wire):
    """An item is complete and stored."""

    thread_id: str
    item: ThreadRealtimeItem


class ThreadRealtimeItemStartedNotification(Wire):
    """An item begins."""

    thread_id: str
    item: ThreadRealtimeItem


class ThreadRealtimeItemTranscriptDeltaNotification(Wire):
    """More words of an item."""

    thread_id: str
    item_id: str
    delta: str


class ThreadRealtimeOutputAudioDeltaNotification(Wire):
    """More sound from the voice model."""

    thread_id: str
    audio: ThreadRealtimeAudioChunk


class ThreadRealtimeSdpNotification(Wire):
    """The other side's session description."""

    thread_id: str
    sdp: str


class ThreadRealtimeStartedNotification(Wire):
    """A voice session has been accepted."""

    thread_id: str
    realtime_session_id: str | None = None
    version: OpenWord[RealtimeConversationVersion]


class ThreadRealtimeTranscriptDeltaNotification(Wire):
    """More words of what is being said."""

    thread_id: str
    role: str
    delta: str


class ThreadRealtimeTranscriptDoneNotification(Wire):
    """All words of what was said."""

    thread_id: str
    role: str
    text: str


class ThreadRealtimeAppendAudioResponse(Wire):
    """Answer to `thread/realtime/appendAudio`: it is done."""


class ThreadRealtimeAppendSpeechResponse(Wire):
    """Answer to `thread/realtime/appendSpeech`: it is done."""


class ThreadRealtimeAppendTextResponse(Wire):
    """Answer to `thread/realtime/appendText`: it is done."""


class RealtimeVoicesList(Wire):
    """Voices by protocol generation."""

    v1: list[OpenWord[RealtimeVoice]]
    v2: list[OpenWord[RealtimeVoice]]
    v3: list[OpenWord[RealtimeVoice]] = field(default_factory=list)
    default_v1: OpenWord[RealtimeVoice]
    default_v2: OpenWord[RealtimeVoice]


class ThreadRealtimeEntry(Wire):
    """One thing that happened, and where it is stored."""

    position: UInt64
    item: ThreadRealtimeItem


ThreadRealtimeCoverage: TypeAlias = Annotated[str, Known("unsupported", "pending", "ready")]
"""Whether there can be entries, and whether what was asked for has been stored."""


class ThreadRealtimeListResponse(Wire):
    """A page of entries; a null cursor marks the last one. Both ends are exclusive."""

    data: list[ThreadRealtimeEntry]
    next_cursor: str | None = None
    snapshot_end: UInt64
    projected_through_item_index: UInt64
    coverage: ThreadRealtimeCoverage


class ThreadRealtimeListVoicesResponse(Wire):
    """The voices."""

    voices: RealtimeVoicesList


class ThreadRealtimeStartResponse(Wire):
    """Answer to `thread/realtime/start`: the session is being set up."""


class ThreadRealtimeStopResponse(Wire):
    """Answer to `thread/realtime/stop`: it is done."""
