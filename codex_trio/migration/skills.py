"""Skills, and commands as skills."""

from __future__ import annotations

from functools import partial
from pathlib import Path

from codex_trio.extensions.skills.description import NoSkill, parse_header
from codex_trio.extensions.skills.yaml_tree import YamlProblem, YamlTree
from codex_trio.migration.reading import entries_of, markdown_files, read_text, split_front_matter
from codex_trio.migration.values import MigrationPlace, MigrationPlan, MigrationProblem, MigrationStep, NoCounterpart
from codex_trio.migration.wording import quoted, reworded, slug
from codex_trio.migration.writing import check_target, copy_folder, write_file

_FILE = "SKILL.md"
_PREFIX = "source-command-"
_MAX_DESCRIPTION = 1024
_DEPTH = 6
_PLACES_TO_FILL = ("$ARGUMENTS", *(f"${digit}" for digit in "123456789"), "{{")


def plan_skills(place: MigrationPlace) -> MigrationPlan:
    """Return what is to be done for SKILLS. Raises MigrationProblem."""
    source = place.claude / "skills"
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
    new = reworded(text)
    try:
        parse_header(new, folder_name=folder.name)
    except NoSkill as problem:
        raise MigrationProblem(f"{folder / _FILE}: {problem}") from None
    return new


def plan_commands(place: MigrationPlace) -> MigrationPlan:
    """Return what is to be done for COMMANDS. Raises MigrationProblem."""
    source = place.claude / "commands"
    steps: list[MigrationStep] = []
    refused: list[NoCounterpart] = []
    taken: set[str] = set()
    for path in markdown_files(place, source, depth=_DEPTH):
        relative = path.relative_to(source).with_suffix("")
        name = _PREFIX + slug("-".join(relative.parts))
        if relative.name == "README" or (place.skills / name).exists():
            continue
        try:
            if name in taken or name == _PREFIX:
                raise MigrationProblem(f"its name makes no name of its own for a skill ({name})")
            text = _command_text(place, path, relative.as_posix(), name)
        except MigrationProblem as problem:
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
    try:
        fields, body = split_front_matter(text)
    except YamlProblem as problem:
        raise MigrationProblem(f"its front matter {problem}") from None
    found = next((place for place in _PLACES_TO_FILL if place in body), None)
    if found is not None:
        raise MigrationProblem(f"it has a place for arguments ({found}), which skills do not have")
    if "!`" in body:
        raise MigrationProblem("it runs commands while it is read (!`...`), which skills do not")
    if any(word.startswith("@") and len(word) > 1 for word in body.split()):
        raise MigrationProblem("it takes in other files (@...), which skills do not")
    if not body.strip():
        raise MigrationProblem("it says nothing")
    description = _line(fields.get("description")) or f"The command `{command}` of another agent program."
    return (
        f"---\nname: {quoted(name)}\ndescription: {quoted(description[:_MAX_DESCRIPTION])}\n---\n\n# {name}\n\n"
        f"This was the command `{command}` of another agent program. Follow it when the user asks for it by that "
        f"name.\n\n{reworded(body).strip()}\n"
    )


def _write_skill(place: MigrationPlace, name: str, text: str) -> None:
    folder = place.skills / name
    check_target(place, folder)
    write_file(place, folder / _FILE, text)


def _line(value: YamlTree) -> str:
    return " ".join(value.split()) if isinstance(value, str) else ""
