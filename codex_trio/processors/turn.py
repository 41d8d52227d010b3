"""Starting, steering and interrupting turns.

Protocol source: `turn/start|steer|interrupt`, release 0.169.0.
"""

from __future__ import annotations

from typing import Any

import msgspec
from codex_trio_protocol.v2 import turn as wire
from codex_trio_protocol.v2.user_input import TurnToolOutput
from msgspec import UNSET

from codex_trio.domain.ids import uuid7
from codex_trio.engine.session.task import TakesNoInput
from codex_trio.engine.turn_request import (
    ClientToolOutput,
    ContextPiece,
    MetadataChange,
    TurnInput,
    TurnRequest,
    UserInput,
)
from codex_trio.processors.input_parts import content_of
from codex_trio.processors.notices import Notices
from codex_trio.processors.services import WorkServices
from codex_trio.processors.thread.ids import parse_thread_id
from codex_trio.processors.thread.setting_changes import SettingChanges
from codex_trio.rpc.context import Handler, RequestContext
from codex_trio.rpc.errors import internal_error, invalid_request
from codex_trio.threads.live import LiveThread
from codex_trio.wire.events import running_turn


def handlers(services: WorkServices) -> dict[str, Handler]:
    """Return the handlers of this module."""
    processor = TurnProcessor(services)
    return {
        "turn/start": processor.start,
        "turn/steer": processor.steer,
        "turn/interrupt": processor.interrupt,
    }


class TurnProcessor:
    def __init__(self, services: WorkServices) -> None:
        self._threads = services.threads
        self._changes = SettingChanges(services.config, services.threads.environments)
        self._gate = services.gate
        self._notices = Notices(services.outgoing)

    async def start(self, params: wire.TurnStartParams, context: RequestContext) -> wire.TurnStartResponse:
        """Start a turn; input for a thread in which one runs goes to that one. Overrides hold for later turns too."""
        self._gate.check()
        live = self._addressable(params.thread_id)
        content = content_of(params.input)
        overrides = self._changes.overrides(params, live)
        user_input: TurnInput = _user_input(params, content)
        if params.tool_output is not None:
            if content:
                raise invalid_request("`toolOutput` cannot be combined with nonempty `input`")
            user_input = _tool_output(params.tool_output, user_input)
        elif live.runs_turn and not content and not user_input.context:
            # Known by these words and this code. With no turn running it starts one, which goes on from what there is.
            raise internal_error("failed to submit turn input: EmptyInput")
        request = TurnRequest(
            turn_id=uuid7(),
            input=user_input,
            output_schema=None if params.output_schema is UNSET else params.output_schema,
            service_tier=params.service_tier_for_turn,
            trigger=params.turn_trigger,
            parent_turn_id=params.parent_turn_id,
            root_turn_id=params.root_turn_id,
        )
        if not live.runs_turn:
            await self._gate.pace.step()
        with self._notices.of_rules(context):
            try:
                taken = await live.start_turn(request, overrides, context)
            except TakesNoInput as error:
                # Clients know this refusal by these words and this code.
                kind = error.kind.capitalize()
                raise internal_error(
                    f"failed to submit turn input: ActiveTurnNotSteerable {{ turn_kind: {kind} }}"
                ) from error
        return wire.TurnStartResponse(turn=running_turn(taken.turn_id, taken.root_turn_id, started_at=None))

    async def steer(self, params: wire.TurnSteerParams, context: RequestContext) -> wire.TurnSteerResponse:
        """Say more to the running turn, which must be the expected one."""
        # What is said now would keep a draining server waiting for longer.
        self._gate.check()
        live = self._addressable(params.thread_id)
        if not params.expected_turn_id:
            raise invalid_request("expectedTurnId must not be empty")
        content = content_of(params.input)
        given = _user_input(params, content)
        turn_id = await live.steer(given, expected_turn_id=params.expected_turn_id, answer=context)
        return wire.TurnSteerResponse(turn_id=turn_id)

    async def interrupt(self, params: wire.TurnInterruptParams, context: RequestContext) -> wire.TurnInterruptResponse:
        """Stop the running turn. Answered when its history is marked, before its end is told."""
        live = self._live(params.thread_id)
        await live.interrupt(params.turn_id, context)
        return wire.TurnInterruptResponse()

    def _live(self, thread_id: str) -> LiveThread:
        return self._threads.loaded.get(parse_thread_id(thread_id))

    def _addressable(self, thread_id: str) -> LiveThread:
        """Return a thread that clients may say something in."""
        live = self._live(thread_id)
        if not live.facts.takes_direct_input:
            raise invalid_request("direct app-server input is not allowed for multi-agent v2 sub-agents")
        return live


def _user_input(params: wire.TurnStartParams | wire.TurnSteerParams, content: list[dict[str, Any]]) -> UserInput:
    return UserInput(
        content=content,
        client_id=params.client_user_message_id,
        context={
            key: ContextPiece(value=entry.value, is_trusted=entry.kind == "application", name=entry.name)
            for key, entry in (params.additional_context or {}).items()
        },
        metadata=MetadataChange(
            replacement=params.responsesapi_client_metadata, patch=params.responsesapi_client_metadata_patch
        ),
    )


def _tool_output(given: TurnToolOutput, with_it: UserInput) -> ClientToolOutput:
    return ClientToolOutput(
        name=given.name,
        namespace=given.namespace,
        output=msgspec.to_builtins(given.output),
        context=with_it.context,
        metadata=with_it.metadata,
    )
