"""Which skills a user's words name, and what is in their files.

Owns the forms in which skills are named: an input part, a link `[$name](path)`, or `$name` in the text. Does not own
what becomes of them. Blocking where it reads.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import msgspec

from codex_trio.extensions.skills.skill import Skill, SkillListing
from codex_trio.util.regular_file import read_start

MAX_SKILL_BYTES = 256 * 1024
"""How much of a skill's file a model is given."""

MAX_NAMED = 50
"""Skills that are taken up at once."""

_LINK = re.compile(r"\[\$([^\]\n]{1,64})\]\(([^)\n]{1,4096})\)")
_NAME = re.compile(r"(?<![\w$\\])\$([A-Za-z0-9_][A-Za-z0-9_:-]*)")

_VARIABLES = frozenset(
    (
        *("PATH", "HOME", "USER", "LOGNAME", "HOSTNAME", "SHELL", "PWD", "OLDPWD", "TMPDIR", "TEMP", "TMP", "LANG"),
        *("TERM", "EDITOR", "PAGER", "XDG_CONFIG_HOME", "CODEX_HOME"),
    )
)
"""What people write of without meaning a skill."""


class NamedSkills(msgspec.Struct, frozen=True):
    """The skills that words name, with the texts of their files, and what the user is to be told of others."""

    texts: tuple[tuple[Skill, str], ...] = ()
    warnings: tuple[str, ...] = ()


def may_name_skills(content: Iterable[Mapping[str, Any]]) -> bool:
    """Return whether there is anything in an input that could name a skill."""
    return any(part.get("type") == "skill" or "$" in part.get("text", "") for part in content)


def read_named(listing: SkillListing, content: Sequence[Mapping[str, Any]]) -> NamedSkills:
    """Return the skills that an input names, in the order in which they are listed. Blocking."""
    chosen, warnings = _chosen(listing, content)
    texts: list[tuple[Skill, str]] = []
    for skill in listing.skills:
        if skill.path not in chosen:
            continue
        if len(texts) == MAX_NAMED:
            warnings.append(f"More than {MAX_NAMED} skills were named; only the first {MAX_NAMED} are used.")
            break
        try:
            texts.append((skill, _text_of(skill)))
        except OSError as error:
            warnings.append(f"Went on without the skill `{skill.name}`: {skill.path}: {error.strerror}.")
    return NamedSkills(tuple(texts), tuple(warnings))


def _chosen(listing: SkillListing, content: Sequence[Mapping[str, Any]]) -> tuple[set[str], list[str]]:
    """Return the paths of the skills that an input names, and what to tell of names that lead to none."""
    chosen: set[str] = set()
    warnings: list[str] = []
    pointed: set[str] = set()
    texts: list[str] = []
    for part in content:
        if part.get("type") == "skill":
            pointed.add(part.get("name", ""))
            _point(listing, part.get("path", ""), part.get("name", ""), chosen, warnings)
        elif part.get("type") == "text":
            texts.append(part.get("text", ""))
    for text in texts:
        for name, path in _LINK.findall(text):
            pointed.add(name)
            _point(listing, path, name, chosen, warnings)
    for text in texts:
        for name in dict.fromkeys(_NAME.findall(_LINK.sub("", text))):
            if name not in pointed and name not in _VARIABLES:
                _name(listing, name, chosen, warnings)
    return chosen, warnings


def _point(listing: SkillListing, path: str, name: str, chosen: set[str], warnings: list[str]) -> None:
    """Choose the skill at a path."""
    real = os.path.realpath(path)
    found = next((skill for skill in listing.skills if skill.path in (path, real)), None) or next(
        (skill for skill in listing.skills if os.path.realpath(skill.path) == real), None
    )
    if found is None:
        warnings.append(f"Went on without the skill `{name}`: there is none at {path}.")
    elif not found.is_enabled:
        warnings.append(f"Went on without the skill `{name}`: it is switched off in the settings ([[skills.config]]).")
    else:
        chosen.add(found.path)


def _name(listing: SkillListing, name: str, chosen: set[str], warnings: list[str]) -> None:
    """Choose the one skill of a name: the user's own before those of a project that nobody trusts."""
    # What ends a sentence or an enumeration is no part of a name.
    name = name if any(skill.name == name for skill in listing.skills) else name.rstrip(":-")
    fitting = [skill for skill in listing.skills if skill.name == name and skill.is_enabled]
    trusted = [skill for skill in fitting if skill.root.is_trusted]
    candidates = trusted or fitting
    if len(candidates) == 1:
        chosen.add(candidates[0].path)
    elif candidates:
        paths = ", ".join(skill.path for skill in candidates)
        warnings.append(f"`${name}` names {len(candidates)} skills ({paths}); none was used. Choose one by its path.")


def _text_of(skill: Skill) -> str:
    data = read_start(skill.path, limit=MAX_SKILL_BYTES + 1)
    if len(data) <= MAX_SKILL_BYTES:
        return data.decode("utf-8", "replace")
    start = data[:MAX_SKILL_BYTES].decode("utf-8", "ignore")
    return f"{start}\n[cut after {MAX_SKILL_BYTES} bytes: the rest is in the file]\n"
