"""Changing what the running turn works with.

Protocol source: `turn/settings/update`, release 0.171.0.
"""

from __future__ import annotations

from pathlib import Path

from codex_trio_protocol.v2 import turn as wire
from msgspec import UNSET

from codex_trio.config.service_tiers import canonical_tier
from codex_trio.engine.settings import TurnOverrides
from codex_trio.engine.tasks.turn import Turn
from codex_trio.processors.services import WorkServices
from codex_trio.processors.thread.ids import parse_thread_id
from codex_trio.processors.thread.setting_changes import allowed_change
from codex_trio.rpc.context import Handler, RequestContext
from codex_trio.rpc.errors import invalid_request
from codex_trio.wire.environments import environments_from_wire
from codex_trio.wire.policies import reviewer_from_wire

SWITCH = "step_model_switching"
APPLIED = "applied"
UNAVAILABLE = "targetUnavailable"


def handlers(services: WorkServices) -> dict[str, Handler]:
    """Return the handlers of this module."""
    return {"turn/settings/update": TurnSettingsProcessor(services).update}


class TurnSettingsProcessor:
    """See the module."""

    def __init__(self, services: WorkServices) -> None:
        self._threads = services.threads
        self._config = services.config

    async def update(
        self, params: wire.TurnSettingsUpdateParams, _context: RequestContext
    ) -> wire.TurnSettingsUpdateResponse:
        """Have the turn go on with other settings from its next request to the model on; nothing else changes."""
        live = self._threads.loaded.get(parse_thread_id(params.thread_id))
        if _is_about_models(params) and not live.config.feature(SWITCH):
            raise invalid_request(f"turn settings updates require the {SWITCH} feature")
        overrides = allowed_change(self._overrides(params), live, self._config)
        turn = live.session.active
        if not isinstance(turn, Turn) or turn.id != params.turn_id or not turn.accepts_input:
            return wire.TurnSettingsUpdateResponse(status=UNAVAILABLE)
        if params.model is not None and not live.session.knows_model(params.model):
            raise invalid_request("the destination model has only fallback metadata")
        turn.change(overrides)
        return wire.TurnSettingsUpdateResponse(status=APPLIED)

    def _overrides(self, params: wire.TurnSettingsUpdateParams) -> TurnOverrides:
        """Return what the params change. Raises UnusableEnvironment."""
        choice = None
        if params.environments is not None:
            choice = self._threads.environments.choose(environments_from_wire(params.environments))
        tier = params.service_tier
        return TurnOverrides(
            model=params.model,
            cwd=None if choice is None or choice.cwd is None else Path(choice.cwd),
            workspace_roots=UNSET if choice is None or choice.cwd is None else choice.workspace_roots,
            environments=None if choice is None else choice.environments,
            approvals_reviewer=reviewer_from_wire(params.approvals_reviewer),
            effort=params.effort or UNSET,
            summary=params.summary,
            service_tier=canonical_tier(tier) if tier else tier,
        )


def _is_about_models(params: wire.TurnSettingsUpdateParams) -> bool:
    """Return whether more is asked for than who reviews and where the turn works, or nothing at all."""
    others = (params.model, params.effort, params.summary)
    if params.service_tier is not UNSET or any(value is not None for value in others):
        return True
    return params.approvals_reviewer is None and params.environments is None
