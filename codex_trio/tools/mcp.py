"""Tools of MCP servers: the model calls them, their servers run them.

Owns their offer, their items, when the user is asked, and how what a server gives reaches the model. Does not own the
servers (`extensions.mcp`), or how a user is asked (`McpUsers`).

Protocol source: items and texts of release 0.171.0.
"""

from __future__ import annotations

import hashlib
import re
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any, Protocol, cast

import msgspec
import trio

from codex_trio.config.approval import Granular
from codex_trio.domain.items import Duration, McpToolCall
from codex_trio.extensions.mcp.errors import McpFailure
from codex_trio.extensions.mcp.server_tools import McpTool, shortened
from codex_trio.extensions.mcp.thread_servers import ReadyServer, ThreadServers
from codex_trio.sandbox.policy import DangerFullAccess
from codex_trio.tools.arguments import decode_value
from codex_trio.tools.calls import ToolCall, ToolFailure, ToolOutput
from codex_trio.tools.context import ToolContext
from codex_trio.tools.mcp_progress import CallProgress
from codex_trio.tools.picture_form import PictureProblem
from codex_trio.tools.pictures import omitted
from codex_trio.tools.registry import Namespace, Tool, ToolOffer, ToolProvider
from codex_trio.tools.review import McpCallQuestion, ReviewOutcome
from codex_trio.tools.truncate import cut_middle, fit_parts, output_bound
from codex_trio.util.clock import now_ms
from codex_trio.util.loose_json import tables_of

POLICY_SAYS_NEVER = "MCP tool call requires approval, but approval policy is never"
_PLAN_ONLY = (
    "`{name}` was not called: nothing is carried out in plan mode, and its server does not say that it only reads "
    "(`readOnlyHint`). Put the call into the plan; it can be made when the user has left plan mode."
)
NO_AUDIO = "<audio content omitted because you do not support audio input>"

_STORE_SECONDS = 10.0
_NOT_IN_NAMES = re.compile(r"[^a-zA-Z0-9_]")


class McpUsers(Protocol):
    """The users of one thread, as far as MCP servers have to do with them."""

    def has_allowed(self, server: str, tool: str) -> bool:
        """Return whether an earlier answer says that a tool may be called."""
        ...

    async def remember(self, server: str, tool: str, outcome: ReviewOutcome) -> None:
        """Keep an answer that holds for more than one call, as long as it does."""
        ...

    async def elicit(self, server: str, params: Mapping[str, Any], *, turn_id: str | None) -> Mapping[str, Any]:
        """Have a user answer a question of a server's; return the result of `elicitation/create`."""
        ...


class McpServerTools:
    """Provides the tools of one server."""

    def __init__(self, server: ReadyServer, namespace: str, users: McpUsers, *, thread_id: str) -> None:
        self._server = server
        self._name = namespace
        self._users = users
        self._thread_id = thread_id

    @property
    def namespace(self) -> Namespace:
        name = self._server.settings.name
        described = self._server.connection.facts.instructions or f"Tools of the MCP server {name}."
        return Namespace(name=self._name, description=shortened(described))

    def tools(self, offer: ToolOffer) -> Sequence[Tool]:
        """Return what a turn is offered."""
        return [
            CallMcpTool(tool, self._server, self._users, offer=offer, thread_id=self._thread_id)
            for tool in self._server.connection.tools
            if self._server.settings.offers(tool.name)
        ]


def mcp_providers(servers: ThreadServers, users: McpUsers, *, thread_id: str) -> list[ToolProvider]:
    """Return the providers of the tools of the servers that are ready, one each."""
    # Those that are not ready count too: a name that a model has seen is never another server's.
    usual = Counter(map(_usual_namespace, servers.names))
    providers: list[ToolProvider] = []
    for server in servers.ready:
        namespace = _usual_namespace(server.settings.name)
        if usual[namespace] > 1:
            namespace += f"_{hashlib.sha256(server.settings.name.encode()).hexdigest()[:12]}"
        providers.append(McpServerTools(server, namespace, users, thread_id=thread_id))
    return providers


def _usual_namespace(server: str) -> str:
    return f"mcp__{_NOT_IN_NAMES.sub('_', server)}"


class CallMcpTool:
    """Has a server do what the model asks for."""

    def __init__(
        self, tool: McpTool, server: ReadyServer, users: McpUsers, *, offer: ToolOffer, thread_id: str
    ) -> None:
        self.parallel = server.settings.parallel
        self.spec: dict[str, Any] = {
            "type": "function",
            "name": tool.offered_name,
            "description": tool.description,
            "strict": False,
            "defer_loading": True,
            "parameters": tool.parameters,
        }
        self._tool = tool
        self._server = server
        self._users = users
        self._pictures = offer.pictures
        self._may_change_things = offer.plan_only and not tool.is_read_only
        self._thread_id = thread_id

    async def run(self, call: ToolCall, context: ToolContext) -> ToolOutput:
        began = time.monotonic()
        item = McpToolCall(
            id=call.call_id,
            server=self._server.settings.name,
            plugin_id=self._server.settings.plugin_id,
            environment_id=self._server.settings.environment_id,
            tool=self._tool.name,
            arguments=decode_value(call.arguments or "{}"),
            read_only_hint=cast("Any", self._tool.annotations.get("readOnlyHint")),
            status="in_progress",
        )
        context.log.started(item)
        started = began
        try:
            await self._ask(item, context)
            context.approvals.cleared()
            started = time.monotonic()
            result = await self._call(item, context)
        except ToolFailure as failure:
            await context.log.completed(_ended(item, started, error=str(failure)))
            return ToolOutput(content=self._fitted(context, [_text(_header(began)), _text(str(failure))]))
        except BaseException:
            # The turn is stopped: what clients have seen begin is seen to end.
            with trio.move_on_after(_STORE_SECONDS, shield=True):
                await context.log.completed(_ended(item, started, error="the turn was stopped"))
            raise
        await context.log.completed(_ended(item, started, result=result))
        return ToolOutput(content=await self._output(result, began, context))

    async def _ask(self, item: McpToolCall, context: ToolContext) -> None:
        """Raise ToolFailure unless the call may be made."""
        if not self._is_asked_about(context):
            return
        policy = context.approval_policy
        if policy == "never" or (isinstance(policy, Granular) and not policy.mcp_elicitations):
            name = f"{item.server}/{item.tool}"
            raise ToolFailure(_PLAN_ONLY.format(name=name) if self._may_change_things else POLICY_SAYS_NEVER)
        async with context.approvals.asking((item.server, self._tool.name)):
            # That a tool may be called in other turns says nothing of one that is to change nothing.
            if self._may_change_things or not self._users.has_allowed(item.server, self._tool.name):
                await self._ask_user(item, context)

    async def _ask_user(self, item: McpToolCall, context: ToolContext) -> None:
        tool = self._tool
        answer = await context.approvals.mcp_call(
            McpCallQuestion(
                turn_id=context.turn_id,
                item_id=item.id,
                started_ms=now_ms(),
                server=item.server,
                tool=tool.name,
                title=tool.title,
                description=tool.description,
                annotations=tool.annotations,
                arguments=item.arguments,
            )
        )
        if not answer.accepted:
            raise ToolFailure(answer.reason)
        await self._users.remember(item.server, tool.name, answer.outcome)

    def _is_asked_about(self, context: ToolContext) -> bool:
        if self._may_change_things:
            return True
        mode = self._server.settings.mode_of(self._tool.name)
        if mode in ("approve", "prompt"):
            return mode == "prompt"
        if context.approval_policy == "never" and _is_uncaged(context):
            return False
        return not self._tool.is_read_only if mode == "writes" else may_do_harm(self._tool.annotations)

    async def _call(self, item: McpToolCall, context: ToolContext) -> dict[str, Any]:
        async def elicit(server: str, params: Mapping[str, Any]) -> Mapping[str, Any]:
            if context.approval_policy == "never":
                return {"action": "decline"}
            return await self._users.elicit(server, params, turn_id=context.turn_id)

        name = f"{item.server}/{item.tool}"
        meta = {"threadId": self._thread_id, "callId": item.id}
        try:
            with self._server.uses.one():
                return await self._server.connection.call(
                    item.tool,
                    item.arguments,
                    meta=meta,
                    elicit=elicit,
                    seconds=self._server.settings.tool_seconds,
                    progress=CallProgress(partial(context.log.progress, item.id)).take,
                )
        except McpFailure as failure:
            cause = f"Caused by:\n    {failure}"
            raise ToolFailure(f"tool call error: tool call failed for `{name}`\n\n{cause}") from failure

    async def _output(self, result: dict[str, Any], began: float, context: ToolContext) -> Any:
        """Return what the model reads: the text of a structured result, else the parts of a plain one."""
        structured = result.get("structuredContent")
        if structured is not None:
            text = f"{_header(began)}\n{msgspec.json.encode(structured).decode()}"
            return cut_middle(text, max_tokens=output_bound(context.model.tool_output_token_limit))
        shown = [await self._part(part) for part in tables_of(result.get("content"))]
        return self._fitted(context, [_text(_header(began)), *(part for part in shown if part.get("text") != "")])

    def _fitted(self, context: ToolContext, parts: list[dict[str, Any]]) -> list[dict[str, Any]]:
        return fit_parts(parts, max_tokens=output_bound(context.model.tool_output_token_limit))

    async def _part(self, part: Mapping[str, Any]) -> dict[str, Any]:
        """Return a part of a result as the model reads it."""
        match part:
            case {"type": "text", "text": str(text)}:
                return _text(text)
            case {"type": "image", "data": str(data), "mimeType": str(mime)}:
                try:
                    return await self._pictures.of_url(f"data:{mime};base64,{data}")
                except PictureProblem as problem:
                    return omitted(problem)
            case {"type": "audio"}:
                return _text(NO_AUDIO)
            case _:
                return _text(msgspec.json.encode(part).decode())


def may_do_harm(annotations: Mapping[str, Any]) -> bool:
    """Return whether a tool is one to ask about: what it does not say of itself counts against it."""
    destructive = annotations.get("destructiveHint")
    if destructive is True:
        return True
    if annotations.get("readOnlyHint") is True:
        return False
    return destructive is not False or annotations.get("openWorldHint") is not False


def _is_uncaged(context: ToolContext) -> bool:
    return all(isinstance(environment.policy, DangerFullAccess) for environment in context.environments)


def _ended(
    item: McpToolCall, started: float, *, result: dict[str, Any] | None = None, error: str | None = None
) -> McpToolCall:
    failed = result is None or result.get("isError") is True
    return msgspec.structs.replace(
        item,
        status="failed" if failed else "completed",
        result=result,
        error=None if error is None else {"message": error},
        duration=Duration.from_seconds(time.monotonic() - started),
    )


def _header(began: float) -> str:
    return f"Wall time: {time.monotonic() - began:.4f} seconds\nOutput:"


def _text(text: str) -> dict[str, Any]:
    return {"type": "input_text", "text": text}
