"""What later turns of a thread run with, in its wire form."""

from __future__ import annotations

from codex_trio_protocol import decoding
from codex_trio_protocol.v2.common import CollaborationMode
from codex_trio_protocol.v2.thread_settings import ThreadSettings as WireThreadSettings

from codex_trio.engine.settings import ThreadSettings
from codex_trio.wire.environments import environments_to_wire
from codex_trio.wire.policies import approval_to_wire, profile_to_wire, sandbox_to_wire


def settings_to_wire(settings: ThreadSettings) -> WireThreadSettings:
    """Return the wire form."""
    return WireThreadSettings(
        cwd=str(settings.cwd),
        environments=environments_to_wire(settings.selected()),
        approval_policy=approval_to_wire(settings.approval_policy),
        approvals_reviewer=settings.approvals_reviewer,
        sandbox_policy=sandbox_to_wire(settings.confinement),
        active_permission_profile=profile_to_wire(settings.active_profile),
        model=settings.model,
        model_provider=settings.provider_id,
        service_tier=settings.service_tier,
        effort=settings.effort,
        summary=settings.summary,
        collaboration_mode=decoding.convert(settings.mode, CollaborationMode),
        personality=settings.personality,
    )
