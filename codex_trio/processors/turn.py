"""Starting, steering and interrupting turns.

Protocol source: `turn/start|steer|interrupt`, release 0.169.0.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any

import msgspec
import trio
from codex_trio_protocol.v2 import turn as wire
from codex_trio_protocol.v2.common import CollaborationMode
from codex_trio_protocol.v2.thread_settings import ThreadSettings as WireThreadSettings
from codex_trio_protocol.v2.thread_settings import ThreadSettingsUpdatedNotification
from codex_trio_protocol.v2.user_input import ImageUserInput, TextUserInput, TurnToolOutput
from msgspec import UNSET, UnsetType

from codex_trio.config.permission_profiles import sandbox_mode_of
from codex_trio.config.service_tiers import canonical_tier
from codex_trio.engine.session import TurnInProgress
from codex_trio.engine.settings import ThreadSettings, TurnOverrides
from codex_trio.engine.turn import ToolOutput, TurnInput, TurnRequest, UserInput
from codex_trio.processors.services import Services
from codex_trio.processors.thread_ids import parse_thread_id
from codex_trio.rpc.context import Handler, RequestContext
from codex_trio.rpc.errors import invalid_params, invalid_request
from codex_trio.sandbox.policy import SandboxPolicy
from codex_trio.state.ids import uuid7
from codex_trio.threads.environments import choose, environments_to_wire
from codex_trio.threads.item_projection import domain_input
from codex_trio.threads.live import LiveThread
from codex_trio.threads.policy_projection import (
    approval_from_wire,
    approval_to_wire,
    reviewer_from_wire,
    sandbox_from_mode,
    sandbox_from_wire,
    sandbox_to_wire,
)
from codex_trio.threads.projection import running_turn

MAX_INPUT_CHARACTERS = 1_048_576


def handlers(services: Services) -> dict[str, Handler]:
    """The handlers of this module."""
    processor = TurnProcessor(services)
    return {
        "turn/start": processor.start,
        "turn/steer": processor.steer,
        "turn/interrupt": processor.interrupt,
    }


class TurnProcessor:
    """See the module."""

    def __init__(self, services: Services) -> None:
        self._threads = services.threads
        self._outgoing = services.outgoing
        self._config = services.config
        self._gate = services.gate

    async def start(self, params: wire.TurnStartParams, context: RequestContext) -> wire.TurnStartResponse:
        """Starts a turn; input for a thread in which one runs goes to that one. Overrides hold for later turns too."""
        self._gate.check()
        live = await self._live(params.thread_id)
        content = _content(params.input)
        if params.permissions is not None and params.sandbox_policy is not None:
            raise invalid_request("`permissions` cannot be combined with `sandboxPolicy`")
        overrides = self._overrides(params, live)
        user_input: TurnInput = UserInput(content=content, client_id=params.client_user_message_id)
        if params.tool_output is not None:
            if content:
                raise invalid_request("`toolOutput` cannot be combined with nonempty `input`")
            user_input = _tool_output(params.tool_output)
        before = live.session.settings
        running = live.session.add_input(user_input)
        if running is not None:
            live.session.change(overrides)
            self._tell_changed(before, live)
            return wire.TurnStartResponse(turn=running_turn(running, started_at=None))
        request = TurnRequest(
            turn_id=uuid7(),
            input=user_input,
            output_schema=None if params.output_schema is UNSET else params.output_schema,
        )
        while True:
            try:
                turn = live.session.begin(request, overrides)
                break
            except TurnInProgress:
                # The running turn takes no input any more: it is about to end.
                await live.session.wait_for_turn()
        context.after_response(partial(live.session.launch, turn))
        self._tell_changed(before, live)
        return wire.TurnStartResponse(turn=running_turn(turn.id, started_at=None))

    async def steer(self, params: wire.TurnSteerParams, _context: RequestContext) -> wire.TurnSteerResponse:
        """Says more to the running turn, which must be the expected one."""
        # What is said now would keep a draining server waiting for longer.
        self._gate.check()
        live = await self._live(params.thread_id)
        if not params.expected_turn_id:
            raise invalid_request("expectedTurnId must not be empty")
        content = _content(params.input)
        active = live.session.active
        if active is None or not active.accepts_input:
            raise invalid_request("no active turn to steer")
        if active.id != params.expected_turn_id:
            raise invalid_request(f"expected active turn id `{params.expected_turn_id}` but found `{active.id}`")
        if not content:
            raise invalid_request("input must not be empty")
        live.session.add_input(UserInput(content=content, client_id=params.client_user_message_id))
        return wire.TurnSteerResponse(turn_id=active.id)

    async def interrupt(self, params: wire.TurnInterruptParams, context: RequestContext) -> wire.TurnInterruptResponse:
        """Stops the running turn. Answered when its history is marked, before its end is told."""
        live = await self._live(params.thread_id)
        active = live.session.active
        if active is None:
            if not params.turn_id:
                return wire.TurnInterruptResponse()
            raise invalid_request("no active turn to interrupt")
        if params.turn_id and params.turn_id != active.id:
            raise invalid_request(f"expected active turn id {params.turn_id} but found {active.id}")
        answered = trio.Event()
        context.after_response(answered.set)
        # The answer waits for the turn; a second interruption need not wait for the answer.
        context.leave_scope()
        await active.interrupt(answered)
        return wire.TurnInterruptResponse()

    def _tell_changed(self, before: ThreadSettings, live: LiveThread) -> None:
        if live.session.settings != before:
            self._outgoing.notify(
                "thread/settings/updated",
                ThreadSettingsUpdatedNotification(thread_id=live.id, thread_settings=_wire_settings(live)),
                targets=live.subscribers,
            )

    async def _live(self, thread_id: str) -> LiveThread:
        runtime = await self._threads()
        return runtime.manager.get(parse_thread_id(thread_id))

    def _overrides(self, params: wire.TurnStartParams, live: LiveThread) -> TurnOverrides:
        mode = params.collaboration_mode
        environment = None if params.environments is None else choose(params.environments)
        cwd = None if environment is None else environment.cwd
        if cwd is None and params.cwd is not None:
            cwd = self._config.resolve_cwd(Path(params.cwd))
        roots: tuple[str, ...] | UnsetType | None = UNSET
        if params.runtime_workspace_roots is not None:
            roots = tuple(params.runtime_workspace_roots)
        elif environment is not None and environment.cwd is not None:
            roots = environment.workspace_roots
        return TurnOverrides(
            model=(None if mode is None else mode.settings.model) or params.model,
            cwd=cwd,
            workspace_roots=roots,
            has_environment=None if environment is None else environment.has_environment,
            approval_policy=None if params.approval_policy is None else approval_from_wire(params.approval_policy),
            approvals_reviewer=reviewer_from_wire(params.approvals_reviewer),
            sandbox_policy=_sandbox(params, live),
            effort=params.effort or (UNSET if mode is None else mode.settings.reasoning_effort),
            summary=params.summary,
            # Null takes back what was asked for before. It is told as null, not as `default` (0.169.0), which clients
            # written for older releases do not know.
            service_tier=canonical_tier(params.service_tier) if params.service_tier else params.service_tier,
            personality=params.personality,
            collaboration_mode=None if mode is None else msgspec.to_builtins(mode),
        )


def _content(parts: Sequence[Any]) -> list[dict[str, Any]]:
    """The input in the rollout's form. Raises RpcError when it is too long, or names a remote image."""
    size = sum(len(part.text) for part in parts if isinstance(part, TextUserInput))
    if size > MAX_INPUT_CHARACTERS:
        raise invalid_params(
            f"Input exceeds the maximum length of {MAX_INPUT_CHARACTERS} characters.",
            {"input_error_code": "input_too_large", "max_chars": MAX_INPUT_CHARACTERS, "actual_chars": size},
        )
    for part in parts:
        if isinstance(part, ImageUserInput) and part.url is not UNSET and not part.url.startswith("data:"):
            raise invalid_request("remote image URLs are not supported; use an inline data URL instead")
    return [domain_input(part) for part in parts]


def _tool_output(given: TurnToolOutput) -> ToolOutput:
    return ToolOutput(name=given.name, namespace=given.namespace, output=msgspec.to_builtins(given.output))


def _sandbox(params: wire.TurnStartParams, live: LiveThread) -> SandboxPolicy | None:
    """What the turn asks for by policy or by the name of a permission profile. Raises ConfigLoadError."""
    if params.sandbox_policy is not None:
        return sandbox_from_wire(params.sandbox_policy)
    if params.permissions is None:
        return None
    return sandbox_from_mode(sandbox_mode_of(params.permissions), live.session.config.sandbox_workspace_write)


def _wire_settings(live: LiveThread) -> WireThreadSettings:
    settings = live.session.settings
    return WireThreadSettings(
        cwd=str(settings.cwd),
        environments=environments_to_wire(settings),
        approval_policy=approval_to_wire(settings.approval_policy),
        approvals_reviewer=settings.approvals_reviewer,
        sandbox_policy=sandbox_to_wire(settings.confinement),
        model=settings.model,
        model_provider=settings.provider_id,
        service_tier=settings.service_tier,
        effort=settings.effort,
        summary=settings.summary,
        collaboration_mode=msgspec.convert(settings.mode, CollaborationMode),
        personality=settings.personality,
    )
