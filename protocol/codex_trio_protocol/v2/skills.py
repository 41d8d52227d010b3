"""TODO module skills"""

from typing import Annotated, TypeAlias

from msgspec import UNSET, UnsetType, field

from codex_trio_protocol.base import AbsolutePathBuf, AbsolutePathParam, Known, Params, Wire
from codex_trio_protocol.v2.common import LegacyAppPathString


class SkillsConfigWriteParams(Params):
    """TODO SkillsConfigWriteParams"""

    path: AbsolutePathParam | None = None
    name: str | None = None
    enabled: bool


class SkillsExtraRootsSetParams(Params):
    """TODO SkillsExtraRootsSetParams"""

    extra_roots: list[AbsolutePathParam]


class SkillsListParams(Params):
    """TODO SkillsListParams"""

    cwds: list[str] = field(default_factory=list)
    force_reload: bool = False


class SkillsChangedNotification(Wire):
    """TODO SkillsChangedNotification"""


class SkillInterface(Wire):
    """TODO SkillInterface"""

    display_name: str | None = None
    short_description: str | None = None
    icon_small: AbsolutePathBuf | None = None
    icon_large: AbsolutePathBuf | None = None
    icon_small_url: str | None = None
    icon_large_url: str | None = None
    brand_color: str | None = None
    default_prompt: str | None = None


class SkillSummary(Wire):
    """TODO SkillSummary"""

    name: str
    description: str
    short_description: str | None = None
    interface: SkillInterface | None = None
    path: LegacyAppPathString | None = None
    enabled: bool


class SkillsConfigWriteResponse(Wire):
    """TODO SkillsConfigWriteResponse"""

    effective_enabled: bool


class SkillsExtraRootsSetResponse(Wire):
    """TODO SkillsExtraRootsSetResponse"""


class SkillToolDependency(Wire):
    """TODO SkillToolDependency"""

    type: str
    value: str
    description: str | UnsetType | None = UNSET
    transport: str | UnsetType | None = UNSET
    command: str | UnsetType | None = UNSET
    url: str | UnsetType | None = UNSET


class SkillDependencies(Wire):
    """TODO SkillDependencies"""

    tools: list[SkillToolDependency]


class SkillErrorInfo(Wire):
    """TODO SkillErrorInfo"""

    path: str
    message: str


SkillScope: TypeAlias = Annotated[str, Known("user", "repo", "system", "admin")]
"""TODO SkillScope"""


class SkillMetadata(Wire):
    """TODO SkillMetadata"""

    name: str
    description: str
    short_description: str | UnsetType | None = UNSET
    interface: SkillInterface | UnsetType | None = UNSET
    dependencies: SkillDependencies | UnsetType | None = UNSET
    path: LegacyAppPathString
    scope: SkillScope
    enabled: bool
    plugin_id: str | None = None


class SkillsListEntry(Wire):
    """TODO SkillsListEntry"""

    cwd: str
    skills: list[SkillMetadata]
    errors: list[SkillErrorInfo]


class SkillsListResponse(Wire):
    """TODO SkillsListResponse"""

    data: list[SkillsListEntry]
