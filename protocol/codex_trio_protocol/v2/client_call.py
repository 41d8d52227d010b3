"""Server requests for something only the client has: a tool, an answer, a token, a clock."""

from typing import Annotated

from codex_trio_protocol.base import Always, Int64, JsonValue, Params, UInt64, Wire
from codex_trio_protocol.v2.user_input import DynamicToolCallOutputContentItem


class AttestationGenerateParams(Wire):
    """Ask for a fresh attestation token; sent to clients that declared the capability."""


class AttestationGenerateResponse(Params):
    """The token, opaque to the server."""

    token: str


class CurrentTimeReadParams(Wire):
    """Ask what time it is for the user of a thread."""

    thread_id: str


class CurrentTimeReadResponse(Params):
    """The time in Unix seconds."""

    current_time_at: Int64


class DynamicToolCallParams(Wire):
    """Run a tool that the client brought along at thread start."""

    thread_id: str
    turn_id: str
    call_id: str
    namespace: str | None = None
    tool: str
    arguments: JsonValue


class DynamicToolCallResponse(Params):
    """What the tool gave back; `success` false tells the model that it failed."""

    content_items: list[DynamicToolCallOutputContentItem]
    success: bool


class ToolRequestUserInputOption(Wire):
    """An answer to choose."""

    label: str
    description: str


class ToolRequestUserInputQuestion(Wire):
    """A question for the user. Null options leave only free text."""

    id: str
    header: str
    question: str
    is_other: bool = False
    """Whether an answer beside the options is welcome."""
    is_secret: bool = False
    """Hide what is typed."""
    options: list[ToolRequestUserInputOption] | None = None


class ToolRequestUserInputParams(Wire):
    """Ask the user some questions for the model."""

    thread_id: str
    turn_id: str
    item_id: str
    questions: list[ToolRequestUserInputQuestion]
    is_blocking: Annotated[bool, Always()] = True
    """The turn waits for the answer."""
    auto_resolution_ms: UInt64 | None = None
    """After this time the client may go on by itself; null for no limit. Older form of `is_blocking`."""


class ToolRequestUserInputAnswer(Params):
    """What was chosen or typed for one question."""

    answers: list[str]


class ToolRequestUserInputResponse(Params):
    """Answers by question id; none at all means that the user did not answer."""

    answers: dict[str, ToolRequestUserInputAnswer]
