"""Requests from the first protocol generation that servers still answer though the printed schema omits them."""

from typing import Annotated, ClassVar, TypeAlias

from msgspec import UNSET, UnsetType

from codex_trio_protocol.base import AnyPath, Known, OneOf, Open, Params, Wire
from codex_trio_protocol.v2.account import AuthMode
from codex_trio_protocol.v2.common import ThreadId
from codex_trio_protocol.v2.thread import SubAgentSource


class GetAuthStatusParams(Params):
    """Ask how the server is logged in. The token itself is included only on demand."""

    include_token: bool | None = None
    refresh_token: bool | None = None


class GetAuthStatusResponse(Wire):
    """How the server is logged in; a null method means not at all."""

    auth_method: AuthMode | None = None
    auth_token: str | None = None
    requires_openai_auth: bool | None = None


class GitDiffToRemoteParams(Params):
    """Ask for the difference between a working tree and the closest commit that its remote has.

    Errors: -32600 without a repository or a remote.
    """

    cwd: AnyPath


class GitDiffToRemoteResponse(Wire):
    """The remote's commit and the diff from it, untracked files included."""

    sha: str
    diff: str


InternalSessionSource: TypeAlias = Annotated[str, Known("memory_consolidation", "guardian")]
"""What the server itself started a conversation for."""


class LegacySessionSourceObject(OneOf, rename=None):
    """The origins that carry more than a word."""

    one_of: ClassVar[tuple[str, ...]] = ("custom", "internal", "subagent")

    custom: str | UnsetType = UNSET
    internal: InternalSessionSource | UnsetType = UNSET
    subagent: SubAgentSource | UnsetType = UNSET


LegacySessionSource: TypeAlias = Open[
    Annotated[str, Known("cli", "vscode", "exec", "mcp", "unknown")] | LegacySessionSourceObject
]
"""Where a conversation came from, as rollout files say it."""


class GetConversationSummaryParams(OneOf, omit_defaults=True):
    """Name a stored conversation by its rollout file or by its id. Errors: -32600 when there is none."""

    one_of: ClassVar[tuple[str, ...]] = ("rollout_path", "conversation_id")
    choice: ClassVar[str | None] = "GetConversationSummaryParams"

    rollout_path: str | UnsetType = UNSET
    conversation_id: ThreadId | UnsetType = UNSET


class ConversationGitInfo(Wire, rename=None):
    """Where a conversation's repository stood when it began."""

    sha: str | None
    branch: str | None
    origin_url: str | None


class ConversationSummary(Wire):
    """What a list of conversations shows of one. Times are ISO 8601 in UTC."""

    conversation_id: ThreadId
    path: str
    preview: str
    timestamp: str | None
    updated_at: str | None
    model_provider: str
    cwd: str
    cli_version: str
    source: LegacySessionSource
    git_info: ConversationGitInfo | None


class GetConversationSummaryResponse(Wire):
    """The conversation that was asked for."""

    summary: ConversationSummary
