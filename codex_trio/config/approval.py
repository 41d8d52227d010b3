"""When the user is asked before something runs: the approval policy as a domain value.

Owns: the policy type, its plain (config, wire and rollout) form, and the name used for it in texts. Does not own: what
a policy means for one command; that is `codex_trio.execpolicy.policy`.
"""

from typing import Any, Literal

import msgspec

from codex_trio.util import decoding


class Granular(msgspec.Struct, frozen=True, kw_only=True):
    """Per kind of prompt: True lets the user be asked, False refuses in the user's name.

    Protocol source: `AskForApproval.granular`.
    """

    sandbox_approval: bool
    rules: bool
    skill_approval: bool = False
    request_permissions: bool = False
    mcp_elicitations: bool


NamedPolicy = Literal["untrusted", "on-failure", "on-request", "never"]
AskForApproval = NamedPolicy | Granular

_DEBUG_NAMES: dict[NamedPolicy, str] = {
    "untrusted": "UnlessTrusted",
    "on-failure": "OnFailure",
    "on-request": "OnRequest",
    "never": "Never",
}


class _GranularEnvelope(msgspec.Struct, forbid_unknown_fields=True):
    granular: Granular


def describe(policy: AskForApproval) -> str:
    """Return the policy's name in texts given to the model, such as `UnlessTrusted` or `Granular(...)`."""
    if not isinstance(policy, Granular):
        return _DEBUG_NAMES[policy]
    flags = ", ".join(f"{name}: {str(getattr(policy, name)).lower()}" for name in Granular.__struct_fields__)
    return f"Granular(GranularApprovalConfig {{ {flags} }})"


def to_plain(policy: AskForApproval) -> str | dict[str, dict[str, bool]]:
    """Return the form used in config files, on the wire and in rollouts: a word, or `{"granular": {...}}`."""
    return {"granular": msgspec.structs.asdict(policy)} if isinstance(policy, Granular) else policy


def from_plain(value: Any) -> AskForApproval:
    """Return the inverse of `to_plain`.

    Raises `msgspec.ValidationError` when the value is no approval policy.
    """
    if isinstance(value, dict):
        return decoding.convert(value, _GranularEnvelope).granular
    return decoding.convert(value, NamedPolicy)
