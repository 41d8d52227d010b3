"""TODO module common"""

from typing import Annotated, Literal, TypeAlias

from msgspec import Meta

from codex_trio_protocol.base import JsonObject, Known, Shape, Wire

ThreadId: TypeAlias = str
"""TODO ThreadId"""


NetworkPolicyRuleAction: TypeAlias = Literal["allow", "deny"]
"""TODO NetworkPolicyRuleAction"""


class NetworkPolicyAmendment(Wire):
    """TODO NetworkPolicyAmendment"""

    host: str
    action: NetworkPolicyRuleAction


ModeKind: TypeAlias = Literal["plan", "default"]
"""TODO ModeKind"""


ReasoningEffort: TypeAlias = Annotated[str, Meta(min_length=1)]
"""TODO ReasoningEffort"""


class Settings(Wire, rename=None):
    """TODO Settings"""

    model: str
    reasoning_effort: ReasoningEffort | None = None
    developer_instructions: str | None = None


class CollaborationMode(Wire):
    """TODO CollaborationMode"""

    mode: ModeKind
    settings: Settings


CyberAccessProgram: TypeAlias = Literal["standard", "daybreakBlue", "daybreakRed"]
"""TODO CyberAccessProgram"""


LegacyAppPathString: TypeAlias = str
"""TODO LegacyAppPathString"""


MessagePhase: TypeAlias = Literal["commentary", "partial_answer", "final_answer"]
"""TODO MessagePhase"""


class CustomMultiAgentMode(Wire):
    """TODO CustomMultiAgentMode"""

    custom: str


MultiAgentMode: TypeAlias = Literal["explicitRequestOnly", "proactive"] | CustomMultiAgentMode
"""TODO MultiAgentMode"""


Personality: TypeAlias = Literal["none", "friendly", "pragmatic"]
"""TODO Personality"""


ReasoningSummary: TypeAlias = Literal["auto", "concise", "detailed", "none"]
"""TODO ReasoningSummary"""


ResponseItem: TypeAlias = Annotated[JsonObject, Shape("response_item:ResponseItemShape")]
"""TODO ResponseItem"""


SortDirection: TypeAlias = Literal["asc", "desc"]
"""TODO SortDirection"""


ThreadSource: TypeAlias = str
"""TODO ThreadSource"""


AgentPath: TypeAlias = str
"""TODO AgentPath"""


PlanType: TypeAlias = Annotated[
    str,
    Known(
        "free",
        "go",
        "plus",
        "pro",
        "prolite",
        "promax",
        "team",
        "self_serve_business_prolite",
        "self_serve_business_usage_based",
        "business",
        "ent26",
        "enterprise_cbp_automation",
        "enterprise_cbp_usage_based",
        "enterprise",
        "edu",
        "edu_plus",
        "edu_pro",
        "sci",
        "sci_plus",
        "unknown",
    ),
]
"""TODO PlanType"""


Verbosity: TypeAlias = Annotated[str, Known("low", "medium", "high")]
"""TODO Verbosity"""


PathUri: TypeAlias = str
"""TODO PathUri"""
