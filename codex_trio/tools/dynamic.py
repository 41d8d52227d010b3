"""Tools that the client provides: the model calls them, the client runs them.

Owns their offer, their items, and how what a client gives reaches the model. Does not own how a client is asked
(`ClientTools`) or which tools there are (tools/dynamic_specs.py).
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Protocol

import msgspec
import trio

from codex_trio.domain.items import Duration, DynamicToolCall
from codex_trio.tools.arguments import decode_value
from codex_trio.tools.calls import ToolCall, ToolFailure, ToolOutput
from codex_trio.tools.context import ToolContext
from codex_trio.tools.dynamic_specs import DynamicTool, DynamicToolGroup, groups_of
from codex_trio.tools.picture_form import PictureProblem
from codex_trio.tools.pictures import ModelPictures, omitted
from codex_trio.tools.registry import Namespace, Tool, ToolOffer, ToolProvider
from codex_trio.tools.truncate import fit_parts, output_bound

CANCELLED = "dynamic tool call was cancelled before receiving a response"
NO_AUDIO = "audio content omitted because you do not support audio input"
NO_REMOTE_IMAGES = "remote image URLs are not supported; use an inline data URL instead"

_STORE_SECONDS = 10.0


class ClientToolCall(msgspec.Struct, frozen=True, kw_only=True):
    """A call that the client is to carry out."""

    turn_id: str
    call_id: str
    namespace: str | None
    tool: str
    arguments: Any


class ClientToolAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """What the client's tool gave: parts as clients write them (`inputText`, `inputImage`, `inputAudio`)."""

    content_items: Sequence[Mapping[str, Any]]
    success: bool


class ClientToolFailed(Exception):
    """The client did not carry out a call; the text is what the model is told."""


class ClientTools(Protocol):
    """Has the client run its tools."""

    async def call(self, call: ClientToolCall) -> ClientToolAnswer:
        """Return what the client's tool gave. Raises ClientToolFailed, in bounded time."""
        ...


class DynamicTools:
    """Provides the tools of one namespace, or those that have none."""

    def __init__(self, group: DynamicToolGroup, clients: ClientTools) -> None:
        self._group = group
        self._clients = clients

    @property
    def namespace(self) -> Namespace | None:
        name = self._group.namespace
        return None if name is None else Namespace(name=name, description=self._group.description)

    def tools(self, offer: ToolOffer) -> Sequence[Tool]:
        """Return what a turn is offered."""
        return [
            ClientTool(tool, self._group.namespace, clients=self._clients, pictures=offer.pictures)
            for tool in self._group.tools
        ]


def dynamic_providers(stored: Iterable[Mapping[str, Any]] | None, clients: ClientTools) -> list[ToolProvider]:
    """Return the providers of what a thread's client brought along."""
    return [DynamicTools(group, clients) for group in groups_of(stored or ())]


class ClientTool:
    """Has the client do what the model asks for."""

    parallel = True

    def __init__(
        self, tool: DynamicTool, namespace: str | None, *, clients: ClientTools, pictures: ModelPictures
    ) -> None:
        self.spec: dict[str, Any] = {
            "type": "function",
            "name": tool.name,
            "description": tool.description,
            "strict": False,
            **({"defer_loading": True} if tool.deferred else {}),
            "parameters": tool.input_schema,
        }
        self._namespace = namespace
        self._clients = clients
        self._pictures = pictures

    async def run(self, call: ToolCall, context: ToolContext) -> ToolOutput:
        item = DynamicToolCall(
            id=call.call_id,
            namespace=self._namespace,
            tool=self.spec["name"],
            arguments=decode_value(call.arguments),
            status="in_progress",
        )
        context.log.started(item)
        started = time.monotonic()
        try:
            answer = await self._answer(item, context)
        except ClientToolFailed as failure:
            parts = [{"type": "inputText", "text": str(failure)}]
            await context.log.completed(_ended(item, started, ClientToolAnswer(content_items=parts, success=False)))
            raise ToolFailure(str(failure)) from None
        except BaseException:
            # The turn is stopped: what clients have seen begin is seen to end.
            ended = _ended(item, started, ClientToolAnswer(content_items=[], success=False))
            with trio.move_on_after(_STORE_SECONDS, shield=True):
                await context.log.completed(ended)
            raise
        await context.log.completed(_ended(item, started, answer))
        content = [await self._part(part) for part in answer.content_items]
        return ToolOutput(
            content=_content(fit_parts(content, max_tokens=output_bound(context.model.tool_output_token_limit)))
        )

    async def _answer(self, item: DynamicToolCall, context: ToolContext) -> ClientToolAnswer:
        call = ClientToolCall(
            turn_id=context.turn_id,
            call_id=item.id,
            namespace=item.namespace,
            tool=item.tool,
            arguments=item.arguments,
        )
        answer = await self._clients.call(call)
        urls = [part["imageUrl"] for part in answer.content_items if part["type"] == "inputImage"]
        if any(url.lower().startswith(("http:", "https:")) for url in urls):
            raise ClientToolFailed(NO_REMOTE_IMAGES)
        return answer

    async def _part(self, part: Mapping[str, Any]) -> dict[str, Any]:
        """Return a part of the client's as the model reads it."""
        match part["type"]:
            case "inputText":
                return {"type": "input_text", "text": part["text"]}
            case "inputImage":
                try:
                    return await self._pictures.of_url(part["imageUrl"])
                except PictureProblem as problem:
                    return omitted(problem)
            case _:
                return {"type": "input_text", "text": NO_AUDIO}


def _ended(item: DynamicToolCall, started: float, answer: ClientToolAnswer) -> DynamicToolCall:
    return msgspec.structs.replace(
        item,
        status="completed" if answer.success else "failed",
        content_items=[dict(part) for part in answer.content_items],
        success=answer.success,
        duration=Duration.from_seconds(time.monotonic() - started),
    )


def _content(parts: list[dict[str, Any]]) -> str | list[dict[str, Any]]:
    """Return parts as an output holds them: a single text stands for itself."""
    if len(parts) == 1 and parts[0]["type"] == "input_text":
        return parts[0]["text"]
    return parts
