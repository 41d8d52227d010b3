"""TODO module features"""

from typing import Annotated, TypeAlias

from codex_trio_protocol.base import Known, Params, UInt32, Wire


class ExperimentalFeatureEnablementSetParams(Params):
    """TODO ExperimentalFeatureEnablementSetParams"""

    enablement: dict[str, bool]


class ExperimentalFeatureListParams(Params):
    """TODO ExperimentalFeatureListParams"""

    cursor: str | None = None
    limit: UInt32 | None = None
    thread_id: str | None = None


class ExperimentalFeatureEnablementSetResponse(Wire):
    """TODO ExperimentalFeatureEnablementSetResponse"""

    enablement: dict[str, bool]


ExperimentalFeatureStage: TypeAlias = Annotated[
    str, Known("beta", "underDevelopment", "stable", "deprecated", "removed")
]
"""TODO ExperimentalFeatureStage"""


class ExperimentalFeature(Wire):
    """TODO ExperimentalFeature"""

    name: str
    stage: ExperimentalFeatureStage
    display_name: str | None = None
    description: str | None = None
    announcement: str | None = None
    enabled: bool
    default_enabled: bool


class ExperimentalFeatureListResponse(Wire):
    """TODO ExperimentalFeatureListResponse"""

    data: list[ExperimentalFeature]
    next_cursor: str | None = None
