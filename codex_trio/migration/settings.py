"""The other program's settings: what of them has a counterpart in `config.toml`.

Owns reading `.claude/settings.json`, whose hooks, plugins and choices of servers are for other modules.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from codex_trio.config.edit import Edit
from codex_trio.config.layers import lookup
from codex_trio.migration.reading import read_object, read_target_table
from codex_trio.migration.values import MigrationPlace, MigrationPlan, MigrationProblem, MigrationStep, NoCounterpart
from codex_trio.migration.writing import check_target
from codex_trio.util.loose_json import table_of

_ENVIRONMENT = "shell_environment_policy"

_TAKEN_ELSEWHERE = frozenset(
    ("$schema", "env", "sandbox", "hooks", "disableAllHooks", "enabledPlugins", "extraKnownMarketplaces")
) | {"enableAllProjectMcpServers", "enabledMcpjsonServers", "disabledMcpjsonServers"}
_INSTEAD = {
    "model": "its models are another provider's: choose one by `model`",
    "permissions": "what may be done is said in other words: `approval_policy`, `sandbox_mode`, and rules/*.rules",
}
_NO_COUNTERPART = "there is no such setting"


def settings_file(place: MigrationPlace) -> Path:
    """Return where the settings stand."""
    return place.kept / "settings.json"


def settings_of(place: MigrationPlace) -> list[dict[str, Any]]:
    """Return the settings, in a project with those that its user keeps private behind. Raises MigrationProblem."""
    files = [settings_file(place)]
    if place.cwd is not None:
        files.append(place.kept / "settings.local.json")
    return [table for file in files if (table := read_object(place, file)) is not None]


def plan_settings(place: MigrationPlace) -> MigrationPlan | None:
    """Return what is to be done for CONFIG. Raises MigrationProblem."""
    tables = settings_of(place)
    return settings_plan(place, settings_file(place), tables) if tables else None


def settings_plan(place: MigrationPlace, source: Path, tables: Sequence[dict[str, Any]]) -> MigrationPlan:
    """Return what is to be done with these tables, the first of which is `source`'s. Raises MigrationProblem."""
    variables: dict[str, str] = {}
    refused: list[NoCounterpart] = []
    for table in tables:
        for name, value in table_of(table.get("env")).items():
            text = _text(value)
            if value is None:
                continue
            if text is None:
                refused.append(NoCounterpart(f"env.{name}", "its value is neither a text, a number nor true or false"))
            else:
                variables[name] = text
    refused += [
        NoCounterpart(key, _INSTEAD.get(key, _NO_COUNTERPART))
        for key in dict.fromkeys(key for table in tables for key, value in table.items() if value is not None)
        if key not in _TAKEN_ELSEWHERE
    ]
    existing = read_target_table(place.config)
    edits: list[Edit] = []
    if variables:
        edits += _environment_edits(existing, variables)
    if any(lookup(table, ["sandbox", "enabled"]) is True for table in tables) and "sandbox_mode" not in existing:
        edits.append(Edit(path=("sandbox_mode",), value="workspace-write", merge=False))

    def write() -> None:
        check_target(place, place.config)
        place.edit(edits)

    return MigrationPlan(
        kind="CONFIG",
        place=place,
        description=f"Migrate {source} into {place.config}",
        steps=(MigrationStep(source=str(source), target=str(place.config), do=write),) if edits else (),
        refused=tuple(refused),
    )


def _environment_edits(existing: dict[str, Any], variables: dict[str, str]) -> list[Edit]:
    """Return what is missing; what the user has set stays."""
    policy: Any = existing.get(_ENVIRONMENT, {})
    own: Any = table_of(policy).get("set", {})
    if not isinstance(policy, dict) or not isinstance(own, dict):
        raise MigrationProblem(f"`{_ENVIRONMENT}` of the configuration is no table")
    new = {name: value for name, value in variables.items() if name not in own}
    if not new:
        return []
    edits = [Edit(path=(_ENVIRONMENT, "set", name), value=value, merge=False) for name, value in new.items()]
    if "inherit" not in policy:
        edits.insert(0, Edit(path=(_ENVIRONMENT, "inherit"), value="core", merge=False))
    return edits


def _text(value: Any) -> str | None:
    if isinstance(value, str):
        return None if "\0" in value else value
    return json.dumps(value) if isinstance(value, bool | int | float) else None
