"""The commands that a plugin has for another agent program: written beside its manifest as skills when it is installed.

Owns finding them in the plugin's folder, and where their skills lie. Does not own what such a skill says
(`command_skill`). Blocking.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import cast

from codex_trio.extensions.plugins.inside import inner_path
from codex_trio.extensions.plugins.manifest import Manifest
from codex_trio.extensions.skills.command_skill import NoCommandSkill, read_command, skill_name, skill_text
from codex_trio.util.regular_file import read_whole

SKILLS = "./.codex-plugin/migrated-command-skills"
"""Where the skills lie in an installed plugin; the reference has them there too."""

MAX_COMMANDS = 500
"""More are a mistake."""

_USUAL = "./commands"
_MAX_FILE_BYTES = 1 << 20


def write_command_skills(root: Path, manifest: Manifest, *, plugin: str) -> list[str]:
    """Write a skill for each command of a copied plugin; return those that have none, each with the reason.

    Raises OSError.
    """
    skills = inner_path(root, SKILLS)
    problems: list[str] = []
    if skills is None:
        return problems
    for number, (path, command) in enumerate(_commands(root, manifest, problems)):
        shown = os.path.relpath(path, root)
        if number >= MAX_COMMANDS:
            problems.append(f"{shown} and all after it (more than {MAX_COMMANDS} commands)")
            break
        try:
            name = skill_name(command)
            if (skills / name).exists():
                raise NoCommandSkill(f"another one has its name ({name})")
            text = _skill(path, name, command, plugin)
        except NoCommandSkill as problem:
            problems.append(f"{shown} ({problem})")
            continue
        (skills / name).mkdir(parents=True)
        (skills / name / "SKILL.md").write_text(text, encoding="utf-8")
    return problems


def _skill(path: Path, name: str, command: str, plugin: str) -> str:
    try:
        text = read_whole(path, limit=_MAX_FILE_BYTES).decode("utf-8-sig")
    except OSError as error:
        raise NoCommandSkill(f"it cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise NoCommandSkill(f"it is not UTF-8 text (byte {error.start})") from error
    found = read_command(text)
    if found.description is None:
        raise NoCommandSkill("it has no description in its front matter, by which a model would choose it")
    return skill_text(name, command, description=found.description, body=found.body, owner=f"the plugin `{plugin}`")


def _commands(root: Path, manifest: Manifest, problems: list[str]) -> Iterator[tuple[Path, str]]:
    """Yield the files of commands, each with the name that its path makes, in a fixed order."""
    given = manifest.commands
    named = [_USUAL] if given is None else cast("list[object]", given) if isinstance(given, list) else [given]
    for text in named:
        path = inner_path(root, text)
        if path is not None and path.is_dir():
            yield from _below(path)
        elif path is not None and path.is_file():
            yield path, path.stem
        elif given is not None:
            problems.append(f"`commands` in plugin.json: {text!r:.200} (no file or folder of the plugin as ./path)")


def _below(folder: Path) -> Iterator[tuple[Path, str]]:
    for inner, folders, files in os.walk(folder):
        folders.sort()
        for name in sorted(files):
            path = Path(inner, name)
            if path.suffix == ".md" and path.stem != "README":
                yield path, path.relative_to(folder).with_suffix("").as_posix()
