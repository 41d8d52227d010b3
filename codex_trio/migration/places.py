"""Where things are looked for and where they go: the user's home, and the projects that a client names."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

from codex_trio.config.edit import Edit
from codex_trio.config.project import git_root
from codex_trio.config.service import ConfigService
from codex_trio.config.write import write_edits, write_project_edits
from codex_trio.migration.agents import plan_agents
from codex_trio.migration.cursor import (
    plan_cursor_hooks,
    plan_cursor_rules,
    plan_cursor_servers,
    plan_cursor_settings,
)
from codex_trio.migration.hooks import plan_hooks
from codex_trio.migration.instructions import plan_instructions
from codex_trio.migration.servers import plan_servers
from codex_trio.migration.settings import plan_settings
from codex_trio.migration.skills import plan_commands, plan_skills
from codex_trio.migration.values import AgentProgram, MigrationKind, MigrationPlace, MigrationPlan

Planner = Callable[[MigrationPlace], MigrationPlan | None]


def home_place(config: ConfigService, home: Path, program: AgentProgram) -> MigrationPlace:
    """Return the user's home."""
    codex_home = config.paths.codex_home

    def edit(edits: Sequence[Edit]) -> None:
        write_edits(config, edits)

    return MigrationPlace(
        program=program,
        root=home,
        cwd=None,
        config=config.paths.written_config,
        folder=codex_home,
        skills=home / ".agents/skills",
        instructions=codex_home / "AGENTS.md",
        bounds=(codex_home, home),
        edit=edit,
    )


def project_place(config: ConfigService, cwd: Path, program: AgentProgram) -> MigrationPlace:
    """Return the project around a folder: the repository, or the folder itself."""
    root = git_root(cwd) or cwd
    target = root / ".codex/config.toml"

    def edit(edits: Sequence[Edit]) -> None:
        write_project_edits(config, target, edits)

    return MigrationPlace(
        program=program,
        root=root,
        cwd=root,
        config=target,
        folder=root / ".codex",
        skills=root / ".agents/skills",
        instructions=root / "AGENTS.md",
        bounds=(root,),
        edit=edit,
    )


def planners(program: AgentProgram, home: Path | None) -> dict[MigrationKind, Planner]:
    """Return what finds each kind of thing in a place, in the order in which they are shown."""
    if program == "cursor":
        return {
            "CONFIG": plan_cursor_settings,
            "MCP_SERVER_CONFIG": plan_cursor_servers,
            "HOOKS": plan_cursor_hooks,
            "SKILLS": plan_skills,
            "COMMANDS": plan_commands,
            "SUBAGENTS": plan_agents,
            "AGENTS_MD": plan_cursor_rules,
        }
    return {
        "CONFIG": plan_settings,
        "MCP_SERVER_CONFIG": partial(plan_servers, home=home),
        "HOOKS": plan_hooks,
        "SKILLS": plan_skills,
        "COMMANDS": plan_commands,
        "SUBAGENTS": plan_agents,
        "AGENTS_MD": plan_instructions,
    }
