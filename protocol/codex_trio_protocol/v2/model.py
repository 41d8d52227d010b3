"""Models that may be chosen, and collaboration modes."""

from typing import Annotated, TypeAlias

from msgspec import field

from codex_trio_protocol.base import Int64, Known, OpenWord, Params, UInt32, Wire
from codex_trio_protocol.v2.common import CyberAccessProgram, ModeKind, ReasoningEffort


class CollaborationModeListParams(Params):
    """List the collaboration modes."""


class ModelListParams(Params):
    """List models that may be chosen. Null is the configured provider; hidden models only on demand.

    Errors: -32600 for an unreadable cursor.
    """

    model_provider: str | None = None
    cursor: str | None = None
    limit: UInt32 | None = None
    include_hidden: bool | None = None


class CollaborationModeMask(Wire, rename=None):
    """A mode to choose. Null fields leave the setting alone."""

    name: str
    mode: ModeKind | None = None
    model: str | None = None
    reasoning_effort: ReasoningEffort | None = None


class CollaborationModeListResponse(Wire):
    """The modes."""

    data: list[CollaborationModeMask]


InputModality: TypeAlias = Annotated[str, Known("text", "image", "audio")]
"""What a model takes as input."""


class ModelAccessPrograms(Wire):
    """Programmes that may be asked for with a model."""

    cyber: list[OpenWord[CyberAccessProgram]]


class ModelAvailabilityNux(Wire):
    """Words to show when a model is new."""

    message: str


class ModelServiceTier(Wire):
    """A service tier of a model."""

    id: str
    name: str
    description: str


class ModelUpgradeInfo(Wire):
    """A newer model to move to. The retirement is in Unix seconds, null when not planned."""

    model: str
    upgrade_copy: str | None = None
    model_link: str | None = None
    migration_markdown: str | None = None
    retirement_at: Int64 | None = None


MultiAgentVersion: TypeAlias = Annotated[str, Known("disabled", "v1", "v2")]
"""Which generation of sub-agents a model can use."""


class ReasoningEffortOption(Wire):
    """An effort that a model offers."""

    reasoning_effort: ReasoningEffort
    description: str


class Model(Wire):
    """A model that may be chosen. Null where the catalogue says nothing."""

    id: str
    model: str
    upgrade: str | None = None
    upgrade_info: ModelUpgradeInfo | None = None
    availability_nux: ModelAvailabilityNux | None = None
    display_name: str
    description: str
    model_specialty: str | None = None
    hidden: bool
    supported_reasoning_efforts: list[ReasoningEffortOption]
    default_reasoning_effort: ReasoningEffort
    input_modalities: list[InputModality] = field(default_factory=lambda: ["text", "image"])
    supports_personality: bool = False
    multi_agent_version: MultiAgentVersion | None = None
    additional_speed_tiers: list[str] = field(default_factory=list)
    service_tiers: list[ModelServiceTier] = field(default_factory=list)
    default_service_tier: str | None = None
    available_access_programs: ModelAccessPrograms | None = None
    is_default: bool


class ModelListResponse(Wire):
    """A page of models; a null cursor marks the last one."""

    data: list[Model]
    next_cursor: str | None = None
