"""The servers that a configuration names, as checked values.

Owns: `[mcp_servers.<name>]`, and the words for a table that cannot be used. Does not own: starting them.
"""

from __future__ import annotations

import logging
import math
import re
from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Literal

import msgspec

from codex_trio.config.requirements import NOTHING_REQUIRED, Requirements
from codex_trio.extensions.plugin_parts import PluginParts
from codex_trio.util import decoding
from codex_trio.util.addresses import is_web_address, shown_address
from codex_trio.util.loose_json import table_of

_log = logging.getLogger(__name__)

STARTUP_SECONDS = 30.0
TOOL_SECONDS = 300.0
GRACE_SECONDS = 1.0
"""How long a turn waits for servers that are still starting (0.169.0); it goes on without them."""

ApprovalMode = Literal["auto", "prompt", "writes", "approve"]

HERE = "local"

_NAME = re.compile(r"[a-zA-Z0-9_.-]+")


class _SettingsError(Exception):
    """A server's table cannot be used; the text says why."""


class StdioCommand(msgspec.Struct, frozen=True, kw_only=True):
    """A server that is started as a process. `variables` are taken over from our own environment.

    In another `environment` than this machine, `variables_there` are taken over from the one that it has there.
    """

    command: str
    args: tuple[str, ...] = ()
    env: Mapping[str, str] = {}
    variables: tuple[str, ...] = ()
    cwd: str | None = None
    environment: str = HERE
    variables_there: tuple[str, ...] = ()


class HttpAddress(msgspec.Struct, frozen=True, kw_only=True):
    """A server that is reached by streamable HTTP. `env_headers` maps header names to environment variables.

    `headers_helper` is a shell command that prints more headers. All else is for logging in to it; where there is no
    `callback_port` or `callback_url` of its own, those of `OAuthSettings` count.
    """

    url: str
    bearer_token_env_var: str | None = None
    headers: Mapping[str, str] = {}
    env_headers: Mapping[str, str] = {}
    headers_helper: str | None = None
    client_id: str | None = None
    client_secret: str | None = None
    callback_port: int | None = None
    callback_url: str | None = None
    scopes: tuple[str, ...] = ()
    resource: str | None = None

    @property
    def has_own_token(self) -> bool:
        """Whether the settings name what to be let in with."""
        named = (*self.headers, *self.env_headers)
        return self.bearer_token_env_var is not None or any(name.lower() == "authorization" for name in named)

    @property
    def has_own_authorization(self) -> bool:
        """Whether the settings say how to be let in, so that nobody logs in."""
        return self.has_own_token or self.headers_helper is not None


class Unusable(msgspec.Struct, frozen=True, kw_only=True):
    """In place of a way to a server whose table cannot be used: it fails when it is started, and no other does."""

    problem: str


class McpServerSettings(msgspec.Struct, frozen=True, kw_only=True):
    """One server. Times are in seconds; `enabled_tools` of None are all."""

    name: str
    transport: StdioCommand | HttpAddress | Unusable
    plugin_id: str | None = None
    """The plugin that brings it; None for one of the configuration."""
    plugin_title: str | None = None
    enabled: bool = True
    required: bool = False
    shared: bool = True
    """Whether threads with the same settings and folder may use one process of it."""
    startup_seconds: float = STARTUP_SECONDS
    tool_seconds: float = TOOL_SECONDS
    enabled_tools: tuple[str, ...] | None = None
    disabled_tools: tuple[str, ...] = ()
    parallel: bool = False
    approval_mode: ApprovalMode = "auto"
    tool_modes: Mapping[str, ApprovalMode] = {}

    @property
    def environment_id(self) -> str | None:
        """The environment that clients are told of; None where it was not chosen by anybody."""
        if isinstance(self.transport, StdioCommand) and self.transport.environment != HERE:
            return self.transport.environment
        return None if self.plugin_id is None else HERE

    def offers(self, tool: str) -> bool:
        """Return whether the user lets a tool be used."""
        return (self.enabled_tools is None or tool in self.enabled_tools) and tool not in self.disabled_tools

    def mode_of(self, tool: str) -> ApprovalMode:
        """Return when the user wants to be asked about a tool."""
        return self.tool_modes.get(tool, self.approval_mode)


class _Tool(msgspec.Struct, frozen=True):
    approval_mode: ApprovalMode | None = None


class _EnvVar(msgspec.Struct, frozen=True):
    name: str
    source: Literal["local", "remote"] = "local"


class _OAuth(msgspec.Struct, frozen=True):
    client_id: str | None = None
    client_secret: str | None = None
    callback_port: Annotated[int, msgspec.Meta(ge=1, le=65535)] | None = None
    callback_url: str | None = None


class _Table(msgspec.Struct, frozen=True, kw_only=True):
    command: str | None = None
    args: tuple[str, ...] = ()
    env: dict[str, str] = {}
    env_vars: tuple[str | _EnvVar, ...] = ()
    cwd: str | None = None
    url: str | None = None
    bearer_token: Any = None
    bearer_token_env_var: str | None = None
    http_headers: dict[str, str] = {}
    env_http_headers: dict[str, str] = {}
    http_headers_helper: str | None = None
    auth: str = "oauth"
    oauth: _OAuth = _OAuth()
    oauth_resource: str | None = None
    scopes: tuple[str, ...] = ()
    environment_id: str = HERE
    enabled: bool = True
    required: bool = False
    shared: bool = True
    startup_timeout_sec: float | None = None
    startup_timeout_ms: float | None = None
    tool_timeout_sec: float | None = None
    enabled_tools: tuple[str, ...] | None = None
    disabled_tools: tuple[str, ...] = ()
    supports_parallel_tool_calls: bool = False
    default_tools_approval_mode: ApprovalMode = "auto"
    tools: dict[str, _Tool] = {}


def configured_servers(
    merged: Mapping[str, Any],
    plugins: Sequence[PluginParts] = (),
    *,
    required: Requirements = NOTHING_REQUIRED,
) -> dict[str, McpServerSettings]:
    """Return the servers of a configuration and of plugins by their names, those that cannot be among them.

    Of several servers of a name the configuration's own counts, else that of the first plugin. What an administrator
    does not allow is off.
    """
    tables: Mapping[str, Any] = merged.get("mcp_servers") or {}
    servers = {name: _server_or_problem(name, tables[name]) for name in sorted(tables)}
    for plugin in plugins:
        for name, table in plugin.mcp_servers.items():
            if name in servers:
                _log.info("the MCP server %s of plugin %s gives way to one of that name", name, plugin.id)
                continue
            server = _server_or_problem(name, table)
            written = table_of(plugin.mcp_servers_as_written.get(name))
            is_allowed = required.plugin_server_problem(plugin.id, name, written or table_of(table)) is None
            servers[name] = msgspec.structs.replace(
                server,
                plugin_id=plugin.id,
                plugin_title=plugin.title or plugin.name,
                enabled=server.enabled and is_allowed,
            )
    return servers


class OAuthSettings(msgspec.Struct, frozen=True, kw_only=True):
    """How users log in to servers. A `callback_url` leads to this machine, to `callback_port`."""

    callback_port: int | None = None
    callback_url: str | None = None
    store: Literal["auto", "file", "keyring"] = "auto"


def oauth_settings(merged: Mapping[str, Any]) -> OAuthSettings:
    """Return how users log in, as a configuration says."""
    return OAuthSettings(
        callback_port=merged.get("mcp_oauth_callback_port"),
        callback_url=merged.get("mcp_oauth_callback_url"),
        store=merged.get("mcp_oauth_credentials_store") or "auto",
    )


def startup_grace(merged: Mapping[str, Any]) -> float:
    """Return for how many seconds a turn waits for servers that are still starting."""
    milliseconds = merged.get("mcp_optional_startup_grace_ms")
    return GRACE_SECONDS if milliseconds is None else milliseconds / 1000


def _server_or_problem(name: str, table: Any) -> McpServerSettings:
    try:
        return _server(name, table)
    except _SettingsError as error:
        given = table_of(table)
        return McpServerSettings(
            name=name,
            transport=Unusable(problem=str(error)),
            enabled=given.get("enabled") is not False,
            required=given.get("required") is True,
        )


def _server(name: str, table: Any) -> McpServerSettings:
    if not _NAME.fullmatch(name):
        raise _SettingsError(f"Invalid MCP server name '{name}': must match pattern ^[a-zA-Z0-9_.-]+$")
    try:
        given = decoding.convert(table, _Table)
    except msgspec.ValidationError as error:
        raise _SettingsError(f"mcp_servers.{name}: {error}") from error
    return McpServerSettings(
        name=name,
        transport=_transport(name, given),
        enabled=given.enabled,
        required=given.required,
        shared=given.shared,
        startup_seconds=_startup_seconds(name, given),
        tool_seconds=_seconds(name, "tool_timeout_sec", given.tool_timeout_sec, default=TOOL_SECONDS),
        enabled_tools=given.enabled_tools,
        disabled_tools=given.disabled_tools,
        parallel=given.supports_parallel_tool_calls,
        approval_mode=given.default_tools_approval_mode,
        tool_modes={
            tool: chosen.approval_mode for tool, chosen in given.tools.items() if chosen.approval_mode is not None
        },
    )


def _transport(name: str, given: _Table) -> StdioCommand | HttpAddress:
    if given.command is not None:
        if given.url is not None:
            raise _SettingsError(f"mcp_servers.{name}: url is not supported for stdio")
        if given.http_headers_helper is not None:
            raise _SettingsError(f"mcp_servers.{name}: http_headers_helper is not supported for stdio")
        return StdioCommand(
            command=given.command,
            args=given.args,
            env=given.env,
            variables=_variables(name, given, "local"),
            cwd=given.cwd,
            environment=given.environment_id,
            variables_there=_variables(name, given, "remote"),
        )
    if given.url is None:
        raise _SettingsError(f"mcp_servers.{name}: invalid transport")
    if given.environment_id != HERE:
        # Reached from here instead, it could be another one than the user means.
        raise _SettingsError(
            f"mcp_servers.{name}.environment_id: only servers with a `command` run in another environment, and "
            f'`{given.environment_id}` is one; leave it out or set it to "{HERE}"'
        )
    if given.bearer_token is not None:
        raise _SettingsError(
            f"mcp_servers.{name}: bearer_token is not supported; name a variable by bearer_token_env_var"
        )
    if not is_web_address(given.url):
        raise _SettingsError(f"mcp_servers.{name}.url: {shown_address(given.url)!r} is no http:// or https:// address")
    if given.auth != "oauth":
        # Let in in another way, it could be the wrong account.
        raise _SettingsError(
            f'mcp_servers.{name}.auth: {given.auth!r} is not supported; set it to "oauth" or leave it out, and log in '
            "or name a token by bearer_token_env_var"
        )
    if given.oauth.client_secret is not None and given.oauth.client_id is None:
        raise _SettingsError(f"mcp_servers.{name}.oauth: client_secret needs the client_id that it goes with")
    return HttpAddress(
        url=given.url,
        bearer_token_env_var=given.bearer_token_env_var,
        headers=given.http_headers,
        env_headers=given.env_http_headers,
        headers_helper=given.http_headers_helper,
        client_id=given.oauth.client_id,
        client_secret=given.oauth.client_secret,
        callback_port=given.oauth.callback_port,
        callback_url=given.oauth.callback_url,
        scopes=given.scopes,
        resource=given.oauth_resource,
    )


def _variables(name: str, given: _Table, source: Literal["local", "remote"]) -> tuple[str, ...]:
    variables = [_EnvVar(variable) if isinstance(variable, str) else variable for variable in given.env_vars]
    for variable in variables:
        if variable.source != "local" and given.environment_id == HERE:
            raise _SettingsError(
                f"mcp_servers.{name}.env_vars: `{variable.name}` uses source `{variable.source}`, but the server runs "
                'beside this app-server; use source "local", or name another environment by environment_id'
            )
    return tuple(variable.name for variable in variables if variable.source == source)


def _startup_seconds(name: str, given: _Table) -> float:
    if given.startup_timeout_sec is None and given.startup_timeout_ms is not None:
        return _seconds(name, "startup_timeout_ms", given.startup_timeout_ms / 1000, default=STARTUP_SECONDS)
    return _seconds(name, "startup_timeout_sec", given.startup_timeout_sec, default=STARTUP_SECONDS)


def _seconds(name: str, key: str, given: float | None, *, default: float) -> float:
    """Return a time limit. TOML has NaN and infinity too."""
    if given is None:
        return default
    if not 0 <= given < math.inf:
        raise _SettingsError(f"mcp_servers.{name}.{key}: must be a number of 0 or more, without nan and inf")
    return given
