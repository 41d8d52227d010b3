"""Sub-agents of the other program, as roles."""

from __future__ import annotations

from functools import partial
from pathlib import Path

from codex_trio.extensions.skills.command_skill import split_front_matter
from codex_trio.extensions.skills.yaml_tree import YamlProblem, YamlTree
from codex_trio.migration.reading import markdown_files, read_text
from codex_trio.migration.values import MigrationPlace, MigrationPlan, MigrationProblem, MigrationStep, NoCounterpart
from codex_trio.migration.wording import reworded
from codex_trio.migration.writing import write_file

_READING_TOOLS = frozenset(
    ("Read", "Grep", "Glob", "LS", "NotebookRead", "WebFetch", "WebSearch", "TodoWrite", "TodoRead")
)
"""Tools that change nothing on the machine."""


def plan_agents(place: MigrationPlace) -> MigrationPlan:
    """Return what is to be done for SUBAGENTS. Raises MigrationProblem."""
    source, folder = place.kept / "agents", place.folder / "agents"
    steps: list[MigrationStep] = []
    refused: list[NoCounterpart] = []
    for path in markdown_files(place, source, depth=1):
        target = folder / f"{path.stem}.toml"
        if target.exists():
            continue
        try:
            text = _role(place, path)
        except MigrationProblem as problem:
            refused.append(NoCounterpart(path.stem, str(problem)))
        else:
            steps.append(MigrationStep(source=path.stem, target=path.stem, do=partial(write_file, place, target, text)))
    return MigrationPlan(
        kind="SUBAGENTS",
        place=place,
        description=f"Migrate subagents from {source} to {folder}",
        steps=tuple(steps),
        refused=tuple(refused),
    )


def _role(place: MigrationPlace, path: Path) -> str:
    text = read_text(place, path)
    if text is None:
        raise MigrationProblem("it is gone")
    try:
        fields, body = split_front_matter(text)
    except YamlProblem as problem:
        raise MigrationProblem(f"its front matter {problem}") from None
    name, description = fields.get("name"), fields.get("description")
    if not isinstance(name, str) or not name.strip():
        raise MigrationProblem("it says no name")
    if not isinstance(description, str) or not description.strip():
        raise MigrationProblem("it says no description")
    if not body.strip():
        raise MigrationProblem("it says nothing")
    import tomlkit

    role = {
        "name": name.strip(),
        "description": reworded(" ".join(description.split()), place.program),
        "developer_instructions": reworded(body, place.program).strip(),
    }
    if _changes_nothing(fields):
        # It would be given more than it had: roles here narrow what may be written, not which tools there are.
        role["sandbox_mode"] = "read-only"
    return tomlkit.dumps(role)


def _changes_nothing(fields: dict[str, YamlTree]) -> bool:
    tools = fields.get("tools")
    names = tools.split(",") if isinstance(tools, str) else tools if isinstance(tools, list) else []
    given = {name.strip() for name in names if isinstance(name, str) and name.strip()}
    if fields.get("readonly") in (True, "true"):
        return True
    return fields.get("permissionMode") == "plan" or (bool(given) and given <= _READING_TOOLS)
