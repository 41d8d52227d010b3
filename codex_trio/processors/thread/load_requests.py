"""What requests that load a thread have in common: what they ask for, and what is answered and told of the thread.

Owns reading those params. Used by the processors that start, fork and resume threads.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, TypeAlias

from codex_trio_protocol.v2 import thread as wire
from codex_trio_protocol.v2 import thread_start as wire_start
from msgspec import UNSET

from codex_trio.config.settings import TypedOverrides
from codex_trio.processors.notices import Notices
from codex_trio.processors.services import WorkServices
from codex_trio.processors.thread.ids import parse_thread_id
from codex_trio.rpc.context import RequestContext
from codex_trio.rpc.errors import invalid_request
from codex_trio.threads.clients import ClientId
from codex_trio.threads.live import LiveThread
from codex_trio.threads.manager import ResumeTarget, ThreadManager, ThreadOrigin
from codex_trio.wire.events import token_usage_notification
from codex_trio.wire.policies import (
    approval_from_wire,
    approval_to_wire,
    profile_to_wire,
    reviewer_from_wire,
    sandbox_to_wire,
)

_LoadParams: TypeAlias = wire_start.ThreadStartParams | wire_start.ThreadResumeParams | wire_start.ThreadForkParams


class FollowedThreads:
    """All threads that a client follows, as one resource of its connection."""

    def __init__(self, manager: ThreadManager, client: ClientId) -> None:
        self._manager = manager
        self._client = client

    async def aclose(self) -> None:
        """Have it follow none any more; their turns go on."""
        self._manager.drop_subscriber(self._client)


class ThreadLoading:
    def __init__(self, services: WorkServices) -> None:
        self._threads = services.threads
        self._outgoing = services.outgoing
        self._identity = services.identity
        self._config = services.config
        self._source = _recorded(services.source)
        self._notices = Notices(services.outgoing)

    def origin(self, context: RequestContext) -> ThreadOrigin:
        """Return who asks for a thread, to follow it as long as it is connected."""
        resources = context.connection.resources
        if resources.find(FollowedThreads, None) is None:
            resources.own(None, FollowedThreads(self._threads.manager, context.connection.id))
        return ThreadOrigin(subscriber=context.connection.id, originator=self._identity.originator, source=self._source)

    async def target(self, params: wire_start.ThreadResumeParams | wire_start.ThreadForkParams) -> ResumeTarget:
        """Return the thread that a resume or fork names, and what is stored at its path, which counts
        more than its id.
        """
        if params.path is None:
            return ResumeTarget(thread_id=parse_thread_id(params.thread_id, noun="session"))
        found = await self._threads.store.locate_path(Path(params.path))
        if found is None:
            raise invalid_request(
                f"failed to resolve rollout path `{params.path}`: it is no stored thread. Only files below CODEX_HOME "
                "are: to go on with one from elsewhere, copy it into a folder of `sessions` there"
            )
        return ResumeTarget(thread_id=found.thread_id, path=params.path, stored=found)

    def announce(self, thread: wire.Thread, live: LiveThread, context: RequestContext) -> None:
        """Tell of a new thread, and of what is wrong with its configuration."""
        self._outgoing.notify("thread/started", wire.ThreadStartedNotification(thread=thread))
        for warning in self._config.unannounced_warnings(live.config):
            self._notices.config_warning(warning, context)
        live.warn_of_config()
        self._threads.mcp.announce(live.id)

    def tell_usage(self, live: LiveThread, context: RequestContext) -> None:
        """Tell what the turns so far have used."""
        if live.last_usage is not None:
            notification = token_usage_notification(live.id, *live.last_usage)
            self._outgoing.notify("thread/tokenUsage/updated", notification, targets=[context.connection.id])


def path_of(text: str | None) -> Path | None:
    """Return the folder that is named, if one is."""
    return Path(text) if text else None


def roots_of(params: _LoadParams) -> tuple[str, ...] | None:
    """Return the folders to work in, if they are named."""
    return None if params.runtime_workspace_roots is None else tuple(params.runtime_workspace_roots)


def overrides_of(params: _LoadParams) -> Mapping[str, Any] | None:
    """Return the request's own configuration; a permission profile is a setting like any other."""
    if params.permissions is None:
        return params.config
    if params.sandbox is not None:
        raise invalid_request("`permissions` cannot be combined with `sandbox`")
    return {**(params.config or {}), "default_permissions": params.permissions}


def typed_of(params: _LoadParams) -> TypedOverrides:
    """Return the settings that requests have fields for."""
    return TypedOverrides(
        model=params.model,
        model_provider=params.model_provider,
        approval_policy=None if params.approval_policy is None else approval_from_wire(params.approval_policy),
        approvals_reviewer=reviewer_from_wire(params.approvals_reviewer),
        sandbox_mode=params.sandbox,
        base_instructions=params.base_instructions,
        developer_instructions=params.developer_instructions,
        service_tier=None if params.service_tier is UNSET else params.service_tier,
    )


def settings_of(live: LiveThread) -> dict[str, Any]:
    """Return what start and resume say of a thread's settings."""
    settings = live.settings
    return {
        "model": settings.model,
        "model_provider": settings.provider_id,
        "service_tier": settings.service_tier,
        "cwd": str(settings.cwd),
        "runtime_workspace_roots": settings.roots if settings.environments else [],
        "instruction_sources": live.instruction_sources,
        "approval_policy": approval_to_wire(settings.approval_policy),
        "approvals_reviewer": settings.approvals_reviewer,
        "sandbox": sandbox_to_wire(settings.confinement),
        "active_permission_profile": profile_to_wire(settings.active_profile),
        "reasoning_effort": settings.effort,
    }


def _recorded(source: str) -> Any:
    """Return where threads come from as rollouts say it: one of the established words, or one of somebody's own."""
    return source if source in ("cli", "exec", "mcp", "vscode") else {"custom": source}
