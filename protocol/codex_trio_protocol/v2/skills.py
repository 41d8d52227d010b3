"""Skills: what there is, and what is switched on."""

from typing import Annotated, TypeAlias

from msgspec import UNSET, UnsetType, field

from codex_trio_protocol.base import AbsolutePathBuf, AbsolutePathParam, AnyPath, Known, Params, Wire
from codex_trio_protocol.v2.common import LegacyAppPathString


class SkillsConfigWriteParams(Params):
    """Switch a skill on or off, by path or by name.

    Errors: -32600 without either.
    """

    path: AbsolutePathParam | None = None
    name: str | None = None
    enabled: bool


class SkillsExtraRootsSetParams(Params):
    """Also look for skills in these folders, for this process.

    Errors: -32600 for a relative path.
    """

    extra_roots: list[AbsolutePathParam]


class SkillsListParams(Params):
    """List skills, by folder; none is the server's own."""

    cwds: list[AnyPath] = field(default_factory=list)
    force_reload: bool = False
    """Read all files anew."""


class SkillsChangedNotification(Wire):
    """Skill files have changed; lists are out of date."""


class SkillInterface(Wire):
    """How a skill likes to be shown. Null where it does not say."""

    display_name: str | None = None
    short_description: str | None = None
    icon_small: AbsolutePathBuf | None = None
    icon_large: AbsolutePathBuf | None = None
    icon_small_url: str | None = None
    icon_large_url: str | None = None
    brand_color: str | None = None
    default_prompt: str | None = None


class SkillSummary(Wire):
    """A skill of a plugin. The path is null while it is not installed."""

    name: str
    description: str
    short_description: str | None = None
    interface: SkillInterface | None = None
    path: LegacyAppPathString | None = None
    enabled: bool


class SkillsConfigWriteResponse(Wire):
    """Whether the skill is on now."""

    effective_enabled: bool


class SkillsExtraRootsSetResponse(Wire):
    """Answer to `skills/extraRoots/set`: it is done."""


class SkillToolDependency(Wire):
    """Something that a skill needs. Keys without a value are left out."""

    type: str
    value: str
    description: str | UnsetType | None = UNSET
    transport: str | UnsetType | None = UNSET
    command: str | UnsetType | None = UNSET
    url: str | UnsetType | None = UNSET


class SkillDependencies(Wire):
    """What a skill needs."""

    tools: list[SkillToolDependency]


class SkillErrorInfo(Wire):
    """A skill file that could not be read."""

    path: str
    message: str


SkillScope: TypeAlias = Annotated[str, Known("user", "repo", "system", "admin")]
"""Where a skill comes from."""


class SkillMetadata(Wire):
    """A skill. Keys without a value are left out."""

    name: str
    description: str
    short_description: str | UnsetType | None = UNSET
    interface: SkillInterface | UnsetType | None = UNSET
    dependencies: SkillDependencies | UnsetType | None = UNSET
    path: LegacyAppPathString
    scope: SkillScope
    enabled: bool
    plugin_id: str | None = None
    """The plugin that brought it; null for others."""


class SkillsListEntry(Wire):
    """Skills for one folder."""

    cwd: str
    skills: list[SkillMetadata]
    errors: list[SkillErrorInfo]


class SkillsListResponse(Wire):
    """Skills by folder, in the order of the question."""

    data: list[SkillsListEntry]
