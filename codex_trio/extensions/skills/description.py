"""The files that describe a skill: the front matter of `SKILL.md`, and `agents/openai.yaml` beside it.

Owns their form: pure functions of texts. Does not own finding or reading the files (`reading`, `scan`).
"""

from __future__ import annotations

import os
import re

import msgspec

from codex_trio.extensions.skills.skill import SkillDetails, SkillInterface, ToolDependency
from codex_trio.extensions.skills.yaml_tree import YamlProblem, YamlTree, load_yaml
from codex_trio.util.visible import has_unseen, with_unseen

MAX_NAME = 64
_MAX_LABEL = 64
_MAX_TEXT = 1024
_MAX_DEPENDENCIES = 64
_MAX_PRODUCTS = 64

_FENCE = re.compile(r"^---[ \t]*\r?$", re.MULTILINE)
_PLAIN_LINE = re.compile(r"^(name|description):[ \t]*(.*?)[ \t]*\r?$", re.MULTILINE)
_COLOR = re.compile(r"#[0-9A-Fa-f]{6}")


class NoSkill(Exception):
    """The file describes no skill."""


class Header(msgspec.Struct, frozen=True, kw_only=True):
    """What the front matter says."""

    name: str
    description: str
    short_description: str | None


def parse_header(text: str, *, folder_name: str, is_whole: bool = True) -> Header:
    """Return what a `SKILL.md` says of itself; `is_whole` unless `text` is only its start. Raises NoSkill."""
    fields = _front_matter(text, is_whole=is_whole)
    name = _line(fields.get("name")) or folder_name
    if len(name) > MAX_NAME:
        raise NoSkill(f"invalid name: exceeds maximum length of {MAX_NAME} characters")
    if has_unseen(name):
        # Another skill's name could look the same.
        raise NoSkill(f"invalid name: `{with_unseen(name)}` has characters that are not seen; write it without them")
    description = _line(fields.get("description"))
    if not description:
        raise NoSkill("missing field `description`")
    return Header(
        name=name,
        description=description,
        short_description=_line(_table(fields.get("metadata")).get("short-description")),
    )


def parse_details(text: str, *, skill_folder: str) -> SkillDetails:
    """Return what the file beside a skill says; what it says in another form counts as not said. Raises YamlProblem."""
    tree = _table(load_yaml(text))
    policy = _table(tree.get("policy"))
    return SkillDetails(
        interface=_interface(_table(tree.get("interface")), skill_folder),
        dependencies=_dependencies(_table(tree.get("dependencies")).get("tools")),
        is_implicit=_line(policy.get("allow_implicit_invocation")) not in ("false", "False", "FALSE"),
        products=_products(policy.get("products")),
    )


def _front_matter(text: str, *, is_whole: bool) -> dict[str, YamlTree]:
    text = text.removeprefix("\ufeff")
    opening = _FENCE.match(text)
    closing = None if opening is None else _FENCE.search(text, opening.end() + 1)
    if opening is None or closing is None:
        if opening is not None and not is_whole:
            raise NoSkill(f"the YAML frontmatter does not end within {len(text)} characters")
        raise NoSkill("missing YAML frontmatter delimited by ---")
    matter = text[opening.end() : closing.start()]
    try:
        return _table(load_yaml(matter))
    except YamlProblem as problem:
        # Many are written by people who do not know that a colon means something in YAML.
        plain = dict[str, YamlTree](_PLAIN_LINE.findall(matter))
        if not plain.get("description"):
            raise NoSkill(f"invalid YAML: {problem}") from None
        return plain


def _interface(table: dict[str, YamlTree], skill_folder: str) -> SkillInterface | None:
    color = _line(table.get("brand_color"))
    interface = SkillInterface(
        display_name=_line(table.get("display_name"), limit=_MAX_LABEL),
        short_description=_line(table.get("short_description"), limit=_MAX_TEXT),
        icon_small=_icon(table.get("icon_small"), skill_folder),
        icon_large=_icon(table.get("icon_large"), skill_folder),
        brand_color=color if color is not None and _COLOR.fullmatch(color) else None,
        default_prompt=_line(table.get("default_prompt"), limit=_MAX_TEXT),
    )
    return None if interface == SkillInterface() else interface


def _icon(value: YamlTree, skill_folder: str) -> str | None:
    """Return where an icon is: in the skill's folder, or it counts as not given."""
    given = _line(value, limit=_MAX_TEXT)
    if given is None or os.path.isabs(given) or ".." in given.split("/"):
        return None
    return os.path.normpath(os.path.join(skill_folder, given))


def _dependencies(value: YamlTree) -> tuple[ToolDependency, ...]:
    found: list[ToolDependency] = []
    for item in value[:_MAX_DEPENDENCIES] if isinstance(value, list) else []:
        table = _table(item)
        kind, named = _line(table.get("type"), limit=_MAX_LABEL), _line(table.get("value"), limit=_MAX_TEXT)
        if kind is not None and named is not None:
            found.append(
                ToolDependency(
                    type=kind,
                    value=named,
                    description=_line(table.get("description"), limit=_MAX_TEXT),
                    transport=_line(table.get("transport"), limit=_MAX_LABEL),
                    command=_line(table.get("command"), limit=_MAX_TEXT),
                    url=_line(table.get("url"), limit=_MAX_TEXT),
                )
            )
    return tuple(found)


def _products(value: YamlTree) -> tuple[str, ...]:
    items = value[:_MAX_PRODUCTS] if isinstance(value, list) else []
    return tuple(item.strip().lower() for item in items if isinstance(item, str))


def _table(value: YamlTree) -> dict[str, YamlTree]:
    return value if isinstance(value, dict) else {}


def _line(value: YamlTree, *, limit: int | None = None) -> str | None:
    """Return a text in one line; None for anything else, for nothing, and for more than `limit` characters."""
    if not isinstance(value, str):
        return None
    line = " ".join(value.split())
    return None if not line or (limit is not None and len(line) > limit) else line
