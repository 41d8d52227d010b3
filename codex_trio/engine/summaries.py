"""Asking a model to sum up a history: for a text that any model can read, or sealed, where the provider does that.

Owns asking. Does not own what a history becomes (engine/compaction.py), nor when and whether anything comes of it
(engine/compactor.py).
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import Any, Literal

import msgspec

from codex_trio.domain.ids import uuid7
from codex_trio.engine import compaction
from codex_trio.engine.history import ModelHistory, message_item
from codex_trio.engine.item_log import TurnLog
from codex_trio.engine.repeating import Repeats
from codex_trio.engine.request import RequestOrigin, build_request
from codex_trio.engine.request_hooks import RequestHooks, RequestKind
from codex_trio.engine.response_items import ResponseItem, is_refused, of_model, texts_of
from codex_trio.engine.session.task_context import TaskContext
from codex_trio.model import events as model
from codex_trio.model.client import ResponsesClient
from codex_trio.model.errors import ModelError
from codex_trio.model.provider_error import bounded
from codex_trio.model.request import ModelRequest

Phase = Literal["standalone_turn", "pre_turn", "mid_turn", "post_turn"]
Reason = Literal["user_requested", "context_limit", "model_downshift", "comp_hash_changed"]

_KIND: RequestKind = "foreground_compaction"
_NO_SUMMARY = "the model gave no summary"
_TRIGGER: ResponseItem = {"type": "compaction_trigger"}
_HOPELESS = frozenset({"unauthorized", "usageLimitExceeded"})
"""Kinds of failure for which asking in another way is no help."""


class Occasion(msgspec.Struct, frozen=True):
    """Where in the course of things a history is summed up, and why, as providers are told."""

    phase: Phase
    reason: Reason


class Summary(msgspec.Struct, frozen=True):
    """What stands for what was summed up, and its text; '' where it is sealed."""

    item: ResponseItem
    text: str


class Summaries:
    """Asks on behalf of a task: the models of other contexts first, where there are any, then its own."""

    def __init__(self, context: TaskContext, log: TurnLog) -> None:
        self._context = context
        self._log = log

    async def of(
        self,
        items: Sequence[ResponseItem],
        origin: RequestOrigin,
        occasion: Occasion,
        *,
        asked_first: TaskContext | None,
    ) -> Summary:
        """Return a summary: by the model of `asked_first`, or by the task's own. Raises ModelError."""
        context = self._context
        local = _origin(origin, occasion, "responses")
        if asked_first is not None:
            # Another model goes on from it, which could not read what is sealed.
            return await self._else_ours(
                asked_first.settings.model, lambda: self._text(asked_first, local, items), local, items
            )
        if context.client().provider.compacts:
            sealed = _origin(origin, occasion, "responses_compaction_v2")
            return await self._else_ours("The provider", lambda: self._sealed(sealed, items), local, items)
        return await self._text(context, local, items)

    async def _else_ours(
        self, who: str, ask: Callable[[], Awaitable[Summary]], origin: RequestOrigin, items: Sequence[ResponseItem]
    ) -> Summary:
        """Ask so, or, if that fails, the task's own model for a text."""
        try:
            return await ask()
        except ModelError as error:
            if error.info.kind in _HOPELESS:
                raise
            self._log.warning(f"{who} could not sum up the conversation: {error.message}")
        return await self._text(self._context, origin, items)

    async def _text(self, asked: TaskContext, origin: RequestOrigin, items: Sequence[ResponseItem]) -> Summary:
        """Ask for a text. Where even the question is too long, it goes by ever more of the oldest items."""
        client = asked.client()
        repeats = Repeats(self._log, client.provider.stream_max_retries)
        seen_by = asked.request_hooks(_KIND, origin.turn_id)
        left, dropped = ModelHistory.of_known(items), 1
        while True:
            request = _request_for_text(asked, origin, left)
            try:
                said = _text_of(await self._ask(asked, client, request, origin, seen_by))
                text = compaction.cut_to_fit(said, room=self._context.model.effective_context_window)
                return Summary(compaction.summary_item(text), text)
            except ModelError as error:
                if error.info.kind == "contextWindowExceeded" and left.items:
                    left, dropped = ModelHistory.of_known(left.items[dropped:]), dropped * 2
                    continue
                await repeats.after(error)

    async def _sealed(self, origin: RequestOrigin, items: Sequence[ResponseItem]) -> Summary:
        """Ask the provider for an item that only its models can read."""
        context = self._context
        client = context.client()
        repeats = Repeats(self._log, client.provider.stream_max_retries)
        request = build_request(
            context,
            origin,
            tools=context.tools().specs,
            history=ModelHistory.of_known(items),
            then=[_TRIGGER],
            turn_state=self._log.turn_state,
        )
        seen_by = context.request_hooks(_KIND, origin.turn_id)
        while True:
            try:
                told = await self._ask(context, client, request, origin, seen_by)
                for event in told:
                    if isinstance(event, model.TurnState):
                        self._log.note_turn_state(event.value)
                return _sealed_of(told, room=context.model.effective_context_window)
            except ModelError as error:
                await repeats.after(error)

    async def _ask(
        self,
        asked: TaskContext,
        client: ResponsesClient,
        request: ModelRequest,
        origin: RequestOrigin,
        seen_by: RequestHooks,
    ) -> list[model.ModelEvent]:
        """Return what tells of the output; count what was spent even if nothing comes of it."""
        told: list[model.ModelEvent] = []
        renewed = self._log.login_renewed
        await asked.step()
        try:
            async with (
                seen_by.attempt() as seen,
                client.stream(request, tell_renewal=renewed) as response,
            ):
                async for batch in response:
                    for event in batch:
                        match event:
                            case model.RateLimits():
                                self._log.rate_limits = event.limits
                            case model.Completed() | model.TokensSpent():
                                seen.note(event)
                                self._count(asked, event, origin)
                            case _:
                                told.append(event)
        except ModelError as error:
            if error.limits is not None:
                self._log.rate_limits = error.limits
            raise
        return told

    def _count(self, asked: TaskContext, event: model.Completed | model.TokensSpent, origin: RequestOrigin) -> None:
        if event.usage is not None:
            self._context.usage.add(
                event.usage,
                window=asked.model.effective_context_window,
                turn_id=origin.turn_id,
                root_turn_id=origin.root_turn_id,
                response_id=event.response_id if isinstance(event, model.Completed) else "",
            )


def _request_for_text(context: TaskContext, origin: RequestOrigin, history: ModelHistory) -> ModelRequest:
    prompt = message_item("user", [context.compact_prompt or compaction.PROMPT], item_id=uuid7())
    return msgspec.structs.replace(
        build_request(context, origin, tools=[], history=history, then=[prompt]), parallel_tool_calls=False
    )


def _text_of(told: Sequence[model.ModelEvent]) -> str:
    messages = [item for item in _output(told) if item.get("type") == "message"]
    texts = ["".join(texts_of(item)) for item in messages]
    if messages and is_refused(messages[-1]):
        raise ModelError(f"the model refuses: {bounded(texts[-1])}")
    # Some providers send a message in pieces only.
    pieces = "".join(event.delta for event in told if isinstance(event, model.OutputTextDelta))
    text = (texts[-1] if texts else pieces).strip()
    if not text:
        raise ModelError(_NO_SUMMARY)
    return text


def _sealed_of(told: Sequence[model.ModelEvent], *, room: int) -> Summary:
    """Return the one item that is sealed, if it leaves room in the window. Raises ModelError."""
    found = [item for item in map(of_model, _output(told)) if item is not None and item["type"] == "compaction"]
    usable = [item for item in found if "encrypted_content" in item]
    if len(found) != 1 or not usable:
        raise ModelError(f"the provider was to send one compaction item, and sent {len(usable)} that can be used")
    size = compaction.tokens_of(usable)
    if size >= room:
        # It cannot be cut, and nothing could be said on top of it.
        raise ModelError(f"the provider sent a compaction item of about {size} tokens, and the window has {room}")
    return Summary(usable[0], "")


def _output(told: Sequence[model.ModelEvent]) -> list[dict[str, Any]]:
    return [event.item for event in told if isinstance(event, model.OutputItemDone)]


def _origin(origin: RequestOrigin, occasion: Occasion, implementation: str) -> RequestOrigin:
    told: dict[str, Any] = {
        "trigger": "manual" if occasion.reason == "user_requested" else "auto",
        "reason": occasion.reason,
        "implementation": implementation,
        "phase": occasion.phase,
        "strategy": "memento",
    }
    return msgspec.structs.replace(origin, kind="compaction", output_schema=None, compaction=told)
