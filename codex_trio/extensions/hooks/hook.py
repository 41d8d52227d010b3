"""What is known of a hook: where it comes from, when it runs, and whether it may.

Owns these values. Does not own reading them (`settings`) or running them (`runner`).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Literal

import msgspec

from codex_trio.util.plain_pattern import occurs

UNMATCHED = frozenset({"UserPromptSubmit", "Stop", "Interrupt"})
"""Moments for which a matcher says nothing."""

Source = Literal[
    "system",
    "user",
    "project",
    "sessionFlags",
    "plugin",
    "cloudRequirements",
    "cloudManagedConfig",
    "legacyManagedConfigFile",
]
TrustStatus = Literal["managed", "trusted", "modified", "untrusted"]

DEFAULT_SECONDS = 600

BRIEF = frozenset({"Interrupt", "SessionEnd"})
"""Moments that somebody waits for: their hooks have a second, and three at most (0.171.0)."""
BRIEF_SECONDS = 1
MOST_BRIEF_SECONDS = 3


class CommandHandler(msgspec.Struct, frozen=True):
    """A command for the shell."""

    command: str
    is_async: bool = False


class McpToolHandler(msgspec.Struct, frozen=True):
    """A tool of one of the thread's MCP servers, and what it is given; see `placeholders`."""

    server: str
    tool: str
    input: Mapping[str, Any]


class Hook(msgspec.Struct, frozen=True, kw_only=True):
    """What runs, and when. `order` is its place among all hooks of a folder, `variables` what a command sees more."""

    key: str
    event: str
    matcher: str | None
    handler: CommandHandler | McpToolHandler
    seconds: int = DEFAULT_SECONDS
    status_message: str | None = None
    context_limit: int | None = None
    source_path: str
    source: Source
    plugin_id: str | None = None
    order: int
    is_enabled: bool
    current_hash: str
    trust: TrustStatus
    variables: Mapping[str, str] = {}

    @property
    def is_async(self) -> bool:
        """Whether nobody waits for it."""
        return isinstance(self.handler, CommandHandler) and self.handler.is_async

    @property
    def may_run(self) -> bool:
        """Whether the user, or whoever administers the machine, wants it to run."""
        return self.is_enabled and self.trust in ("managed", "trusted")

    def fits(self, event: str, subject: tuple[str, ...]) -> bool:
        """Return whether it runs at a moment that is about one of these names."""
        if event != self.event or not self.may_run:
            return False
        if not self.matcher or self.matcher == "*" or event in UNMATCHED:
            return True
        return any(occurs(self.matcher, name) for name in subject)

    def run_id(self, call_id: str | None) -> str:
        """Return the id of a run of it."""
        base = f"{kebab(self.event)}:{self.order}:{self.source_path}"
        return base if call_id is None else f"{base}:{call_id}"


class HookListing(msgspec.Struct, frozen=True, kw_only=True):
    """All hooks for one folder of work, and what is wrong with others."""

    hooks: tuple[Hook, ...] = ()
    warnings: tuple[str, ...] = ()
    errors: tuple[tuple[str, str], ...] = ()
    """Files that could not be read, and why."""

    def fitting(self, event: str, *subject: str) -> list[Hook]:
        """Return those that run at a moment."""
        return [hook for hook in self.hooks if hook.fits(event, subject)]


class Run(msgspec.Struct, frozen=True, kw_only=True):
    """A run of a hook, as clients are told of it. Times are Unix seconds, the duration is in milliseconds."""

    id: str
    hook: Hook
    status: Literal["running", "completed", "failed", "blocked", "stopped"] = "running"
    started_at: int
    completed_at: int | None = None
    duration_ms: int | None = None
    entries: tuple[tuple[str, str], ...] = ()
    """Kinds and texts of what it said."""


Payload = Mapping[str, Any]


def snake(event: str) -> str:
    """Return an event's name as keys have it."""
    return re.sub(r"(?<!^)(?=[A-Z])", "_", event).lower()


def kebab(event: str) -> str:
    """Return an event's name as ids of runs have it."""
    return snake(event).replace("_", "-")


def camel(event: str) -> str:
    """Return an event's name as clients know it."""
    return event[0].lower() + event[1:]
