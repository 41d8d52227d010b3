"""One model response, as it streams: items shown, calls found, everything stored.

Owns the translation of model events to turn items and history, under ids that are the thread's own. Does not own
retries (engine/sampling.py), the calls (engine/tool_calls.py) or the form of items (engine/response_items.py).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, cast

import msgspec

from codex_trio.domain.ids import uuid7
from codex_trio.domain.items import AgentMessage, AgentText, Other, Reasoning, TurnItem, WebSearch
from codex_trio.engine.events import (
    AgentMessageDelta,
    RawReasoningDelta,
    ReasoningSummaryDelta,
    ReasoningSummaryPartStarted,
)
from codex_trio.engine.history import message_item
from codex_trio.engine.item_ids import ItemIds
from codex_trio.engine.item_log import TurnLog
from codex_trio.engine.made_pictures import MadePictures
from codex_trio.engine.memory_citations import CitationFilter, without_citations
from codex_trio.engine.patch_previews import PatchPreviews
from codex_trio.engine.response_items import arguments_of, is_call, of_model, texts_of
from codex_trio.model import events as model
from codex_trio.model.long_events import LONGEST_TEXT
from codex_trio.model.usage import ResponseUsage
from codex_trio.tools.calls import ToolCall
from codex_trio.tools.tool_search import NAME as TOOL_SEARCH

_MESSAGE, _REASONING, _WEB_SEARCH = "message", "reasoning", "web_search_call"
_IMAGE = "image_generation_call"
_SHOWN = frozenset({_MESSAGE, _REASONING, _WEB_SEARCH, _IMAGE})
_KEPT_PICTURE = "The picture that you have just made was saved as {}. Copy it from there to where it is wanted."
_SILENT = frozenset({"compaction", "context_compaction", "tool_search_call", "tool_search_output"})
"""Kinds that are nothing to users: of searches for tools, those that the provider runs itself."""

_LONG_KINDS = {"function_call": "a call", "custom_tool_call": "a call", _MESSAGE: "a message", _REASONING: "reasoning"}
_TOO_LONG = "The model sent {} with more than {} bytes of text: {} of them were left out."
_REFUSED = "The call was not run: it has more than {} bytes of arguments. Make it in smaller parts."

OnCall = Callable[[dict[str, Any], ToolCall], None]
"""Takes a call: as it is part of the history, and as the model meant it."""


class OpenItem(msgspec.Struct, eq=False):
    """An item that streams: what the provider calls it (whatever that is), and the id that clients know it by."""

    kind: str
    provider_id: Any
    id: str
    text: list[str]
    """What has come of a message."""
    shown: CitationFilter
    """What of that is shown."""


class ResponseReader:
    """Feeds on the events of one response; calls go to `on_call` as soon as they are complete."""

    def __init__(
        self,
        log: TurnLog,
        ids: ItemIds,
        on_call: OnCall,
        pictures: MadePictures,
        previews: PatchPreviews | None = None,
    ) -> None:
        """`previews` show patches while they are written, where clients want that."""
        self._log = log
        self._pictures = pictures
        self._previews = previews
        self._ids = ids
        self._on_call = on_call
        self._open: list[OpenItem] = []
        self._unused: set[str] = set()
        self.completed: model.Completed | None = None
        self.usage: ResponseUsage | None = None
        """The tokens that the provider counted, however the response ended."""
        self.began = False
        """Whether the provider accepted the request, however the stream ended."""
        self.got_output = False
        """Whether anything but the start of the stream has come."""

    async def handle(self, event: model.ModelEvent) -> None:
        """Take the next event. Deltas only emit; an item that is done is stored first."""
        turn_id = self._log.turn_id
        match event:
            case model.OutputTextDelta():
                message = self._streaming(_MESSAGE, event.item_id)
                message.text.append(event.delta)
                self._say(message, message.shown.feed(event.delta))
            case model.ReasoningSummaryTextDelta():
                item_id = self._streaming(_REASONING, event.item_id).id
                self._log.emit(
                    ReasoningSummaryDelta(
                        turn_id=turn_id, item_id=item_id, delta=event.delta, index=event.summary_index
                    )
                )
            case model.ReasoningTextDelta():
                item_id = self._streaming(_REASONING, event.item_id).id
                self._log.emit(
                    RawReasoningDelta(turn_id=turn_id, item_id=item_id, delta=event.delta, index=event.content_index)
                )
            case model.ReasoningSummaryPartAdded():
                item_id = self._streaming(_REASONING, event.item_id).id
                self._log.emit(ReasoningSummaryPartStarted(turn_id=turn_id, item_id=item_id, index=event.summary_index))
            case model.OutputItemAdded():
                self._item_added(event.item)
            case model.CustomToolCallInputDelta() if self._previews is not None:
                self._previews.more(event)
            case model.OversizedItem():
                await self._item_done(event.item, left_out=event.left_out)
            case model.OutputItemDone():
                await self._item_done(event.item)
            case model.Completed():
                await self._complete_messages()
                self.completed = event
                self.usage = event.usage
                self._log.response_completed(event)
            case model.TokensSpent():
                self.usage = event.usage
            case model.RateLimits():
                self._log.rate_limits = event.limits
                self.began = True
            case _:
                pass

    def _item_added(self, raw: dict[str, Any]) -> None:
        kind = raw.get("type")
        if self._previews is not None:
            self._previews.added(raw)
        if kind in _SHOWN and self._find(kind, raw.get("id")) is None:
            self._begin(kind, raw)

    async def _item_done(self, raw: dict[str, Any], *, left_out: int = 0) -> None:
        self.got_output = True
        if self._previews is not None:
            self._previews.done(raw)
        if left_out:
            self._log.warning(
                _TOO_LONG.format(_LONG_KINDS.get(str(raw.get("type")), "an item"), LONGEST_TEXT, left_out)
            )
        item = of_model(raw)
        if item is None:
            # Nothing that could be shown, answered or sent back.
            self._warn_of(raw, "was left out")
        elif is_call(item):
            item = self._ids.name_call(item)
            await self._log.history(item)
            refusal = _REFUSED.format(LONGEST_TEXT) if left_out else ""
            self._on_call(item, call_of(item, raw, refusal=refusal))
        elif item["type"] in _SHOWN:
            await self._show(item, raw)
        else:
            await self._log.history(item)
            if item["type"] not in _SILENT:
                self._warn_of(raw, "is kept for the model, and nothing else comes of it")

    def _warn_of(self, raw: dict[str, Any], outcome: str) -> None:
        """Tell the user, once for each kind, of an item that may be all that the model said."""
        kind = f"{raw.get('type')!r:.80}"
        if kind not in self._unused:
            self._unused.add(kind)
            self._log.warning(
                f"The model sent an item of the kind {kind}, of which this server knows nothing: it {outcome}."
            )

    async def _show(self, item: dict[str, Any], raw: dict[str, Any]) -> None:
        """Show a finished item, and store it under the id that clients know it by."""
        kind = item["type"]
        opened = self._find(kind, raw.get("id")) or self._latest(kind)
        if opened is None:
            item["id"] = self._pick(kind, raw)
        else:
            self._open.remove(opened)
            self._say(opened, opened.shown.finish())
            item["id"] = opened.id
            if kind == _MESSAGE and not item["content"]:
                item["content"] = _output_text("".join(opened.text)[:LONGEST_TEXT])
        path = await self._keep_picture(item) if kind == _IMAGE else None
        await self._complete(_final_item(item, raw, path), item, streamed=opened is not None)
        if path is not None:
            await self._log.history(message_item("developer", [_KEPT_PICTURE.format(path)], item_id=uuid7()))

    async def _keep_picture(self, item: dict[str, Any]) -> str | None:
        try:
            return await self._pictures.keep(item["id"], item.get("result"))
        except OSError as error:
            self._log.warning(f"A picture that the model made could not be kept as a file: {error}")
            return None

    # --- what clients see ---

    def _announce(self, item: TurnItem) -> None:
        """Show an item that begins to stream."""
        self._log.started(item)

    def _say(self, message: OpenItem, delta: str) -> None:
        """Show more of a message."""
        if delta:
            self._log.emit(AgentMessageDelta(turn_id=self._log.turn_id, item_id=message.id, delta=delta))

    async def _complete(self, item: TurnItem, raw: dict[str, Any], *, streamed: bool) -> None:
        """Show an item that is final, and store it with what the model is to remember of it."""
        if not streamed:
            self._log.started(item)
        self._ids.note([raw])
        await self._log.completed_with_history(item, raw)

    # --- the end ---

    async def _complete_messages(self) -> None:
        """Complete, at the end of a whole response, messages that were never said to be done.

        Their text is what clients have read of them.
        """
        for opened in [one for one in self._open if one.text]:
            item: dict[str, Any] = {"type": _MESSAGE, "role": "assistant", "content": []}
            await self._show(item, {"id": opened.provider_id})

    # --- ids ---

    def _streaming(self, kind: str, provider_id: Any) -> OpenItem:
        """Return the item that a delta belongs to; one that was not announced begins with it."""
        return self._find(kind, provider_id) or self._latest(kind) or self._begin(kind, {"id": provider_id})

    def _find(self, kind: str, provider_id: Any) -> OpenItem | None:
        return next((one for one in self._open if one.kind == kind and one.provider_id == provider_id), None)

    def _latest(self, kind: str) -> OpenItem | None:
        """Return the item of that kind which streams: some providers leave its id out, or change it
        from event to event.
        """
        return next((one for one in reversed(self._open) if one.kind == kind), None)

    def _begin(self, kind: str, raw: dict[str, Any]) -> OpenItem:
        opened = OpenItem(kind, raw.get("id"), self._pick(kind, raw), [], CitationFilter())
        self._open.append(opened)
        self._announce(_opening_item(kind, opened.id, raw))
        return opened

    def _pick(self, kind: str, raw: dict[str, Any]) -> str:
        return self._ids.pick(kind, raw.get("id"), besides=[one.id for one in self._open])


def _opening_item(kind: str, item_id: str, raw: dict[str, Any]) -> TurnItem:
    match kind:
        case "reasoning":
            return Reasoning(id=item_id, summary_text=[])
        case "web_search_call":
            return WebSearch(id=item_id, query="", action={"type": "other"})
        case "image_generation_call":
            return _picture(item_id, {"status": "in_progress", "result": ""}, None)
        case _:
            pass
    known = of_model({**raw, "type": kind}) or {}
    return AgentMessage(id=item_id, content=[], phase=known.get("phase"))


def _picture(item_id: str, item: dict[str, Any], path: str | None) -> Other:
    fields = {name: item.get(name, "") for name in ("status", "result")}
    shown = {"type": "ImageGeneration", "id": item_id, **fields, "revised_prompt": item.get("revised_prompt")}
    return Other(raw={**shown, "saved_path": path})


def _searched_for(action: dict[str, Any]) -> str:
    """Return a search in a few words."""
    query, queries = action.get("query"), action.get("queries")
    url, pattern = action.get("url"), action.get("pattern")
    if not query and isinstance(queries, list):
        query = next((one for one in cast("list[Any]", queries) if isinstance(one, str)), None)
    if pattern and url:
        return f"'{pattern}' in {url}"
    return next((one for one in (query, url, pattern) if isinstance(one, str) and one), "")


def _final_item(item: dict[str, Any], raw: dict[str, Any], path: str | None) -> TurnItem:
    """Return the turn item that shows a finished output item; `path` is where a picture is kept."""
    item_id = item["id"]
    match item["type"]:
        case "message":
            text, citation = without_citations("".join(texts_of(item)))
            return AgentMessage(
                id=item_id, content=[AgentText(text=text)], phase=item.get("phase"), memory_citation=citation
            )
        case "reasoning":
            # All of it, also what cannot be sent back.
            return Reasoning(id=item_id, summary_text=texts_of(item, "summary"), raw_content=texts_of(raw))
        case "image_generation_call":
            return _picture(item_id, item, path)
        case _:
            action = item.get("action") or {"type": "other"}
            return WebSearch(id=item_id, query=_searched_for(action), action=action)


def _output_text(text: str) -> list[dict[str, Any]]:
    return [{"type": "output_text", "text": text}] if text else []


def call_of(item: dict[str, Any], raw: dict[str, Any], *, refusal: str = "") -> ToolCall:
    """Return the call in an item: under the item's id, as the model meant it; it is not run if it has a `refusal`."""
    name, namespace = raw.get("name"), raw.get("namespace")
    if item["type"] == "tool_search_call":
        arguments = arguments_of(raw)
        return ToolCall(
            call_id=item["call_id"], name=TOOL_SEARCH, arguments=arguments, kind=TOOL_SEARCH, refusal=refusal
        )
    return ToolCall(
        call_id=item["call_id"],
        name=name if isinstance(name, str) else "",
        arguments=arguments_of(raw),
        namespace=namespace if isinstance(namespace, str) and namespace else None,
        kind="custom" if item["type"] == "custom_tool_call" else "function",
        refusal=refusal,
    )
