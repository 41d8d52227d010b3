"""TODO module thread_realtime"""

from typing import Annotated, Literal, TypeAlias

from msgspec import UNSET, UnsetType, field

from codex_trio_protocol.base import JsonValue, Known, Open, Params, Tagged, UInt16, UInt32, Wire

CodexResponseHandoffMode: TypeAlias = Literal["thinking", "commentary", "bemTags"]
"""TODO CodexResponseHandoffMode"""


ConversationTextRole: TypeAlias = Literal["user", "developer", "assistant"]
"""TODO ConversationTextRole"""


RealtimeConversationVersion: TypeAlias = Literal["v1", "v2", "v3"]
"""TODO RealtimeConversationVersion"""


RealtimeOutputModality: TypeAlias = Literal["text", "audio"]
"""TODO RealtimeOutputModality"""


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
"""TODO RealtimeVoice"""


class ThreadRealtimeAudioChunk(Wire):
    """TODO ThreadRealtimeAudioChunk"""

    data: str
    sample_rate: UInt32
    num_channels: UInt16
    samples_per_channel: UInt32 | None = None
    item_id: str | None = None


class ThreadRealtimeAppendAudioParams(Params):
    """TODO ThreadRealtimeAppendAudioParams"""

    thread_id: str
    audio: ThreadRealtimeAudioChunk


class ThreadRealtimeAppendSpeechParams(Params):
    """TODO ThreadRealtimeAppendSpeechParams"""

    thread_id: str
    text: str


class ThreadRealtimeAppendTextParams(Params):
    """TODO ThreadRealtimeAppendTextParams"""

    thread_id: str
    text: str
    role: ConversationTextRole = "user"


class ThreadRealtimeInitialItem(Params):
    """TODO ThreadRealtimeInitialItem"""

    role: ConversationTextRole
    text: str


class ThreadRealtimeListVoicesParams(Params):
    """TODO ThreadRealtimeListVoicesParams"""


class WebsocketThreadRealtimeStartTransport(Tagged, tag="websocket"):
    """TODO WebsocketThreadRealtimeStartTransport"""


class WebrtcThreadRealtimeStartTransport(Tagged, tag="webrtc"):
    """TODO WebrtcThreadRealtimeStartTransport"""

    sdp: str


class ExistingCallThreadRealtimeStartTransport(Tagged, tag="existingCall"):
    """TODO ExistingCallThreadRealtimeStartTransport"""

    call_id: str


ThreadRealtimeStartTransport: TypeAlias = (
    WebsocketThreadRealtimeStartTransport
    | WebrtcThreadRealtimeStartTransport
    | ExistingCallThreadRealtimeStartTransport
)
"""TODO ThreadRealtimeStartTransport"""


class ThreadRealtimeStartParams(Params):
    """TODO ThreadRealtimeStartParams"""

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
    realtime_session_id: str | None = None
    voice_session_id: str | None = None
    transport: ThreadRealtimeStartTransport | None = None
    version: RealtimeConversationVersion | None = None
    voice: RealtimeVoice | None = None


class ThreadRealtimeStopParams(Params):
    """TODO ThreadRealtimeStopParams"""

    thread_id: str


class WholeItemThreadRealtimeBemItemPresentation(Tagged, tag="wholeItem"):
    """TODO WholeItemThreadRealtimeBemItemPresentation"""


class InlineMarkdownThreadRealtimeBemItemPresentation(Tagged, tag="inlineMarkdown"):
    """TODO InlineMarkdownThreadRealtimeBemItemPresentation"""


class InlineVisualizationThreadRealtimeBemItemPresentation(Tagged, tag="inlineVisualization"):
    """TODO InlineVisualizationThreadRealtimeBemItemPresentation"""

    index: UInt32


ThreadRealtimeBemItemPresentation: TypeAlias = Open[
    WholeItemThreadRealtimeBemItemPresentation
    | InlineMarkdownThreadRealtimeBemItemPresentation
    | InlineVisualizationThreadRealtimeBemItemPresentation
]
"""TODO ThreadRealtimeBemItemPresentation"""


class ThreadRealtimeClosedNotification(Wire):
    """TODO ThreadRealtimeClosedNotification"""

    thread_id: str
    reason: str | None = None


class ThreadRealtimeErrorNotification(Wire):
    """TODO ThreadRealtimeErrorNotification"""

    thread_id: str
    message: str


ThreadRealtimeSessionOutcome: TypeAlias = Annotated[str, Known("ended", "failed")]
"""TODO ThreadRealtimeSessionOutcome"""


ThreadRealtimeTranscriptRole: TypeAlias = Annotated[str, Known("user", "assistant")]
"""TODO ThreadRealtimeTranscriptRole"""


class ThreadRealtimeItemBase(Tagged):
    """TODO ThreadRealtimeItemBase"""

    id: str
    realtime_session_id: str


class RealtimeSessionStartedThreadRealtimeItem(ThreadRealtimeItemBase, tag="realtimeSessionStarted"):
    """TODO RealtimeSessionStartedThreadRealtimeItem"""


class TranscriptSegmentThreadRealtimeItem(ThreadRealtimeItemBase, tag="transcriptSegment"):
    """TODO TranscriptSegmentThreadRealtimeItem"""

    role: ThreadRealtimeTranscriptRole
    text: str


class BemItemPromotedThreadRealtimeItem(ThreadRealtimeItemBase, tag="bemItemPromoted", rename=None):
    """TODO BemItemPromotedThreadRealtimeItem"""

    presentation: ThreadRealtimeBemItemPresentation
    item_id: str
    turn_id: str


class RealtimeSessionClosedThreadRealtimeItem(ThreadRealtimeItemBase, tag="realtimeSessionClosed"):
    """TODO RealtimeSessionClosedThreadRealtimeItem"""

    outcome: ThreadRealtimeSessionOutcome


ThreadRealtimeItem: TypeAlias = Open[
    RealtimeSessionStartedThreadRealtimeItem
    | TranscriptSegmentThreadRealtimeItem
    | BemItemPromotedThreadRealtimeItem
    | RealtimeSessionClosedThreadRealtimeItem
]
"""TODO ThreadRealtimeItem"""


class ThreadRealtimeItemAddedNotification(Wire):
    """TODO ThreadRealtimeItemAddedNotification"""

    thread_id: str
    item: JsonValue


class ThreadRealtimeItemCompletedNotification(Wire):
    """TODO ThreadRealtimeItemCompletedNotification"""

    thread_id: str
    item: ThreadRealtimeItem


class ThreadRealtimeItemStartedNotification(Wire):
    """TODO ThreadRealtimeItemStartedNotification"""

    thread_id: str
    item: ThreadRealtimeItem


class ThreadRealtimeItemTranscriptDeltaNotification(Wire):
    """TODO ThreadRealtimeItemTranscriptDeltaNotification"""

    thread_id: str
    item_id: str
    delta: str


class ThreadRealtimeOutputAudioDeltaNotification(Wire):
    """TODO ThreadRealtimeOutputAudioDeltaNotification"""

    thread_id: str
    audio: ThreadRealtimeAudioChunk


class ThreadRealtimeSdpNotification(Wire):
    """TODO ThreadRealtimeSdpNotification"""

    thread_id: str
    sdp: str


class ThreadRealtimeStartedNotification(Wire):
    """TODO ThreadRealtimeStartedNotification"""

    thread_id: str
    realtime_session_id: str | None = None
    version: RealtimeConversationVersion


class ThreadRealtimeTranscriptDeltaNotification(Wire):
    """TODO ThreadRealtimeTranscriptDeltaNotification"""

    thread_id: str
    role: str
    delta: str


class ThreadRealtimeTranscriptDoneNotification(Wire):
    """TODO ThreadRealtimeTranscriptDoneNotification"""

    thread_id: str
    role: str
    text: str


class ThreadRealtimeAppendAudioResponse(Wire):
    """TODO ThreadRealtimeAppendAudioResponse"""


class ThreadRealtimeAppendSpeechResponse(Wire):
    """TODO ThreadRealtimeAppendSpeechResponse"""


class ThreadRealtimeAppendTextResponse(Wire):
    """TODO ThreadRealtimeAppendTextResponse"""


class RealtimeVoicesList(Wire):
    """TODO RealtimeVoicesList"""

    v1: list[RealtimeVoice]
    v2: list[RealtimeVoice]
    v3: list[RealtimeVoice] = field(default_factory=list)
    default_v1: RealtimeVoice
    default_v2: RealtimeVoice


class ThreadRealtimeListVoicesResponse(Wire):
    """TODO ThreadRealtimeListVoicesResponse"""

    voices: RealtimeVoicesList


class ThreadRealtimeStartResponse(Wire):
    """TODO ThreadRealtimeStartResponse"""


class ThreadRealtimeStopResponse(Wire):
    """TODO ThreadRealtimeStopResponse"""
