"""How the tools for agents are described to models.

Owns schemas and texts. Parameter names and types are those of release 0.171.0; the texts are ours.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from codex_trio.tools.agents.port import RoleSummary
from codex_trio.tools.registry import Namespace

NAMESPACE_V1 = Namespace(
    name="multi_agent_v1",
    description=(
        "Other agents that work for you, each in a conversation of its own. Start one only when the user, or "
        "instructions that apply, ask for agents or for work side by side."
    ),
)
NAMESPACE_V2 = Namespace(
    name="collaboration",
    description=(
        "Other agents that work with you, as one team. An agent is addressed by its path: `/root` is the first agent, "
        "`/root/worker` the agent `worker` that it started. What an agent says last in a turn is sent to the one that "
        "started it. Messages read `Message Type` (NEW_TASK, MESSAGE or FINAL_ANSWER), `Task name` (to whom), `Sender` "
        "and `Payload`. Start agents only when the user, or instructions that apply, ask for that."
    ),
)

_TEXT = {"type": "string"}
_ITEMS: dict[str, Any] = {
    "type": "array",
    "description": "Input in parts, in place of `message`.",
    "items": {
        "type": "object",
        "properties": {
            "type": {"type": "string", "description": "text, image, local_image, local_audio, skill or mention."},
            "text": {"type": "string", "description": "The text, for `text`."},
            "image_url": {"type": "string", "description": "The URL, for `image`."},
            "audio_url": {"type": "string", "description": "The URL, for audio."},
            "path": {"type": "string", "description": "The path, for `local_image`, `skill` and `mention`."},
            "name": {"type": "string", "description": "What it is called, for `skill` and `mention`."},
        },
        "additionalProperties": False,
    },
}


def _function(name: str, text: str, properties: Mapping[str, Any], *required: str) -> dict[str, Any]:
    parameters: dict[str, Any] = {
        "type": "object",
        "properties": dict(properties),
        "additionalProperties": False,
    }
    if required:
        parameters["required"] = list(required)
    return {"type": "function", "name": name, "description": text, "strict": False, "parameters": parameters}


def _text(description: str, **more: Any) -> dict[str, Any]:
    return {**_TEXT, "description": description, **more}


def _role(roles: Sequence[RoleSummary]) -> dict[str, Any]:
    """Return the parameter that chooses a role, where the user has made any."""
    if not roles:
        return {}
    lines = "\n".join(f"- `{role.name}`: {role.description}" for role in roles)
    return {"agent_type": _text(f"The role of the agent:\n{lines}")}


def spawn_v1(models: str, roles: Sequence[RoleSummary]) -> dict[str, Any]:
    """Describe how an agent is started."""
    return _function(
        "spawn_agent",
        f"Starts an agent and gives it a task; returns its id at once, while it works. {models}",
        {
            "message": _text("The task, with all that the agent has to know: it does not see this conversation."),
            "items": _ITEMS,
            **_role(roles),
            "fork_context": {"type": "boolean", "description": "Whether it sees this conversation after all."},
            "model": _text("Another model than yours. Leave it out unless there is a reason."),
            "reasoning_effort": _text("Another reasoning effort than yours."),
        },
    )


SEND_INPUT = _function(
    "send_input",
    "Says more to an agent, also to one that has finished: it goes on with what it knows.",
    {
        "target": _text("The id of the agent."),
        "message": _text("What to say."),
        "items": _ITEMS,
        "interrupt": {"type": "boolean", "description": "Whether what it does now is stopped first."},
    },
    "target",
)
WAIT_V1 = _function(
    "wait_agent",
    "Waits until at least one of the agents has finished, and returns what those that have said last.",
    {
        "targets": {"type": "array", "items": {"type": "string"}, "description": "The ids of the agents."},
        "timeout_ms": {
            "type": "number",
            "description": "How long to wait at most: 30000 if not given, at least 10000, at most 3600000.",
        },
    },
    "targets",
)
CLOSE = _function(
    "close_agent",
    "Ends an agent, and those that it has started. A finished agent counts against the limit until it is closed.",
    {"target": _text("The id of the agent.")},
    "target",
)
RESUME = _function(
    "resume_agent",
    "Loads an agent again that was closed, or that is left from before a restart.",
    {"id": _text("The id of the agent.")},
    "id",
)


def spawn_v2(models: str, roles: Sequence[RoleSummary]) -> dict[str, Any]:
    """Describe how an agent is started."""
    return _function(
        "spawn_agent",
        f"Starts an agent and gives it a task; returns its path at once, while it works. {models}",
        {
            "task_name": _text("What it is called: lowercase letters, digits and underscores."),
            "message": _text("The task.", encrypted=True),
            **_role(roles),
            "fork_turns": _text("How much of this conversation it sees: `all`, which is the default, or `none`."),
            "model": _text("Another model than yours. Leave it out unless there is a reason."),
            "reasoning_effort": _text("Another reasoning effort than yours."),
        },
        "task_name",
        "message",
    )


_TARGET = {"target": _text("The path of the agent, from `/root` on or from yours.")}
SEND_MESSAGE = _function(
    "send_message",
    "Lets an agent read something when it works next; it does not begin because of it.",
    {**_TARGET, "message": _text("What it is to read.", encrypted=True)},
    "target",
    "message",
)
FOLLOWUP = _function(
    "followup_task",
    "Gives an agent another task, which it begins at once.",
    {**_TARGET, "message": _text("The task.", encrypted=True)},
    "target",
    "message",
)
INTERRUPT = _function("interrupt_agent", "Stops what an agent does now; it can be given more to do.", _TARGET, "target")
LIST = _function(
    "list_agents",
    "Lists the agents of the team with what they are at.",
    {"path_prefix": _text("Only the agent at this path, and those below it.")},
)
WAIT_V2 = _function(
    "wait_agent",
    "Waits until an agent has sent you something. The message itself comes after the answer.",
    {
        "timeout_ms": {
            "type": "number",
            "description": "How long to wait at most: 30000 if not given, at least 10000, at most 3600000.",
        }
    },
)
