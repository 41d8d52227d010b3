"""Features that are not finished yet, and whether they are on."""

from typing import Annotated, TypeAlias

from codex_trio_protocol.base import Known, Params, UInt32, Wire


class ExperimentalFeatureEnablementSetParams(Params):
    """Switch features for this process; what configuration says wins.

    Errors: -32600 for a feature that cannot be switched.
    """

    enablement: dict[str, bool]


class ExperimentalFeatureListParams(Params):
    """List features. A thread's own configuration counts when one is named.

    Errors: -32600 for an unreadable cursor.
    """

    cursor: str | None = None
    limit: UInt32 | None = None
    thread_id: str | None = None


class ExperimentalFeatureEnablementSetResponse(Wire):
    """What was switched."""

    enablement: dict[str, bool]


ExperimentalFeatureStage: TypeAlias = Annotated[
    str, Known("beta", "underDevelopment", "stable", "deprecated", "removed")
]
"""How far along a feature is."""


class ExperimentalFeature(Wire):
    """A feature. The texts are null unless it is in beta."""

    name: str
    stage: ExperimentalFeatureStage
    display_name: str | None = None
    description: str | None = None
    announcement: str | None = None
    enabled: bool
    default_enabled: bool


class ExperimentalFeatureListResponse(Wire):
    """A page of features; a null cursor marks the last one."""

    data: list[ExperimentalFeature]
    next_cursor: str | None = None
