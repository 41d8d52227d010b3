"""How moderated answers are to be shown."""

from typing import Annotated, Literal, TypeAlias

from codex_trio_protocol.base import JsonObject, Known, Open, Shape, Since, Until, Wire

AgentMessageDisplay: TypeAlias = Annotated[JsonObject, Shape("moderation:AgentMessageDisplayShape")]
"""How the producing client should show a moderated answer; passed through."""


class AgentMessageModeration(Wire):
    """What moderation decided about a message."""

    moderated: bool
    display: AgentMessageDisplay | None = None


TrustedContacts: TypeAlias = Annotated[str, Known("check", "skip")]
"""Whether people whom the user trusts may be told."""


HelplineSubject: TypeAlias = Annotated[str, Known("answer", "prompt")]
"""What a helpline is named for."""


class HelplineAnswerAnnotation(Wire, tag_field="kind", tag="wellbeingHelpline"):
    """A helpline."""

    subject: HelplineSubject


AnswerAnnotation: TypeAlias = Open[HelplineAnswerAnnotation]
"""What is shown beside an answer."""


class HelplineAnswerReplacement(Wire, tag_field="kind", tag="wellbeingPromptHelpline"):
    """A helpline."""


AnswerReplacement: TypeAlias = Open[HelplineAnswerReplacement]
"""What is shown in place of an answer."""


class ProtectionBlockReason(Wire, tag_field="kind", tag="protection"):
    """To protect somebody."""

    protection_type: str


class CyberBlockReason(Wire, tag_field="kind", tag="cyber"):
    """Harm to computers; some accounts are trusted with more."""

    trusted_access: bool | None = None


BlockReason: TypeAlias = Open[ProtectionBlockReason | CyberBlockReason]
"""Why an answer is not shown."""


class ShowAgentMessageDisplay(Wire, tag_field="mode", tag="show"):
    """Show it. Null annotation: as it is."""

    version: Literal[1]
    trusted_contacts: TrustedContacts
    annotation: AnswerAnnotation | None = None


class HideAgentMessageDisplay(Wire, tag_field="mode", tag="hide"):
    """Show something else in its place."""

    version: Literal[1]
    replacement: AnswerReplacement


class BlockAgentMessageDisplay(Wire, tag_field="mode", tag="block"):
    """Say that it is not shown, and why."""

    version: Literal[1]
    reason: BlockReason


class LegacyAgentMessageDisplay(Wire):
    """The older form. Null parts were not given."""

    action: str
    block_type: str | None = None
    cyber_trusted_access: bool | None = None
    check_trusted_contacts: bool | None = None


AgentMessageDisplayShape: TypeAlias = (
    Annotated[ShowAgentMessageDisplay, Since("0.171.0")]
    | Annotated[HideAgentMessageDisplay, Since("0.171.0")]
    | Annotated[BlockAgentMessageDisplay, Since("0.171.0")]
    | Annotated[LegacyAgentMessageDisplay, Until("0.169.0")]
)
"""How the producing client should show a moderated answer; passed through."""
