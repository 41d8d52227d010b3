"""TODO module model"""

from typing import Annotated, TypeAlias

from msgspec import field

from codex_trio_protocol.base import Int64, Known, Params, UInt32, Wire
from codex_trio_protocol.v2.common import CyberAccessProgram, ModeKind, ReasoningEffort


class CollaborationModeListParams(Params):
    """TODO CollaborationModeListParams"""


class ModelListParams(Params):
    """TODO ModelListParams"""

    model_provider: str | None = None
    cursor: str | None = None
    limit: UInt32 | None = None
    include_hidden: bool | None = None


class CollaborationModeMask(Wire, rename=None):
    """TODO CollaborationModeMask"""

    name: str
    mode: ModeKind | None = None
    model: str | None = None
    reasoning_effort: ReasoningEffort | None | None = None


class CollaborationModeListResponse(Wire):
    """TODO CollaborationModeListResponse"""

    data: list[CollaborationModeMask]


InputModality: TypeAlias = Annotated[str, Known("text", "image", "audio")]
"""TODO InputModality"""


class ModelAccessPrograms(Wire):
    """TODO ModelAccessPrograms"""

    cyber: list[CyberAccessProgram]


class ModelAvailabilityNux(Wire):
    """TODO ModelAvailabilityNux"""

    message: str


class ModelServiceTier(Wire):
    """TODO ModelServiceTier"""

    id: str
    name: str
    description: str


class ModelUpgradeInfo(Wire):
    """TODO ModelUpgradeInfo"""

    model: str
    upgrade_copy: str | None = None
    model_link: str | None = None
    migration_markdown: str | None = None
    retirement_at: Int64 | None = None


MultiAgentVersion: TypeAlias = Annotated[str, Known("disabled", "v1", "v2")]
"""TODO MultiAgentVersion"""


class ReasoningEffortOption(Wire):
    """TODO ReasoningEffortOption"""

    reasoning_effort: ReasoningEffort
    description: str


class Model(Wire):
    """TODO Model"""

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
    """TODO ModelListResponse"""

    data: list[Model]
    next_cursor: str | None = None
