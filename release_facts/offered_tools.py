"""Which tools the model is offered, in a turn of each configuration that may change them.

Configurations are: every model, every mode and policy of `VARIANTS`, and every feature the other way round.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from codex_trio.conformance.lab import MODEL
from codex_trio.conformance.probe import Probe, Refused, Waited
from codex_trio.testing.model_script import Request, answer, message
from codex_trio.testing.model_server import ModelServer
from release_facts.facts import Tools
from release_facts.json_values import is_list, is_object

ALWAYS_SAYS = replace(answer(message("Done.")), repeat=True)
"""The answer to every request."""

_LOOKUP = {
    "type": "function",
    "name": "lookup",
    "description": "Look something up.",
    "inputSchema": {"type": "object", "properties": {"word": {"type": "string"}}},
}
_PLAN = {"mode": "plan", "settings": {"model": MODEL, "reasoning_effort": None, "developer_instructions": None}}


@dataclass(frozen=True)
class Configuration:
    """One way to run a turn."""

    name: str
    thread: Mapping[str, Any] = field(default_factory=dict[str, Any])
    """Params of `thread/start`."""
    turn: Mapping[str, Any] = field(default_factory=dict[str, Any])
    """Params of `turn/start`."""


VARIANTS = (
    Configuration("default"),
    Configuration("a model that nobody knows", {"model": "unknown-model"}),
    Configuration("plan mode", turn={"collaborationMode": _PLAN}),
    Configuration("read-only, on-request", {"sandbox": "read-only", "approvalPolicy": "on-request"}),
    Configuration("workspace-write, untrusted", {"sandbox": "workspace-write", "approvalPolicy": "untrusted"}),
    Configuration("dynamic tools", {"dynamicTools": [_LOOKUP]}),
    Configuration("an MCP server", {"config": {"mcp_servers.gone": {"command": "/bin/false"}}}),
    Configuration("web search disabled", {"config": {"web_search": "disabled"}}),
    Configuration("web search live", {"config": {"web_search": "live"}}),
    Configuration("an answer of a schema", turn={"outputSchema": {"type": "object", "properties": {}}}),
)


def configurations(models: Any, features: Any) -> Iterator[Configuration]:
    """All that are to be tried with these rows of `model/list` and `experimentalFeature/list`."""
    yield from VARIANTS
    for row in models or ():
        yield Configuration(f"model {row['model']}", {"model": row["model"]})
    for row in features or ():
        turned = "off" if row["enabled"] else "on"
        yield Configuration(f"{row['name']} {turned}", {"config": {f"features.{row['name']}": not row["enabled"]}})


async def capture(probe: Probe, model: ModelServer, tried: Iterable[Configuration]) -> tuple[Tools, dict[str, str]]:
    """The tools by configuration, and which configurations could not be tried."""
    tools: Tools = {}
    missing: dict[str, str] = {}
    for configuration in tried:
        try:
            tools[configuration.name] = offered(await _request_of_a_turn(probe, model, configuration))
        except (Refused, Waited, LookupError) as error:
            missing[f"tools: {configuration.name}"] = f"{type(error).__name__}: {str(error)[:300]}"
    return tools, missing


async def _request_of_a_turn(probe: Probe, model: ModelServer, configuration: Configuration) -> Request:
    """What the model is asked in a turn. Raises Refused, Waited or LookupError."""
    prompt = f"A turn of: {configuration.name}."
    started = await probe.request("thread/start", {"ephemeral": True, **configuration.thread})
    thread_id = started["thread"]["id"]
    turn = {"threadId": thread_id, "input": [{"type": "text", "text": prompt}], **configuration.turn}
    await probe.request("turn/start", turn)
    await probe.next(
        lambda message: message.get("method") == "turn/completed" and message["params"]["threadId"] == thread_id,
        f"the end of a turn: {configuration.name}",
    )
    await probe.request("thread/unsubscribe", {"threadId": thread_id})
    for request in model.requests:
        if request.contains(prompt):
            return request
    raise LookupError("the model was asked nothing")


def offered(request: Request) -> dict[str, Any]:
    """The tools of a request by name, `namespace.name` within a namespace, wherever the request has them."""
    inside = [tool for item in request.input if item.get("type") == "additional_tools" for tool in item["tools"]]
    return dict(_named("", [*request.body.get("tools", []), *inside]))


def _named(prefix: str, tools: list[Any]) -> Iterator[tuple[str, Any]]:
    for tool in tools:
        name = f"{prefix}{tool.get('name', tool.get('type'))}"
        members = tool.get("tools")
        if is_object(tool) and is_list(members):
            yield name, {key: value for key, value in tool.items() if key != "tools"}
            yield from _named(f"{name}.", members)
        else:
            yield name, tool
