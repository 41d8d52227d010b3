"""Commands of another agent program as skills: which of them can be skills, and what these say.

Owns names and texts. Does not own finding commands or writing files. Synchronous.
"""

from __future__ import annotations

import re
import unicodedata

import msgspec

from codex_trio.extensions.skills.yaml_tree import YamlProblem, YamlTree, load_yaml

PREFIX = "source-command-"

_FENCE = "---"
_MAX_DESCRIPTION = 1024
_PLACES_TO_FILL = ("$ARGUMENTS", *(f"${digit}" for digit in "123456789"), "{{")


class NoCommandSkill(Exception):
    """A command cannot be a skill. Its text says why, as what follows the command's name."""


class SourceCommand(msgspec.Struct, frozen=True, kw_only=True):
    """A command that can be a skill. `description` is None where it has none, `body` what is to be done."""

    description: str | None
    body: str


def skill_name(command: str) -> str:
    """Return the name of the skill for a command that is named by its path. Raises NoCommandSkill."""
    name = PREFIX + _slug(command)
    if name == PREFIX:
        raise NoCommandSkill(f"its name makes no name of its own for a skill ({name})")
    return name


def read_command(text: str) -> SourceCommand:
    """Return a command. Raises NoCommandSkill for what skills cannot do."""
    try:
        fields, body = split_front_matter(text)
    except YamlProblem as problem:
        raise NoCommandSkill(f"its front matter {problem}") from None
    found = next((place for place in _PLACES_TO_FILL if place in body), None)
    if found is not None:
        raise NoCommandSkill(f"it has a place for arguments ({found}), which skills do not have")
    if "!`" in body:
        raise NoCommandSkill("it runs commands while it is read (!`...`), which skills do not")
    if any(word.startswith("@") and len(word) > 1 for word in body.split()):
        raise NoCommandSkill("it takes in other files (@...), which skills do not")
    if not body.strip():
        raise NoCommandSkill("it says nothing")
    return SourceCommand(description=_line(fields.get("description")), body=body.strip())


def skill_text(name: str, command: str, *, description: str, body: str, owner: str) -> str:
    """Return the text of the skill for a command of `owner`."""
    return (
        f"---\nname: {_quoted(name)}\ndescription: {_quoted(description[:_MAX_DESCRIPTION])}\n---\n\n# {name}\n\n"
        f"This was the command `{command}` of {owner}. Follow it when the user asks for it by that name.\n\n{body}\n"
    )


def split_front_matter(text: str) -> tuple[dict[str, YamlTree], str]:
    """Return what a text says of itself between two fences, and the rest. Raises YamlProblem."""
    lines = text.splitlines(keepends=True)
    if not lines or lines[0].rstrip() != _FENCE:
        return {}, text
    for number, line in enumerate(lines[1:], start=1):
        if line.rstrip() == _FENCE:
            tree = load_yaml("".join(lines[1:number]))
            if tree is not None and not isinstance(tree, dict):
                raise YamlProblem("is no table")
            return tree or {}, "".join(lines[number + 1 :])
    return {}, text


def _slug(text: str) -> str:
    """Return a name in small letters, digits and dashes."""
    plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode().lower()
    return re.sub(r"[^a-z0-9]+", "-", plain).strip("-")


def _quoted(text: str) -> str:
    """Return a text as a YAML scalar on one line."""
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return '"' + " ".join(escaped.split()) + '"'


def _line(value: YamlTree) -> str | None:
    return (" ".join(value.split()) or None) if isinstance(value, str) else None
