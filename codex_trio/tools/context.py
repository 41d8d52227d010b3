"""What a tool may use: what every tool has during one turn, and what those that run commands are made of."""

from __future__ import annotations

import os
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path

import msgspec

from codex_trio.config.approval import AskForApproval
from codex_trio.execpolicy.decision import CommandPolicy
from codex_trio.execution.sessions import ExecSessions
from codex_trio.execution.shells import Shells
from codex_trio.model.catalog import ModelInfo
from codex_trio.sandbox.errors import RootChanged
from codex_trio.sandbox.policy import SandboxPolicy, WorkspaceWrite
from codex_trio.sandbox.probe import SandboxProbe
from codex_trio.sandbox.roots import RootAnchors
from codex_trio.tools.approval_flow import ApprovalFlow
from codex_trio.tools.log import ItemLog
from codex_trio.tools.running import RunningCommands
from codex_trio.tools.turn_diff import TurnDiffTracker


class CommandSettings(msgspec.Struct, frozen=True, kw_only=True):
    """How the user wants commands to be run."""

    shells: Shells
    allow_login: bool
    """Whether shells may read their login files."""
    max_poll_ms: int
    """The longest that a look at a running command may wait."""


class ThreadWork(msgspec.Struct, frozen=True, kw_only=True):
    """See `execpolicy.programs.Work`. Where a thread may write counts also while it may only read, or may write all.

    What lies there may have been written before, by a command of another thread or by whoever made the repository.
    """

    anchors: RootAnchors
    policy: SandboxPolicy
    cwd: str
    tmpdir: str | None

    def folders(self) -> tuple[str, ...]:
        """The writable folders, free of symlinks."""
        try:
            roots = self.anchors.roots(self._writing, cwd=self.cwd, tmpdir=self.tmpdir)
        except RootChanged:
            return ("/",)
        return tuple(root.path for root in roots)

    def may_write(self, path: str) -> bool:
        """Whether a command could have written an absolute path."""
        try:
            return self.anchors.may_write(path, self._writing, cwd=self.cwd, tmpdir=self.tmpdir)
        except RootChanged:
            return True

    @property
    def _writing(self) -> WorkspaceWrite:
        return self.policy if isinstance(self.policy, WorkspaceWrite) else WorkspaceWrite()


class CommandAccess(msgspec.Struct, frozen=True, kw_only=True):
    """What the tools that run commands, or reach them, are made of."""

    settings: CommandSettings
    policy: CommandPolicy
    sessions: ExecSessions
    running: RunningCommands
    probe: Callable[[], Awaitable[SandboxProbe]]
    environment: Callable[[str], Mapping[str, str]]
    """The environment of a command, given its call id."""
    run_in_background: Callable[[Callable[[], Awaitable[None]]], None]
    """Runs a task that outlives the call and the turn, in the thread's nursery."""


class ToolContext(msgspec.Struct, frozen=True, kw_only=True):
    """What any tool may use during one turn: where it works, what it may do there, and ways to show and to ask."""

    turn_id: str
    cwd: Path
    has_environment: bool
    """Whether tools may use this machine."""
    model: ModelInfo
    approval_policy: AskForApproval
    sandbox_policy: SandboxPolicy
    anchors: RootAnchors
    """The folders that the thread may write, as they were when it began."""
    tmpdir: str | None
    log: ItemLog
    diff: TurnDiffTracker
    approvals: ApprovalFlow
    warn_once: Callable[[str], None]
    """Tells the user something that holds for the whole thread, the first time only."""

    def resolve(self, path: str | None) -> Path:
        """An absolute path from one that the model wrote, relative to the turn's working directory.

        Without `..` in it: what the user is shown is what is used.
        """
        return self.cwd if not path else Path("/" + os.path.normpath(self.cwd / path).lstrip("/"))

    @property
    def work(self) -> ThreadWork:
        """What the thread works on, as opposed to what is the system's and the user's own."""
        return ThreadWork(anchors=self.anchors, policy=self.sandbox_policy, cwd=str(self.cwd), tmpdir=self.tmpdir)

    def may_write(self, path: str) -> bool:
        """Return whether a sandboxed command of this turn could write an absolute path. Raises `RootChanged`."""
        return self.anchors.may_write(path, self.sandbox_policy, cwd=str(self.cwd), tmpdir=self.tmpdir)
