"""What Cursor keeps otherwise than Claude Code: settings, servers, hooks, rules, and where a conversation was held.

Owns reading those of its files that have a form of their own. Does not own what is made of them: that is the same for
both programs.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, cast

from codex_trio.migration.hooks import hooks_plan
from codex_trio.migration.instructions import instructions_plan
from codex_trio.migration.reading import MAX_ENTRIES, entries_of, read_object
from codex_trio.migration.servers import servers_in, servers_plan
from codex_trio.migration.settings import settings_plan
from codex_trio.migration.values import MigrationPlace, MigrationPlan, MigrationProblem, NoCounterpart
from codex_trio.util.loose_json import table_of, tables_of

_EVENTS = {
    "sessionStart": "SessionStart",
    "sessionEnd": "SessionEnd",
    "preToolUse": "PreToolUse",
    "postToolUse": "PostToolUse",
    "subagentStart": "SubagentStart",
    "subagentStop": "SubagentStop",
    "beforeSubmitPrompt": "UserPromptSubmit",
    "preCompact": "PreCompact",
    "stop": "Stop",
}
_TOOLS = {"Shell": "Bash"}
"""Whole matchers that name a tool which is called otherwise here."""

_OF_ENVIRONMENT = re.compile(r"\$\{env:([A-Za-z_][A-Za-z0-9_]*)\}")
_OTHER_VARIABLE = re.compile(r"\$\{(?!env:)[^}]*\}")
_RELATIVE = re.compile(r"\s*(?:\.{1,2}|[\w-]+)/")
_APART = re.compile(r"[^A-Za-z0-9]+")
_MOST_LOOKS = 200
_MOST_DEPTH = 10


def plan_cursor_settings(place: MigrationPlace) -> MigrationPlan | None:
    """Return what is to be done for CONFIG. Raises MigrationProblem."""
    source = place.kept / ("cli-config.json" if place.cwd is None else "cli.json")
    table = read_object(place, source)
    if table is None:
        return None
    return settings_plan(place, source, [{key: value for key, value in table.items() if key != "version"}])


def plan_cursor_servers(place: MigrationPlace) -> MigrationPlan | None:
    """Return what is to be done for MCP_SERVER_CONFIG. Raises MigrationProblem."""
    source = place.kept / "mcp.json"
    given: dict[str, Any] = {}
    refused: list[NoCounterpart] = []
    for name, server in servers_in(read_object(place, source) or {}, str(source)):
        try:
            given[name] = _server(server)
        except MigrationProblem as problem:
            refused.append(NoCounterpart(name, str(problem)))
    return servers_plan(place, source, given, refused)


def _server(given: Any) -> Any:
    """Return a server as Claude Code would have it. Raises MigrationProblem."""
    server = _renamed(given, depth=_MOST_DEPTH)
    if not isinstance(server, dict):
        return server
    table = table_of(cast("Any", server))
    if "envFile" in table:
        raise MigrationProblem("its variables come from a file (`envFile`), which is not read")
    login = table_of(table.get("auth"))
    if "CLIENT_SECRET" in login:
        raise MigrationProblem("its login has a secret (`auth.CLIENT_SECRET`), which is not supported")
    return {**table, "oauth": {"clientId": login["CLIENT_ID"]}} if "CLIENT_ID" in login else table


def _renamed(value: Any, *, depth: int) -> Any:
    """Return a value whose variables are written otherwise. Raises MigrationProblem."""
    if isinstance(value, str):
        other = _OTHER_VARIABLE.search(value)
        if other is not None:
            raise MigrationProblem(f"{other.group()[:200]} has no counterpart")
        return _OF_ENVIRONMENT.sub(r"${\1}", value)
    if not depth:
        raise MigrationProblem("it is nested too deep")
    if isinstance(value, list):
        return [_renamed(one, depth=depth - 1) for one in cast("list[Any]", value)]
    if isinstance(value, dict):
        return {key: _renamed(one, depth=depth - 1) for key, one in table_of(cast("Any", value)).items()}
    return value


def plan_cursor_hooks(place: MigrationPlace) -> MigrationPlan | None:
    """Return what is to be done for HOOKS. Raises MigrationProblem."""
    given = table_of((read_object(place, place.kept / "hooks.json") or {}).get("hooks"))
    groups = {
        _EVENTS.get(event, event): [_group(place, hook) for hook in tables_of(hooks)] for event, hooks in given.items()
    }
    return hooks_plan(place, [groups])


def _group(place: MigrationPlace, hook: dict[str, Any]) -> dict[str, Any]:
    handler = {key: value for key, value in hook.items() if key != "matcher"}
    command = handler.get("command")
    if place.cwd is None and isinstance(command, str) and _RELATIVE.match(command):
        # The other program runs those of the user where they are kept.
        handler["command"] = f'cd "$HOME/{place.kept.name}" && {command}'
    matcher = hook.get("matcher")
    named = {"matcher": _TOOLS.get(matcher, matcher)} if isinstance(matcher, str) else {}
    return {**named, "hooks": [handler]}


def plan_cursor_rules(place: MigrationPlace) -> MigrationPlan | None:
    """Return what is to be done for AGENTS_MD; rules that hold for some files have no counterpart.

    Raises MigrationProblem.
    """
    if place.cwd is None:
        return None
    refused = [
        NoCounterpart(f"rules/{entry.name}", "copy what always holds into AGENTS.md")
        for entry in entries_of(place, place.kept / "rules")
        if entry.name.endswith(".mdc")
    ]
    return instructions_plan(place, [place.root / ".cursorrules"], refused)


def held_in(name: str, *, root: Path = Path("/")) -> str | None:
    """Return the folder that there is of those which a project's folder may be named after; None for none.

    In such a name, all but letters and figures is written as dashes.
    """
    looks = iter(range(_MOST_LOOKS))
    found = next(_folders(root, _dashed(name), looks), None)
    return None if found is None else str(found)


def _folders(folder: Path, rest: str, looks: Iterator[int]) -> Iterator[Path]:
    if next(looks, None) is None:
        return
    try:
        with os.scandir(folder) as entries:
            names = [entry.name for _, entry in zip(range(MAX_ENTRIES * 5), entries, strict=False) if entry.is_dir()]
    except OSError:
        return
    for name in sorted(names, key=lambda name: (-len(name), name)):
        dashed = _dashed(name)
        if dashed == rest:
            yield folder / name
        elif dashed and rest.startswith(f"{dashed}-"):
            yield from _folders(folder / name, rest[len(dashed) + 1 :], looks)


def _dashed(name: str) -> str:
    return _APART.sub("-", name).strip("-")
