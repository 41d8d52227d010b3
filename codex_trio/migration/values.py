"""What can be taken over, from where to where, and what came of it: the values that the rest of this package speaks."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Literal, TypeAlias

import msgspec

from codex_trio.config.edit import Edit

AgentProgram: TypeAlias = Literal["claude", "cursor"]
"""The program that left something: Claude Code or Cursor."""

MigrationKind: TypeAlias = Literal[
    "AGENTS_MD",
    "CONFIG",
    "SKILLS",
    "PLUGINS",
    "MCP_SERVER_CONFIG",
    "SUBAGENTS",
    "HOOKS",
    "COMMANDS",
    "MEMORY",
    "SESSIONS",
]

REPORT_ORDER: tuple[MigrationKind, ...] = (
    "CONFIG",
    "SKILLS",
    "AGENTS_MD",
    "PLUGINS",
    "MCP_SERVER_CONFIG",
    "SUBAGENTS",
    "HOOKS",
    "COMMANDS",
    "MEMORY",
    "SESSIONS",
)
"""In which a whole import is reported (0.171.0)."""

NOT_SUPPORTED = "not_supported"
IMPORT_FAILED = "external_agent_config_import_error"
INVALID_TARGET = "invalid_existing_config"


class MigrationProblem(Exception):
    """Something cannot be taken over; the text says why."""

    def __init__(self, message: str, *, source: Path | str | None = None, error_type: str = IMPORT_FAILED) -> None:
        super().__init__(message)
        self.source = None if source is None else str(source)
        self.error_type = error_type


class MigrationPlace(msgspec.Struct, frozen=True, kw_only=True):
    """Where things come from and where they go: the user's home, with no `cwd`, or a project.

    `root` has the program's folder in it. What is written is within one of `bounds`, wherever links lead.
    """

    program: AgentProgram
    root: Path
    cwd: Path | None
    config: Path
    folder: Path
    """Where hooks and agents are kept."""
    skills: Path
    instructions: Path
    bounds: tuple[Path, ...]
    edit: Callable[[Sequence[Edit]], object]
    """Changes `config`. Raises ConfigWriteError."""

    @property
    def kept(self) -> Path:
        """Where the other program keeps most of it."""
        return self.root / f".{self.program}"


class MigrationStep(msgspec.Struct, frozen=True, kw_only=True):
    """One thing to take over. `do` raises MigrationProblem, ConfigWriteError or OSError, with nothing changed."""

    source: str
    target: str
    do: Callable[[], object]


class NoCounterpart(msgspec.Struct, frozen=True):
    """One thing that has no counterpart here."""

    source: str
    message: str


class MigrationPlan(msgspec.Struct, frozen=True, kw_only=True):
    """What there is of a kind that was not taken over before."""

    kind: MigrationKind
    place: MigrationPlace
    description: str
    steps: tuple[MigrationStep, ...] = ()
    refused: tuple[NoCounterpart, ...] = ()


class PluginChoice(msgspec.Struct, frozen=True):
    """Plugins of a marketplace."""

    marketplace: str
    plugins: tuple[str, ...]


class SessionChoice(msgspec.Struct, frozen=True, kw_only=True):
    """A conversation: its file, where it was held, and what it is called."""

    path: str
    cwd: str
    title: str | None = None


class MigrationItem(msgspec.Struct, frozen=True, kw_only=True):
    """What was found of a kind at home (no `cwd`) or in a project, or what of it is wanted.

    `names` are of skills, servers, hooks, agents or commands. Where all three are None, all that there is is meant.
    """

    kind: MigrationKind
    description: str
    cwd: Path | None = None
    names: tuple[str, ...] | None = None
    plugins: tuple[PluginChoice, ...] | None = None
    sessions: tuple[SessionChoice, ...] | None = None


class ImportSuccess(msgspec.Struct, frozen=True, kw_only=True):
    """Something that was taken over."""

    kind: MigrationKind
    cwd: str | None = None
    source: str | None = None
    target: str | None = None
    title: str | None = None


class ImportFailure(msgspec.Struct, frozen=True, kw_only=True):
    """Something that could not be taken over."""

    kind: MigrationKind
    message: str
    stage: str = "import_request_failed"
    error_type: str | None = IMPORT_FAILED
    sub_error_type: str | None = None
    cwd: str | None = None
    source: str | None = None


class KindOutcome(msgspec.Struct, frozen=True, kw_only=True):
    """What came of a kind."""

    kind: MigrationKind
    successes: tuple[ImportSuccess, ...] = ()
    failures: tuple[ImportFailure, ...] = ()


class PastImport(msgspec.Struct, frozen=True, kw_only=True):
    """An import that is over. The time is Unix milliseconds."""

    import_id: str
    provider_id: str | None = None
    completed_at_ms: int
    successes: list[ImportSuccess]
    failures: list[ImportFailure]


def joined(outcomes: Sequence[KindOutcome]) -> list[KindOutcome]:
    """Return one outcome a kind."""
    return [
        KindOutcome(
            kind=kind,
            successes=tuple(success for one in of_kind for success in one.successes),
            failures=tuple(failure for one in of_kind for failure in one.failures),
        )
        for kind in REPORT_ORDER
        if (of_kind := [one for one in outcomes if one.kind == kind])
    ]
