"""Skills, and commands as skills."""

from __future__ import annotations

from functools import partial
from pathlib import Path

from codex_trio.extensions.skills.command_skill import NoCommandSkill, read_command, skill_name, skill_text
from codex_trio.extensions.skills.description import NoSkill, parse_header
from codex_trio.migration.reading import entries_of, markdown_files, read_text
from codex_trio.migration.values import MigrationPlace, MigrationPlan, MigrationProblem, MigrationStep, NoCounterpart
from codex_trio.migration.wording import reworded
from codex_trio.migration.writing import check_target, copy_folder, write_file

_FILE = "SKILL.md"
_DEPTH = 6


def plan_skills(place: MigrationPlace) -> MigrationPlan:
    """Return what is to be done for SKILLS. Raises MigrationProblem."""
    source = place.kept / "skills"
    steps: list[MigrationStep] = []
    refused: list[NoCounterpart] = []
    for entry in entries_of(place, source):
        target = place.skills / entry.name
        if entry.is_symlink() or not entry.is_dir() or target.exists():
            continue
        try:
            text = _skill_text(place, Path(entry.path))
        except MigrationProblem as problem:
            refused.append(NoCounterpart(entry.name, str(problem)))
        else:
            copy = partial(copy_folder, place, Path(entry.path), target, instead={_FILE: text})
            steps.append(MigrationStep(source=entry.name, target=entry.name, do=copy))
    return MigrationPlan(
        kind="SKILLS",
        place=place,
        description=f"Migrate skills from {source} to {place.skills}",
        steps=tuple(steps),
        refused=tuple(refused),
    )


def _skill_text(place: MigrationPlace, folder: Path) -> str:
    text = read_text(place, folder / _FILE)
    if text is None:
        raise MigrationProblem(f"it has no {_FILE}")
    new = reworded(text, place.program)
    try:
        parse_header(new, folder_name=folder.name)
    except NoSkill as problem:
        raise MigrationProblem(f"{folder / _FILE}: {problem}") from None
    return new


def plan_commands(place: MigrationPlace) -> MigrationPlan:
    """Return what is to be done for COMMANDS. Raises MigrationProblem."""
    source = place.kept / "commands"
    steps: list[MigrationStep] = []
    refused: list[NoCounterpart] = []
    taken: set[str] = set()
    for path in markdown_files(place, source, depth=_DEPTH):
        relative = path.relative_to(source).with_suffix("")
        try:
            name = skill_name(relative.as_posix())
            if relative.name == "README" or (place.skills / name).exists():
                continue
            if name in taken:
                raise NoCommandSkill(f"its name makes no name of its own for a skill ({name})")
            text = _command_text(place, path, relative.as_posix(), name)
        except (MigrationProblem, NoCommandSkill) as problem:
            refused.append(NoCounterpart(relative.as_posix(), str(problem)))
            continue
        taken.add(name)
        steps.append(MigrationStep(source=name, target=name, do=partial(_write_skill, place, name, text)))
    return MigrationPlan(
        kind="COMMANDS",
        place=place,
        description=f"Migrate commands from {source} to {place.skills}",
        steps=tuple(sorted(steps, key=lambda step: step.source)),
        refused=tuple(refused),
    )


def _command_text(place: MigrationPlace, path: Path, command: str, name: str) -> str:
    text = read_text(place, path)
    if text is None:
        raise MigrationProblem("it is gone")
    found = read_command(text)
    description = found.description or f"The command `{command}` of another agent program."
    body = reworded(found.body, place.program)
    return skill_text(name, command, description=description, body=body, owner="another agent program")


def _write_skill(place: MigrationPlace, name: str, text: str) -> None:
    folder = place.skills / name
    check_target(place, folder)
    write_file(place, folder / _FILE, text)
