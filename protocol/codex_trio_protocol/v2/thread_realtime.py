"""Talking with a thread by voice."""

from typing import Annotated, Literal, TypeAlias

from msgspec import UNSET, UnsetType, field

from codex_trio_protocol.base import JsonValue, Known, Open, OpenWord, Params, Tagged, UInt16, UInt32, Wire

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


class RealtimeSessionStartedThreadRealtimeItem(ThreadRealtimeItemBase, tag="realtimeSessionStarted"):
    """A session began."""


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


ThreadRealtimeItem: TypeAlias = Open[
    RealtimeSessionStartedThreadRealtimeItem
    | TranscriptSegmentThreadRealtimeItem
    | BemItemPromotedThreadRealtimeItem
    | RealtimeSessionClosedThreadRealtimeItem
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


class ThreadRealtimeListVoicesResponse(Wire):
    """The voices."""

    voices: RealtimeVoicesList


class ThreadRealtimeStartResponse(Wire):
    """Answer to `thread/realtime/start`: the session is being set up."""


class ThreadRealtimeStopResponse(Wire):
    """Answer to `thread/realtime/stop`: it is done."""
