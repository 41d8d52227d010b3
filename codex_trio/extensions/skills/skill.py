"""What is known of a skill: these values, and the folder that one was found below."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import msgspec

SkillScope = Literal["repo", "user", "system", "admin"]

SCOPES: tuple[SkillScope, ...] = ("repo", "user", "system", "admin")
"""In the order in which skills are listed."""


class SkillRoot(msgspec.Struct, frozen=True, kw_only=True):
    """A folder to look for skills in.

    `within` is a folder that links may not lead out of; None lets them lead anywhere, as in the user's own folders.
    `is_trusted` says whether what is there may be told to a model that nobody pointed to it. `prefix` and `plugin_id`
    are those of the plugin that brought it.
    """

    path: Path
    scope: SkillScope
    within: Path | None = None
    is_trusted: bool = True
    prefix: str | None = None
    plugin_id: str | None = None


class SkillInterface(msgspec.Struct, frozen=True, kw_only=True):
    """How a skill likes to be shown; paths are absolute."""

    display_name: str | None = None
    short_description: str | None = None
    icon_small: str | None = None
    icon_large: str | None = None
    brand_color: str | None = None
    default_prompt: str | None = None


class ToolDependency(msgspec.Struct, frozen=True, kw_only=True):
    """Something that a skill needs."""

    type: str
    value: str
    description: str | None = None
    transport: str | None = None
    command: str | None = None
    url: str | None = None


class SkillDetails(msgspec.Struct, frozen=True, kw_only=True):
    """What the file beside a skill says of it: `products` are those that it is for, all where there are none."""

    interface: SkillInterface | None = None
    dependencies: tuple[ToolDependency, ...] = ()
    is_implicit: bool = True
    """Whether the model may take it up without being told to."""
    products: tuple[str, ...] = ()


class SkillFile(msgspec.Struct, frozen=True, kw_only=True):
    """A skill as its files describe it."""

    path: str
    name: str
    description: str
    short_description: str | None = None
    details: SkillDetails = SkillDetails()


class SkillProblem(msgspec.Struct, frozen=True):
    """Why a file, or a folder, gave no skill, or only a part of one."""

    path: str
    message: str


class Skill(msgspec.Struct, frozen=True, kw_only=True):
    """A skill as one folder of work sees it."""

    name: str
    file: SkillFile
    root: SkillRoot
    is_enabled: bool

    @property
    def path(self) -> str:
        """Where its instructions are."""
        return self.file.path

    @property
    def is_offered(self) -> bool:
        """Whether the model is told of it unasked."""
        return self.is_enabled and self.root.is_trusted and self.file.details.is_implicit


class SkillListing(msgspec.Struct, frozen=True, kw_only=True):
    """All skills for one folder of work, in the order in which they are listed, and what went wrong."""

    skills: tuple[Skill, ...] = ()
    problems: tuple[SkillProblem, ...] = ()
