"""MCP servers: their state, logins, tools and resources."""

from typing import Annotated, Literal, TypeAlias

from msgspec import UNSET, UnsetType, field

from codex_trio_protocol.base import Int64, JsonObject, JsonValue, Known, Params, Shape, Since, UInt32, Wire

McpServerStatusDetail: TypeAlias = Literal["full", "toolsAndAuthOnly"]
"""Everything, or only tools and logins."""


class ListMcpServerStatusParams(Params):
    """List MCP servers. Null detail is `full`; a thread's own servers when one is named.

    Errors: -32600 for an unreadable cursor or unknown thread.
    """

    cursor: str | None = None
    limit: UInt32 | None = None
    detail: McpServerStatusDetail | None = None
    thread_id: str | None = None
    server_name: str | None = None
    environment_id: Annotated[str | None, Since("0.171.0")] = None
    """Only what this environment brings along; needs a server and a thread."""


class McpResourceReadTarget(Params):
    """An app and account to read as; null asks without an account."""

    connector_id: str
    link_id: str | None


class McpResourceReadParams(Params):
    """Read a resource of an MCP server. Null parts leave the choice to the server.

    Errors: -32600 for an unknown thread, server or resource.
    """

    meta: JsonObject | None = field(name="_meta", default=None)
    thread_id: str | None = None
    origin_call_id: str | None = None
    server: str
    environment_id: Annotated[str | None, Since("0.171.0")] = None
    """Take the server of this environment; null takes it by name alone."""
    uri: str
    connector_id: str | None = None
    target: McpResourceReadTarget | None = None


class McpServerEventStreamStartParams(Params):
    """Have events of an MCP server passed on to this connection.

    Errors: -32600 for an unknown thread or server, and for an id in use.
    """

    thread_id: str
    server: str
    subscription_id: str
    name: str
    arguments: JsonValue
    meta: JsonValue | UnsetType = field(name="_meta", default=UNSET)


class McpServerEventStreamStopParams(Params):
    """Have them passed on no longer."""

    subscription_id: str


McpServerOauthClientRegistration: TypeAlias = Literal["auto", "cimd", "dcr"]
"""How the client makes itself known to the login server."""


class McpServerOauthLoginParams(Params):
    """Log in to an MCP server. Null leaves the choice to the server; the time limit is in seconds.

    Errors: -32600 for an unknown server and one without such a login.
    """

    name: str
    environment_id: Annotated[str | None, Since("0.171.0")] = None
    """Take the server of this environment; null takes it by name alone."""
    thread_id: str | None = None
    client_registration: McpServerOauthClientRegistration | None = None
    scopes: list[str] | None = None
    timeout_secs: Int64 | None = None


class McpServerToolCallParams(Params):
    """Call a tool of an MCP server, as a client and not as the model.

    Errors: -32600 for an unknown thread, server or tool; -32603 when the call fails.
    """

    thread_id: str
    server: str
    environment_id: Annotated[str | None, Since("0.171.0")] = None
    """Take the server of this environment; null takes it by name alone."""
    tool: str
    arguments: JsonValue | UnsetType = UNSET
    meta: JsonValue | UnsetType = field(name="_meta", default=UNSET)


class McpServerEventNotification(Wire):
    """An event as the MCP server sent it."""

    method: str
    params: JsonValue


class McpServerEventStreamNotification(Wire):
    """An event of a stream that was started."""

    subscription_id: str
    notification: McpServerEventNotification


class McpServerOauthLoginCompletedNotification(Wire):
    """A login to an MCP server is over. The error is left out when it succeeded."""

    name: str
    thread_id: str | None = None
    login_id: str | None = None
    success: bool
    error: str | UnsetType | None = UNSET


McpServerStartupFailureReason: TypeAlias = Annotated[str, Known("reauthenticationRequired")]
"""Why a server did not start."""


McpServerStartupState: TypeAlias = Annotated[str, Known("starting", "ready", "failed", "cancelled")]
"""How a server's start stands."""


class McpServerStatusUpdatedNotification(Wire):
    """A server's start has come further. The thread is null for servers of no thread."""

    thread_id: str | None = None
    name: str
    environment_id: Annotated[str | None, Since("0.171.0")] = None
    """The environment that brings the server along; null for one of the whole thread."""
    status: McpServerStartupState
    error: str | None = None
    failure_reason: McpServerStartupFailureReason | None = None


McpAuthStatus: TypeAlias = Annotated[str, Known("unknown", "unsupported", "notLoggedIn", "bearerToken", "oAuth")]
"""How a server's login stands."""


McpServerConnectionStatus: TypeAlias = Annotated[
    str, Known("notStarted", "starting", "connected", "authenticationRequired", "failed", "cancelled", "disabled")
]
"""How the connection to a server stands."""


class McpServerInfo(Wire):
    """What a server says about itself."""

    name: str
    title: str | None = None
    version: str
    description: str | None = None
    icons: list[JsonValue] | None = None
    website_url: str | None = None


class Resource(Wire):
    """A resource of an MCP server, as it describes it. Keys without a value are left out."""

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
    """A pattern of resources. Keys without a value are left out."""

    annotations: JsonValue | UnsetType = UNSET
    uri_template: str
    name: str
    title: str | UnsetType | None = UNSET
    description: str | UnsetType | None = UNSET
    mime_type: str | UnsetType | None = UNSET


class Tool(Wire):
    """A tool of an MCP server, as it describes it. Keys without a value are left out."""

    name: str
    title: str | UnsetType | None = UNSET
    description: str | UnsetType | None = UNSET
    input_schema: JsonValue
    output_schema: JsonValue | UnsetType = UNSET
    annotations: JsonValue | UnsetType = UNSET
    icons: list[JsonValue] | UnsetType | None = UNSET
    meta: JsonValue | UnsetType = field(name="_meta", default=UNSET)


class McpServerStatus(Wire):
    """An MCP server and all that it offers. Null where not known, or not asked for."""

    name: str
    environment_id: Annotated[str | None, Since("0.171.0")] = None
    """The environment that brings the server along; null for one of the whole thread."""
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
    """A page of servers; a null cursor marks the last one."""

    data: list[McpServerStatus]
    next_cursor: str | None = None


ResourceContent: TypeAlias = Annotated[JsonObject, Shape("mcp:ResourceContentShape")]
"""Content of a resource, passed through."""


class McpResourceReadResponse(Wire):
    """What the resource holds."""

    contents: list[ResourceContent]
    origin_call_id: str | None = None


class McpServerEventStreamStartResponse(Wire):
    """Answer to `mcpServer/event/stream/start`: events follow as notifications."""


class McpServerEventStreamStopResponse(Wire):
    """Answer to `mcpServer/event/stream/stop`: it is done."""


class McpServerOauthLoginResponse(Wire):
    """The page to open. The id comes back when the login is over, if there is one."""

    authorization_url: str
    login_id: str | UnsetType | None = UNSET


class McpServerRefreshResponse(Wire):
    """Answer to `config/mcpServer/reload`: it is done."""


class McpServerToolCallResponse(Wire):
    """What the tool gave back, as it came."""

    content: list[JsonValue]
    structured_content: JsonValue | UnsetType = UNSET
    is_error: bool | UnsetType | None = UNSET
    meta: JsonValue | UnsetType = field(name="_meta", default=UNSET)


class TextResourceContent(Wire):
    """Text."""

    meta: JsonValue = field(name="_meta", default=None)
    mime_type: str | None = None
    text: str
    uri: str


class BlobResourceContent(Wire):
    """Bytes in base64."""

    meta: JsonValue = field(name="_meta", default=None)
    blob: str
    mime_type: str | None = None
    uri: str


ResourceContentShape: TypeAlias = TextResourceContent | BlobResourceContent
"""Content of a resource, passed through."""
