"""Approvals: what is asked before something runs, whoever is to decide, and the answers.

Owns the questions, the answers and what was accepted for the session. Does not own who decides, a person or an
automatic reviewer, nor how either is asked: the thread layer implements `Approver`.
"""

from __future__ import annotations

import enum
from collections.abc import Hashable, Mapping, Sequence
from typing import Any, Literal, Protocol
from weakref import WeakValueDictionary

import msgspec
import trio

from codex_trio.domain.approval_actions import (
    ApprovalAction,
    CallMcp,
    ChangeFiles,
    GetPermissions,
    ReachHost,
    RunCommand,
)
from codex_trio.domain.items import ParsedCommand
from codex_trio.execpolicy.rules import NetworkProtocol
from codex_trio.execpolicy.words import shown
from codex_trio.sandbox.additional import NOTHING, AdditionalPermissions, joined, to_plain
from codex_trio.tools.host_answers import HostAnswers

PlaceKey = tuple[str, str]
"""A file: the environment's id, and its path there."""


class ReviewOutcome(enum.Enum):
    """What became of a question."""

    ACCEPTED = "accepted"
    ACCEPTED_FOR_SESSION = "accepted_for_session"
    ACCEPTED_FOR_GOOD = "accepted_for_good"
    """Also in later sessions."""
    ACCEPTED_WITH_AMENDMENT = "accepted_with_amendment"
    DECLINED = "declined"
    CANCELLED = "cancelled"
    """Declined, and the turn is to end."""
    FAILED = "failed"
    """The client answered with an error or with something that is no decision: nothing may run."""


class PermissionGrant(msgspec.Struct, frozen=True, kw_only=True):
    """What is granted beyond the sandbox, perhaps nothing, and how long that holds.

    With `strict_review` whatever runs or is written in the rest of the turn is reviewed first. `refusal` says why
    nothing is granted, where somebody said so.
    """

    permissions: AdditionalPermissions = NOTHING
    scope: Literal["turn", "session"] = "turn"
    strict_review: bool = False
    refusal: str | None = None


class HostAmendment(msgspec.Struct, frozen=True):
    """A rule about a host, for good."""

    host: str
    allows: bool


class ReviewDecision(msgspec.Struct, frozen=True, kw_only=True):
    """The answer to a question.

    `amendment` is the command prefix to allow from now on, `host_amendment` a rule about a host, `grant` what is
    granted of permissions that were asked for; where it is None, all of them for the turn. `reason` is what the model
    is told of a refusal. With `ends_turn` the turn is over once the model was told.
    """

    outcome: ReviewOutcome
    amendment: list[str] | None = None
    host_amendment: HostAmendment | None = None
    grant: PermissionGrant | None = None
    reason: str = "rejected by user"
    ends_turn: bool = False

    @property
    def accepted(self) -> bool:
        """Whether what was asked about may run."""
        return self.outcome in (
            ReviewOutcome.ACCEPTED,
            ReviewOutcome.ACCEPTED_FOR_SESSION,
            ReviewOutcome.ACCEPTED_FOR_GOOD,
            ReviewOutcome.ACCEPTED_WITH_AMENDMENT,
        )


class ApprovalQuestion(Protocol):
    """Any request for an approval, whoever is to decide on it."""

    @property
    def turn_id(self) -> str: ...

    @property
    def item_id(self) -> str:
        """The item that the thread waits for."""
        ...

    @property
    def target_item_id(self) -> str | None:
        """The item that clients see of what is asked for; None where they see none."""
        ...

    @property
    def action(self) -> ApprovalAction:
        """What clients are told of an automatic review of it."""
        ...

    @property
    def planned(self) -> Mapping[str, Any]:
        """Everything about it that whoever decides has to know, as JSON: exactly what is going to happen."""
        ...


class _OfItem(msgspec.Struct, frozen=True, kw_only=True):
    """What a question has that is about an item; `started_ms` is when that was shown (Unix milliseconds)."""

    turn_id: str
    item_id: str
    started_ms: int

    @property
    def target_item_id(self) -> str | None:
        return self.item_id


class CommandQuestion(_OfItem, frozen=True, kw_only=True):
    """May this command run? `escalated` says whether it is to run outside of the sandbox because the model asked."""

    command: list[str]
    cwd: str
    environment_id: str
    parsed_cmd: list[ParsedCommand]
    reason: str | None
    proposed_amendment: list[str] | None
    justification: str | None = None
    escalated: bool = False
    tty: bool = False
    additional: AdditionalPermissions | None = None
    """What it could do beyond the sandbox, in which it runs all the same."""

    @property
    def _sandbox_permissions(self) -> str:
        if self.escalated:
            return "require_escalated"
        return "use_default" if self.additional is None else "with_additional_permissions"

    @property
    def action(self) -> ApprovalAction:
        return RunCommand(command=shown(self.command), cwd=self.cwd)

    @property
    def planned(self) -> Mapping[str, Any]:
        return {
            "tool": "exec_command",
            "command": self.command,
            "cwd": self.cwd,
            "environment_id": self.environment_id,
            "sandbox_permissions": self._sandbox_permissions,
            **({} if self.additional is None else {"additional_permissions": to_plain(self.additional)}),
            "tty": self.tty,
            **({} if self.justification is None else {"justification": self.justification}),
            **({} if self.reason in (None, self.justification) else {"reason": self.reason}),
        }


class PatchQuestion(_OfItem, frozen=True, kw_only=True):
    """May this patch be applied? `files` are the absolute paths that it touches, and `patch` is its text.

    `places` is where those paths lead to, links followed.
    """

    cwd: str
    environment_id: str
    files: list[str]
    places: list[str]
    patch: str
    reason: str | None = None
    grant_root: str | None = None

    @property
    def action(self) -> ApprovalAction:
        return ChangeFiles(cwd=self.cwd, files=self.files)

    @property
    def planned(self) -> Mapping[str, Any]:
        return {
            "tool": "apply_patch",
            "cwd": self.cwd,
            "environment_id": self.environment_id,
            "files": self.files,
            **({} if self.places == self.files else {"files_with_links_followed": self.places}),
            "patch": self.patch,
        }


class McpCallQuestion(_OfItem, frozen=True, kw_only=True):
    """May a tool of an MCP server be called with these arguments?"""

    server: str
    tool: str
    title: str | None
    description: str
    annotations: Mapping[str, Any]
    arguments: Any

    @property
    def action(self) -> ApprovalAction:
        return CallMcp(server=self.server, tool_name=self.tool, tool_title=self.title)

    @property
    def planned(self) -> Mapping[str, Any]:
        return {
            "tool": "mcp_tool_call",
            "server": self.server,
            "tool_name": self.tool,
            **({} if self.title is None else {"tool_title": self.title}),
            "tool_description": self.description,
            **({"annotations": self.annotations} if self.annotations else {}),
            "arguments": self.arguments,
        }


class PermissionsQuestion(_OfItem, frozen=True, kw_only=True):
    """May more be done than the sandbox allows? `cwd` is where the turn works; clients see no item of it."""

    cwd: str
    environment_id: str
    reason: str | None
    wanted: AdditionalPermissions

    @property
    def target_item_id(self) -> str | None:
        return None

    @property
    def action(self) -> ApprovalAction:
        return GetPermissions(reason=self.reason, permissions=to_plain(self.wanted))

    @property
    def planned(self) -> Mapping[str, Any]:
        return {
            "tool": "request_permissions",
            "cwd": self.cwd,
            "environment_id": self.environment_id,
            "permissions": to_plain(self.wanted),
            **({} if self.reason is None else {"reason": self.reason}),
        }


class HostQuestion(msgspec.Struct, frozen=True, kw_only=True):
    """May a command reach this host? `command` is the one that tries to, `cwd` its folder."""

    turn_id: str
    item_id: str
    started_ms: int
    host: str
    protocol: NetworkProtocol
    port: int
    environment_id: str
    command: list[str]
    cwd: str

    @property
    def target_item_id(self) -> str | None:
        return None

    @property
    def action(self) -> ApprovalAction:
        return ReachHost(
            target=f"{self.protocol}://{self.host}:{self.port}", host=self.host, protocol=self.protocol, port=self.port
        )

    @property
    def planned(self) -> Mapping[str, Any]:
        return {
            "tool": "network_access",
            "host": self.host,
            "protocol": self.protocol,
            "port": self.port,
            "trigger": {"command": self.command, "cwd": self.cwd, "environment_id": self.environment_id},
        }


class Approver(Protocol):
    """Has somebody decide: a person, or the thread's automatic reviewer. ApprovalFlow knows in which order."""

    def hold(self, item_id: str) -> None:
        """Have the thread wait for an answer about this item from now on, where a person is to give it."""
        ...

    async def ask(self, question: ApprovalQuestion) -> ReviewDecision:
        """Return what is decided."""
        ...

    async def review(self, question: ApprovalQuestion) -> ReviewDecision:
        """Return what the automatic reviewer decides, whoever would be asked otherwise."""
        ...

    def release(self, item_id: str) -> None:
        """Have the thread wait for this item's answer no longer."""
        ...


class GrantedPermissions:
    """What was granted beyond the sandbox, in each environment: for the session, and for turns that run."""

    def __init__(self) -> None:
        self._strict_turns: set[str] = set()
        self._of_session: dict[str, AdditionalPermissions] = {}
        self._of_turns: dict[str, dict[str, AdditionalPermissions]] = {}

    def of(self, turn_id: str, environment_id: str) -> AdditionalPermissions:
        """Return what holds in an environment during a turn."""
        of_turn = self._of_turns.get(turn_id, {})
        return joined(self._of_session.get(environment_id, NOTHING), of_turn.get(environment_id, NOTHING))

    def wants_review(self, turn_id: str) -> bool:
        """Return whether all that a turn does is to be reviewed first, whatever allows it."""
        return turn_id in self._strict_turns

    def add(self, question: PermissionsQuestion, grant: PermissionGrant) -> None:
        """Let more be done from now on."""
        if grant.strict_review:
            self._strict_turns.add(question.turn_id)
        held = self._of_session if grant.scope == "session" else self._of_turns.setdefault(question.turn_id, {})
        before = held.get(question.environment_id, NOTHING)
        held[question.environment_id] = joined(before, grant.permissions)

    def turn_ended(self, turn_id: str) -> None:
        """Forget what was granted for a turn."""
        self._of_turns.pop(turn_id, None)
        self._strict_turns.discard(turn_id)


class SessionApprovals:
    """What the user accepted for the rest of the session: exact commands, exact files, hosts; and what was granted."""

    def __init__(self) -> None:
        self.hosts: HostAnswers[ReviewDecision] = HostAnswers()
        self.granted = GrantedPermissions()
        self._commands: set[tuple[str, ...]] = set()
        self._paths: set[PlaceKey] = set()
        self._asked_about: WeakValueDictionary[Hashable, trio.Lock] = WeakValueDictionary()

    def asked_about(self, key: Hashable) -> trio.Lock:
        """Return what is locked while somebody is asked about something, so that nobody is asked the same meanwhile."""
        return self._asked_about.setdefault(key, trio.Lock())

    def allow_command(self, key: tuple[str, ...]) -> None:
        self._commands.add(key)

    def allows_command(self, key: tuple[str, ...]) -> bool:
        return key in self._commands

    def allow_paths(self, paths: Sequence[PlaceKey]) -> None:
        self._paths.update(paths)

    def allows_paths(self, paths: Sequence[PlaceKey]) -> bool:
        return bool(paths) and self._paths.issuperset(paths)
