"""What is approved or refused: an action, as people and programs are told of it.

Owns the kinds of actions and their form in rollouts and events (snake case, as the established server writes them).
Does not own their wire form (wire/guardian.py), or how they are carried out (tools).
"""

from __future__ import annotations

from typing import Any, Literal, TypeAlias

import msgspec

CommandSource: TypeAlias = Literal["shell", "unified_exec"]


class _Action(msgspec.Struct, frozen=True, kw_only=True, tag_field="type"):
    pass


class RunCommand(_Action, frozen=True, kw_only=True, tag="command"):
    """Run a command line."""

    source: CommandSource = "unified_exec"
    command: str
    cwd: str


class StartProgram(_Action, frozen=True, kw_only=True, tag="execve"):
    """Start a program from within a running command."""

    source: CommandSource
    program: str
    argv: list[str]
    cwd: str


class WriteInput(_Action, frozen=True, kw_only=True, tag="write_stdin"):
    """Type into a running command."""

    approval_id: str
    process_id: str
    stdin: str
    cwd: str


class ChangeFiles(_Action, frozen=True, kw_only=True, tag="apply_patch"):
    """Change files; their paths are absolute."""

    cwd: str
    files: list[str]


class ReachHost(_Action, frozen=True, kw_only=True, tag="network_access"):
    """Reach a host."""

    target: str
    host: str
    protocol: str
    port: int


class CallMcp(_Action, frozen=True, kw_only=True, tag="mcp_tool_call"):
    """Call a tool of an MCP server."""

    server: str
    tool_name: str
    connector_id: str | None = None
    connector_name: str | None = None
    tool_title: str | None = None


class GetPermissions(_Action, frozen=True, kw_only=True, tag="request_permissions"):
    """Get more permissions; `permissions` in the form in which they were asked for."""

    reason: str | None = None
    permissions: dict[str, Any]


ApprovalAction: TypeAlias = RunCommand | StartProgram | WriteInput | ChangeFiles | ReachHost | CallMcp | GetPermissions
