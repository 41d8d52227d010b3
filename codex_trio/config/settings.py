"""The configuration a session runs with.

Owns: `EffectiveConfig` and the values it is made of; plain data, frozen. Does not own: how it is put together (`load`),
nor anything per turn.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

import msgspec

from codex_trio.config.approval import AskForApproval
from codex_trio.config.layers import LayerStack
from codex_trio.config.providers import ModelProviderConfig
from codex_trio.config.requirements import Requirements
from codex_trio.config.trust import TrustLevel
from codex_trio.domain.shell_environment import ShellEnvironmentPolicy

SandboxMode = Literal["read-only", "workspace-write", "danger-full-access"]
ApprovalsReviewer = Literal["user", "auto_review"]

DEFAULT_PROJECT_DOC_MAX_BYTES = 32 * 1024
DEFAULT_BACKGROUND_TERMINAL_MAX_TIMEOUT_MS = 300_000


class SandboxWorkspaceWrite(msgspec.Struct, frozen=True, kw_only=True):
    """What `[sandbox_workspace_write]` allows beyond the working folder; the roots are absolute paths."""

    writable_roots: tuple[str, ...] = ()
    network_access: bool = False
    exclude_tmpdir_env_var: bool = False
    exclude_slash_tmp: bool = False


class HostLists(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Hosts by one authority; `source` names it. Patterns: a host, `*.host` (below it), `**.host` (it as well), `*`."""

    source: str
    allowed: tuple[str, ...] = ()
    denied: tuple[str, ...] = ()
    reviewed: tuple[str, ...] = ()
    """Those that somebody has to agree to whenever one is reached."""
    is_final: bool = False
    """Whether nobody may allow more."""
    allows_local: bool | None = None
    """Whether hosts of this machine and of private networks are like all others; None leaves it to others."""
    reads_only: bool = False
    """Whether only requests that change nothing pass, which can only be told of plain HTTP."""
    socks: bool = True
    way_out: str = ""
    """How the user opens a host for good."""


class ProfileRights(msgspec.Struct, frozen=True, kw_only=True):
    """What a permission profile of the user's own lets be done.

    Paths are absolute, or relative to each folder to work in; denied ones may be patterns. `more_roots` are further
    folders to work in. Everything may be read that is not denied where `readable` is None, else those paths, what may
    be written, and with `reads_system` the folders without which hardly a program runs.
    """

    opens_workspace: bool
    writable: tuple[str, ...]
    read_only: tuple[str, ...]
    denied: tuple[str, ...]
    opens_tmpdir: bool
    opens_slash_tmp: bool
    network_access: bool
    scan_depth: int | None
    more_roots: tuple[str, ...]
    readable: tuple[str, ...] | None = None
    reads_system: bool = False
    hosts: HostLists | None = None
    """Which hosts may be reached; None for all of them, or none without network access."""

    @property
    def writes(self) -> bool:
        """Whether anything may be written."""
        return bool(self.opens_workspace or self.writable or self.opens_tmpdir or self.opens_slash_tmp)


class ActiveProfile(msgspec.Struct, frozen=True, kw_only=True):
    """The permission profile in use: another name for a sandbox mode, or one of the user's own with its rights."""

    id: str
    extends: str | None = None
    mode: SandboxMode | None = None
    rights: ProfileRights | None = None
    warnings: tuple[str, ...] = ()

    @property
    def kind(self) -> SandboxMode:
        """The sandbox mode that the rights are of."""
        if self.rights is not None:
            return "workspace-write" if self.rights.writes else "read-only"
        return self.mode or "read-only"


class TypedOverrides(msgspec.Struct, frozen=True, kw_only=True):
    """Settings that a request gives in fields of their own; they beat the merged configuration. None changes nothing.

    Protocol source: `ThreadStartParams`, `ThreadResumeParams`, `ThreadForkParams`.
    """

    model: str | None = None
    model_provider: str | None = None
    approval_policy: AskForApproval | None = None
    approvals_reviewer: ApprovalsReviewer | None = None
    sandbox_mode: SandboxMode | None = None
    base_instructions: str | None = None
    developer_instructions: str | None = None
    service_tier: str | None = None


class EffectiveConfig(msgspec.Struct, frozen=True, kw_only=True):
    """Everything the configuration decides for one working folder, with defaults filled in.

    None means "as the model's catalog entry says" for the model settings, and "not set" elsewhere. `merged` is the
    whole table, for keys without a field, held to `requirements`. `untrusted_folders` are those from the project's root
    to `cwd` that the user does not trust. `rule_folders` are those of the layers in effect, lowest first. `warnings`
    are to be told to clients, `thread_warnings` to whoever follows a thread that uses this.
    """

    cwd: Path
    codex_home: Path
    project_root: Path
    trust_level: TrustLevel | None
    untrusted_folders: tuple[Path, ...]

    model: str | None
    model_provider_id: str
    model_providers: Mapping[str, ModelProviderConfig]
    model_context_window: int | None
    model_auto_compact_token_limit: int | None
    model_auto_compact_token_limit_scope: Literal["total", "body_after_prefix"] | None
    model_post_turn_compact_threshold_percent: int | None
    compact_prompt: str | None
    review_model: str | None
    model_reasoning_effort: str | None
    model_reasoning_summary: Literal["auto", "concise", "detailed", "none"] | None
    model_verbosity: Literal["low", "medium", "high"] | None
    service_tier: str | None

    approval_policy: AskForApproval
    approvals_reviewer: ApprovalsReviewer
    sandbox_mode: SandboxMode
    sandbox_workspace_write: SandboxWorkspaceWrite
    permission_profile: ActiveProfile | None
    """Where what may be done comes from a profile; its mode or rights count then."""
    shell_environment_policy: ShellEnvironmentPolicy
    allow_login_shell: bool

    base_instructions: str | None
    developer_instructions: str | None
    include_permissions_instructions: bool
    include_collaboration_mode_instructions: bool
    include_environment_context: bool
    include_environment_context_time: bool

    project_doc_max_bytes: int
    project_doc_fallback_filenames: tuple[str, ...]

    features: Mapping[str, bool]
    tool_output_token_limit: int | None
    background_terminal_max_timeout_ms: int
    thread_unload_delay_seconds: int | None

    cli_auth_credentials_store: Literal["file", "keyring", "auto", "ephemeral"]
    forced_login_method: Literal["chatgpt", "api"] | None
    sqlite_home: Path

    rule_folders: tuple[Path, ...]
    merged: Mapping[str, Any]
    stack: LayerStack
    requirements: Requirements
    warnings: tuple[str, ...]
    thread_warnings: tuple[str, ...]

    def __repr__(self) -> str:
        return f"EffectiveConfig(cwd={str(self.cwd)!r}, ...)"  # the tables may hold keys

    @property
    def model_provider(self) -> ModelProviderConfig:
        """The provider in use."""
        return self.model_providers[self.model_provider_id]

    def feature(self, name: str) -> bool:
        """Return whether the feature switch is on."""
        return self.features.get(name, False)
