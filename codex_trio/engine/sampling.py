"""Asking the model for its next response, again where the stream broke off, and running the calls in it.

Owns what follows a response (token use, limits, diff). Does not own when one is asked for again (engine/repeating.py)
or the loop around it (engine/tasks/turn.py).
"""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable
from typing import NoReturn

import trio

from codex_trio.engine import events, modes
from codex_trio.engine.item_log import TurnLog
from codex_trio.engine.patch_previews import FEATURE as PATCH_PREVIEWS
from codex_trio.engine.patch_previews import TOOL as PATCH_TOOL
from codex_trio.engine.patch_previews import PatchPreviews
from codex_trio.engine.proposed_plans import PlanReader
from codex_trio.engine.repeating import Repeats
from codex_trio.engine.request import RequestOrigin, build_request
from codex_trio.engine.request_hooks import RequestHooks
from codex_trio.engine.response import ResponseReader
from codex_trio.engine.session.task_context import TaskContext
from codex_trio.engine.tool_calls import ToolCalls
from codex_trio.model.catalog import is_same_model
from codex_trio.model.client import ResponsesClient
from codex_trio.model.errors import ModelError
from codex_trio.model.events import (
    Completed,
    FellBack,
    ModelEvent,
    ProviderChecks,
    ProviderModeration,
    ServedModel,
    TokensSpent,
    TurnState,
)
from codex_trio.model.request import ModelRequest
from codex_trio.tools.registry import OfferedTools
from codex_trio.util.bell import Bell
from codex_trio.util.fair_lock import FairLock

_FELL_BACK = "Falling back from WebSockets to HTTPS transport. {}"
"""Clients know this text (0.171.0)."""

_CHECKS = {"trusted_access_for_cyber": "trustedAccessForCyber"}
"""The provider's words for checks of the user, and the clients'."""


class Sampler:
    """Samples the model for one task; `stop` ends it from inside one of its tools."""

    def __init__(self, context: TaskContext, log: TurnLog, *, stop: Callable[[], Awaitable[NoReturn]]) -> None:
        self._context = context
        self._log = log
        self._started = time.monotonic()
        self._calls: ToolCalls | None = None
        self._lock = FairLock()
        self._stop = stop
        self._said_more = Bell()
        self._equipped: list[OfferedTools] = []
        self._equip()
        self._stream: trio.CancelScope | None = None
        self._is_rerouted = False
        self._checks: set[str] = set()
        """Those that the turn's user has been asked to pass, in the provider's words."""
        self.first_token_ms: int | None = None
        self.calls_made = 0
        """How many tools the model has called."""

    async def sample(self, origin: RequestOrigin) -> bool:
        """Return one response of the model, calls included; True when the model is to be sampled again.

        What it used is yet to be stored, and told by `conclude`. Raises ModelError when the response cannot be had.
        """
        if self._settings is not self._context.settings:
            self._equip()
        client = self._context.client()
        repeats = Repeats(self._log, client.provider.stream_max_retries)
        seen_by = self._context.request_hooks("sampling", origin.turn_id)
        while True:
            tools, turn_state = self._registry.specs, self._log.turn_state
            request = build_request(self._context, origin, tools=tools, turn_state=turn_state)
            reader, calls, error = await self._attempt(client, request, origin, seen_by)
            self.calls_made += calls
            if calls:
                # What the calls gave is stored and shown; the model hears of it when time passes again.
                await self._context.unpaused()
            if error is None:
                return calls > 0 or reader.completed is None or reader.completed.end_turn is False
            await self._note_failure(reader, error)
            await repeats.after(error)

    def _equip(self) -> None:
        """Have the tools that go with the settings."""
        self._settings = self._context.settings
        self._registry = self._context.tools(self._said_more)
        self._equipped.append(self._registry)
        self._tool_context = self._context.tool_context(self._log, self._stop)
        # Only what is called by itself with plain text streams as such.
        self._shows_patches = self._context.feature(PATCH_PREVIEWS) and any(
            (spec["type"], spec.get("name")) == ("custom", PATCH_TOOL) for spec in self._registry.specs
        )

    def conclude(self, *, goes_on: bool) -> None:
        """Tell what the last response used, which was stored, and what the turn has changed if it says no more."""
        self._context.usage.tell(self._log.turn_id, self._log.rate_limits)
        if not goes_on:
            self._log.diff_updated()

    async def _note_failure(self, reader: ResponseReader, error: ModelError) -> None:
        """Store and tell what a response that did not become complete says of tokens and limits."""
        if error.limits is not None:
            self._log.rate_limits = error.limits
        is_full = error.info.kind == "contextWindowExceeded"
        if is_full:
            self._context.usage.fill(window=self._window)
        if reader.usage is not None or is_full:
            await self._context.memory.record(self._context.usage.lines(self._log.rate_limits))
            self._context.usage.tell(self._log.turn_id, self._log.rate_limits)
        elif reader.began or error.limits is not None:
            self._log.emit(events.RateLimitsChanged(turn_id=self._log.turn_id, limits=self._log.rate_limits))

    @property
    def _window(self) -> int:
        return self._context.model.effective_context_window

    def cut(self) -> None:
        """Drop the rest of the response that streams, if one does: the user has said more, and is heard at once.

        Items of it that are complete count; calls among them run to their end.
        """
        self._said_more.ring()
        if self._stream is not None:
            self._stream.cancel()

    async def abort(self) -> None:
        """Answer the calls that were running when the turn was stopped."""
        if self._calls is not None:
            await self._calls.abort()

    async def aclose(self) -> None:
        """End what the tools of this task have begun and its end is the end of."""
        with trio.CancelScope(shield=True):
            for registry in self._equipped:
                await registry.aclose()
        self._context.turn_ended(self._log.turn_id)

    async def _attempt(
        self, client: ResponsesClient, request: ModelRequest, origin: RequestOrigin, seen_by: RequestHooks
    ) -> tuple[ResponseReader, int, ModelError | None]:
        """Stream one response; one that is not completed, and had no error, was cut.

        Calls that came before the stream broke off still run to their end: they happened.
        """
        error: ModelError | None = None
        told = self._log.login_renewed
        async with trio.open_nursery() as nursery:
            self._calls = ToolCalls(
                nursery=nursery,
                registry=self._registry,
                context=self._tool_context,
                log=self._log,
                lock=self._lock,
                parallel=request.parallel_tool_calls,
            )
            read = PlanReader if modes.kind_of(self._settings.mode) == modes.PLAN else ResponseReader
            ids = self._context.memory.history.ids
            previews = PatchPreviews(self._log, ids) if self._shows_patches else None
            reader = read(self._log, ids, self._calls.start, self._context.made_pictures, previews)
            with trio.CancelScope() as self._stream:
                try:
                    async with (
                        seen_by.attempt() as seen,
                        client.stream(request, tell_renewal=told) as response,
                    ):
                        async for batch in response:
                            # What has come is stored, shown and run as one, whatever ends the response.
                            with trio.CancelScope(shield=True):
                                await self._context.step()
                                for event in batch:
                                    self._note_provider(request.model, event)
                                    await reader.handle(event)
                                    if isinstance(event, Completed | TokensSpent):
                                        seen.note(event)
                                        self._count(event, origin)
                            self._note_first_token(reader)
                            await self._context.ready()
                except ModelError as caught:
                    error = caught
            self._stream = None
        count = self._calls.count
        self._calls = None
        return reader, count, error

    def _count(self, event: Completed | TokensSpent, origin: RequestOrigin) -> None:
        """Count what a response used as soon as it is known: it is spent even if the user stops the turn now."""
        if event.usage is not None:
            self._context.usage.add(
                event.usage,
                window=self._window,
                turn_id=origin.turn_id,
                root_turn_id=origin.root_turn_id,
                response_id=event.response_id if isinstance(event, Completed) else "",
            )

    def _note_provider(self, asked: str, event: ModelEvent) -> None:
        """Tell what the provider says beside the answer."""
        turn_id = self._log.turn_id
        match event:
            case ServedModel():
                self._note_model(asked, event.model)
            case FellBack():
                self._log.warning(_FELL_BACK.format(event.reason))
            case TurnState():
                self._log.note_turn_state(event.value)
            case ProviderChecks():
                checks = tuple(_CHECKS[word] for word in event.checks if word in _CHECKS.keys() - self._checks)
                self._checks.update(event.checks)
                if checks:
                    self._log.emit(events.VerificationWanted(turn_id=turn_id, checks=checks))
            case ProviderModeration():
                self._log.emit(events.Moderated(turn_id=turn_id, metadata=event.metadata))
            case _:
                pass

    def _note_model(self, asked: str, answers: str) -> None:
        """Tell, once in a turn, that another model answers than the one asked for."""
        if self._is_rerouted or is_same_model(asked, answers):
            return
        self._is_rerouted = True
        self._log.emit(events.ModelRerouted(turn_id=self._log.turn_id, asked=asked, answers=answers))
        self._log.warning(f"The provider let {answers} answer in place of {asked}.")

    def _note_first_token(self, reader: ResponseReader) -> None:
        if self.first_token_ms is None and reader.got_output:
            self.first_token_ms = int((time.monotonic() - self._started) * 1000)
