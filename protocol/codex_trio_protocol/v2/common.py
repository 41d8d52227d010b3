"""Words that many families share: ids, paths, models' settings, plans."""

from typing import Annotated, Literal, TypeAlias

from msgspec import Meta

from codex_trio_protocol.base import JsonObject, Known, Shape, Wire

ThreadId: TypeAlias = str
"""A thread's UUID."""


NetworkPolicyRuleAction: TypeAlias = Literal["allow", "deny"]
"""Whether a host may be reached."""


class NetworkPolicyAmendment(Wire):
    """A lasting rule about one host."""

    host: str
    action: NetworkPolicyRuleAction


ModeKind: TypeAlias = Literal["plan", "default"]
"""How user and agent work together: planning first, or straight away."""


ReasoningEffort: TypeAlias = Annotated[str, Meta(min_length=1)]
"""How hard the model should think: `none`, `minimal`, `low`, `medium`, `high`, `xhigh`, or another word of its
catalogue entry. Never empty.
"""


class Settings(Wire, rename=None):
    """What a collaboration mode sets. Null effort and null instructions leave the mode's own."""

    model: str
    reasoning_effort: ReasoningEffort | None = None
    developer_instructions: str | None = None


class CollaborationMode(Wire):
    """A mode together with the settings that it brings."""

    mode: ModeKind
    settings: Settings


CyberAccessProgram: TypeAlias = Literal["standard", "daybreakBlue", "daybreakRed"]
"""Programme under which a turn about security work is asked for; the provider decides whether it is granted."""


LegacyAppPathString: TypeAlias = str
"""A path as it was given; absolute in nearly all cases, not normalised."""


MessagePhase: TypeAlias = Literal["commentary", "partial_answer", "final_answer"]
"""What a piece of assistant text is for. Providers often leave it out: null says nothing."""


class CustomMultiAgentMode(Wire):
    """Delegation as the given hint describes it."""

    custom: str


MultiAgentMode: TypeAlias = Literal["explicitRequestOnly", "proactive"] | CustomMultiAgentMode
"""Whether the model may delegate to sub-agents by itself. No longer has an effect."""


Personality: TypeAlias = Literal["none", "friendly", "pragmatic"]
"""Tone of the assistant. Accepted for older clients; only its absence means anything today."""


ReasoningSummary: TypeAlias = Literal["auto", "concise", "detailed", "none"]
"""How much of its reasoning the model should sum up for the user."""


ResponseItem: TypeAlias = Annotated[JsonObject, Shape("response_item:ResponseItemShape")]
"""An item as the model API knows it, passed through untouched."""


SortDirection: TypeAlias = Literal["asc", "desc"]
"""Oldest or smallest first (`asc`), or the other way round."""


ThreadSource: TypeAlias = str
"""Who asked for a thread, as the client calls it; for statistics."""


AgentPath: TypeAlias = str
"""A sub-agent's place below the root agent, such as `/root/worker`."""


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
"""The plan of a ChatGPT account."""


Verbosity: TypeAlias = Annotated[str, Known("low", "medium", "high")]
"""How long the model's answers should be."""


PathUri: TypeAlias = str
"""A path as a `file:` URI."""
