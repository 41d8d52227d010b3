"""TODO module mcp"""

from typing import Annotated, Literal, TypeAlias

from msgspec import UNSET, UnsetType, field

from codex_trio_protocol.base import Int64, JsonObject, JsonValue, Known, Params, Shape, UInt32, Wire

McpServerStatusDetail: TypeAlias = Literal["full", "toolsAndAuthOnly"]
"""TODO McpServerStatusDetail"""


class ListMcpServerStatusParams(Params):
    """TODO ListMcpServerStatusParams"""

    cursor: str | None = None
    limit: UInt32 | None = None
    detail: McpServerStatusDetail | None = None
    thread_id: str | None = None
    server_name: str | None = None


class McpResourceReadTarget(Params):
    """TODO McpResourceReadTarget"""

    connector_id: str
    link_id: str | None


class McpResourceReadParams(Params):
    """TODO McpResourceReadParams"""

    meta: JsonObject | None = field(name="_meta", default=None)
    thread_id: str | None = None
    origin_call_id: str | None = None
    server: str
    uri: str
    connector_id: str | None = None
    target: McpResourceReadTarget | None = None


class McpServerEventStreamStartParams(Params):
    """TODO McpServerEventStreamStartParams"""

    thread_id: str
    server: str
    subscription_id: str
    name: str
    arguments: JsonValue
    meta: JsonValue | UnsetType = field(name="_meta", default=UNSET)


class McpServerEventStreamStopParams(Params):
    """TODO McpServerEventStreamStopParams"""

    subscription_id: str


McpServerOauthClientRegistration: TypeAlias = Literal["auto", "cimd", "dcr"]
"""TODO McpServerOauthClientRegistration"""


class McpServerOauthLoginParams(Params):
    """TODO McpServerOauthLoginParams"""

    name: str
    thread_id: str | None = None
    client_registration: McpServerOauthClientRegistration | None = None
    scopes: list[str] | None = None
    timeout_secs: Int64 | None = None


class McpServerToolCallParams(Params):
    """TODO McpServerToolCallParams"""

    thread_id: str
    server: str
    tool: str
    arguments: JsonValue | UnsetType = UNSET
    meta: JsonValue | UnsetType = field(name="_meta", default=UNSET)


class McpServerEventNotification(Wire):
    """TODO McpServerEventNotification"""

    method: str
    params: JsonValue


class McpServerEventStreamNotification(Wire):
    """TODO McpServerEventStreamNotification"""

    subscription_id: str
    notification: McpServerEventNotification


class McpServerOauthLoginCompletedNotification(Wire):
    """TODO McpServerOauthLoginCompletedNotification"""

    name: str
    thread_id: str | None = None
    login_id: str | None = None
    success: bool
    error: str | None = None


McpServerStartupFailureReason: TypeAlias = Annotated[str, Known("reauthenticationRequired")]
"""TODO McpServerStartupFailureReason"""


McpServerStartupState: TypeAlias = Annotated[str, Known("starting", "ready", "failed", "cancelled")]
"""TODO McpServerStartupState"""


class McpServerStatusUpdatedNotification(Wire):
    """TODO McpServerStatusUpdatedNotification"""

    thread_id: str | None = None
    name: str
    status: McpServerStartupState
    error: str | None = None
    failure_reason: McpServerStartupFailureReason | None = None


McpAuthStatus: TypeAlias = Annotated[str, Known("unknown", "unsupported", "notLoggedIn", "bearerToken", "oAuth")]
"""TODO McpAuthStatus"""


McpServerConnectionStatus: TypeAlias = Annotated[
    str, Known("notStarted", "starting", "connected", "authenticationRequired", "failed", "cancelled", "disabled")
]
"""TODO McpServerConnectionStatus"""


class McpServerInfo(Wire):
    """TODO McpServerInfo"""

    name: str
    title: str | None = None
    version: str
    description: str | None = None
    icons: list[JsonValue] | None = None
    website_url: str | None = None


class Resource(Wire):
    """TODO Resource"""

    annotations: JsonValue | UnsetType = UNSET
    description: str | UnsetType | None = UNSET
    mime_type: str | UnsetType | None = UNSET
    name: str
    size: Int64 | UnsetType | None = UNSET
    title: str | UnsetType | None = UNSET
    uri: str
    icons: list[JsonValue] | UnsetType | None = UNSET
    meta: JsonValue | UnsetType = field(name="_meta", default=UNSET)


class ResourceTemplate(Wire):
    """TODO ResourceTemplate"""

    annotations: JsonValue | UnsetType = UNSET
    uri_template: str
    name: str
    title: str | UnsetType | None = UNSET
    description: str | UnsetType | None = UNSET
    mime_type: str | UnsetType | None = UNSET


class Tool(Wire):
    """TODO Tool"""

    name: str
    title: str | UnsetType | None = UNSET
    description: str | UnsetType | None = UNSET
    input_schema: JsonValue
    output_schema: JsonValue | UnsetType = UNSET
    annotations: JsonValue | UnsetType = UNSET
    icons: list[JsonValue] | UnsetType | None = UNSET
    meta: JsonValue | UnsetType = field(name="_meta", default=UNSET)


class McpServerStatus(Wire):
    """TODO McpServerStatus"""

    name: str
    runtime_status: McpServerConnectionStatus | None = None
    plugin_id: str | None = None
    http_origin: str | None = None
    server_info: McpServerInfo | None = None
    server_capabilities: JsonValue = None
    tool_list_meta: JsonValue = None
    tools: dict[str, Tool]
    tools_error: str | None = None
    resources: list[Resource]
    resource_templates: list[ResourceTemplate]
    auth_status: McpAuthStatus


class ListMcpServerStatusResponse(Wire):
    """TODO ListMcpServerStatusResponse"""

    data: list[McpServerStatus]
    next_cursor: str | None = None


ResourceContent: TypeAlias = Annotated[JsonObject, Shape("mcp:ResourceContentShape")]
"""TODO ResourceContent"""


class McpResourceReadResponse(Wire):
    """TODO McpResourceReadResponse"""

    contents: list[ResourceContent]
    origin_call_id: str | None = None


class McpServerEventStreamStartResponse(Wire):
    """TODO McpServerEventStreamStartResponse"""


class McpServerEventStreamStopResponse(Wire):
    """TODO McpServerEventStreamStopResponse"""


class McpServerOauthLoginResponse(Wire):
    """TODO McpServerOauthLoginResponse"""

    authorization_url: str
    login_id: str | None = None


class McpServerRefreshResponse(Wire):
    """TODO McpServerRefreshResponse"""


class McpServerToolCallResponse(Wire):
    """TODO McpServerToolCallResponse"""

    content: list[JsonValue]
    structured_content: JsonValue | UnsetType = UNSET
    is_error: bool | UnsetType | None = UNSET
    meta: JsonValue | UnsetType = field(name="_meta", default=UNSET)


class TextResourceContent(Wire):
    """TODO TextResourceContent"""

    meta: JsonValue = field(name="_meta", default=None)
    mime_type: str | None = None
    text: str
    uri: str


class BlobResourceContent(Wire):
    """TODO BlobResourceContent"""

    meta: JsonValue = field(name="_meta", default=None)
    blob: str
    mime_type: str | None = None
    uri: str


ResourceContentShape: TypeAlias = TextResourceContent | BlobResourceContent
"""TODO ResourceContentShape"""
