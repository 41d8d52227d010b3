"""Hooks of the other program, into `hooks.json`. They run once their user trusts them, as all others do."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import msgspec

from codex_trio.config.hook_events import HOOK_EVENTS
from codex_trio.migration.reading import read_object
from codex_trio.migration.settings import settings_of
from codex_trio.migration.values import MigrationPlace, MigrationPlan, MigrationStep, NoCounterpart
from codex_trio.migration.writing import check_target
from codex_trio.util.loose_json import table_of, tables_of
from codex_trio.util.replacing import replace_file

_PROJECT = re.compile(r"\$(?:\{CLAUDE_PROJECT_DIR\}|CLAUDE_PROJECT_DIR\b)")
_WHERE_IT_RUNS = "${CLAUDE_PROJECT_DIR:-$(git rev-parse --show-toplevel 2>/dev/null || pwd)}"
_WITHOUT_COUNTERPART = ("if", "asyncRewake", "once", "args", "failClosed", "loop_limit")


def plan_hooks(place: MigrationPlace) -> MigrationPlan | None:
    """Return what is to be done for HOOKS. Raises MigrationProblem."""
    tables = settings_of(place)
    if any(table.get("disableAllHooks") is True for table in tables):
        return None
    return hooks_plan(place, [table_of(table.get("hooks")) for table in tables])


def hooks_plan(place: MigrationPlace, given_ones: Sequence[Mapping[str, Any]]) -> MigrationPlan | None:
    """Return what is to be done with tables of groups by their events. Raises MigrationProblem."""
    groups: dict[str, list[dict[str, Any]]] = {}
    refused: list[NoCounterpart] = []
    for table in given_ones:
        for event, given in table.items():
            if event not in HOOK_EVENTS:
                refused.append(NoCounterpart(event, f"there is no such event; there are {', '.join(HOOK_EVENTS)}"))
                continue
            taken = [group for one in tables_of(given) if (group := _group(event, one, refused)) is not None]
            if taken:
                groups[event] = groups.get(event, []) + taken
    if not groups and not refused:
        return None
    target = place.folder / "hooks.json"
    existing = _existing(place, target)
    return MigrationPlan(
        kind="HOOKS",
        place=place,
        description=f"Migrate hooks from {place.kept} to {target}",
        steps=tuple(
            MigrationStep(source=event, target=event, do=partial(_write, place, target, event, groups[event]))
            for event in HOOK_EVENTS
            if event in groups and event not in existing
        ),
        refused=tuple(refused),
    )


def _group(event: str, given: dict[str, Any], refused: list[NoCounterpart]) -> dict[str, Any] | None:
    handlers = [
        handler
        for number, one in enumerate(tables_of(given.get("hooks")))
        if (handler := _handler(f"{event}.hooks[{number}]", one, refused)) is not None
    ]
    if not handlers:
        return None
    matcher = given.get("matcher")
    return ({"matcher": matcher} if isinstance(matcher, str) else {}) | {"hooks": handlers}


def _handler(where: str, given: dict[str, Any], refused: list[NoCounterpart]) -> dict[str, Any] | None:
    command = given.get("command")
    problem = next((f"`{key}` has no counterpart" for key in _WITHOUT_COUNTERPART if given.get(key)), None)
    if given.get("type", "command") != "command":
        problem = f"hooks of the type {given.get('type')!r} are not supported"
    elif given.get("async") is True:
        problem = "hooks that nobody waits for are not supported"
    elif not isinstance(command, str) or not command.strip():
        problem = "it has no command"
    if problem is not None or not isinstance(command, str):
        refused.append(NoCounterpart(where, problem or "it has no command"))
        return None
    handler: dict[str, Any] = {"type": "command", "command": _PROJECT.sub(lambda _: _WHERE_IT_RUNS, command)}
    seconds = _seconds(given.get("timeout"))
    if seconds is not None:
        handler["timeout"] = seconds
    if isinstance(given.get("statusMessage"), str):
        handler["statusMessage"] = given["statusMessage"]
    return handler


def _seconds(given: Any) -> int | None:
    text = str(given)
    return int(text) if not isinstance(given, bool) and re.fullmatch(r"[1-9][0-9]{0,5}", text) else None


def _existing(place: MigrationPlace, target: Path) -> dict[str, Any]:
    document = read_object(place, target)
    return {} if document is None else table_of(document.get("hooks"))


def _write(place: MigrationPlace, target: Path, event: str, groups: list[dict[str, Any]]) -> None:
    check_target(place, target)
    document = read_object(place, target) or {}
    document["hooks"] = table_of(document.get("hooks")) | {event: groups}
    content = msgspec.json.format(msgspec.json.encode(document), indent=2) + b"\n"
    replace_file(Path(target).resolve(), content, mode=0o600 if place.cwd is None else 0o644)
