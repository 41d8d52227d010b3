"""TODO module client_call"""

from codex_trio_protocol.base import Int64, JsonValue, Params, UInt64, Wire
from codex_trio_protocol.v2.user_input import DynamicToolCallOutputContentItem


class AttestationGenerateParams(Wire):
    """TODO AttestationGenerateParams"""


class AttestationGenerateResponse(Params):
    """TODO AttestationGenerateResponse"""

    token: str


class CurrentTimeReadParams(Wire):
    """TODO CurrentTimeReadParams"""

    thread_id: str


class CurrentTimeReadResponse(Params):
    """TODO CurrentTimeReadResponse"""

    current_time_at: Int64


class DynamicToolCallParams(Wire):
    """TODO DynamicToolCallParams"""

    thread_id: str
    turn_id: str
    call_id: str
    namespace: str | None = None
    tool: str
    arguments: JsonValue


class DynamicToolCallResponse(Params):
    """TODO DynamicToolCallResponse"""

    content_items: list[DynamicToolCallOutputContentItem]
    success: bool


class ToolRequestUserInputOption(Wire):
    """TODO ToolRequestUserInputOption"""

    label: str
    description: str


class ToolRequestUserInputQuestion(Wire):
    """TODO ToolRequestUserInputQuestion"""

    id: str
    header: str
    question: str
    is_other: bool = False
    is_secret: bool = False
    options: list[ToolRequestUserInputOption] | None = None


class ToolRequestUserInputParams(Wire):
    """TODO ToolRequestUserInputParams"""

    thread_id: str
    turn_id: str
    item_id: str
    questions: list[ToolRequestUserInputQuestion]
    is_blocking: bool
    auto_resolution_ms: UInt64 | None = None


class ToolRequestUserInputAnswer(Params):
    """TODO ToolRequestUserInputAnswer"""

    answers: list[str]


class ToolRequestUserInputResponse(Params):
    """TODO ToolRequestUserInputResponse"""

    answers: dict[str, ToolRequestUserInputAnswer]
