"""What only some releases have is read from all of them, sent as today's does, and marked."""

from typing import Any

import msgspec
import pytest
from codex_trio_protocol.export import reference
from codex_trio_protocol.table import decode, resolve

PROJECT: dict[str, Any] = {
    "id": "p",
    "name": "n",
    "roots": [],
    "metadata": {},
    "createdAt": 1,
    "updatedAt": 2,
    "recencyAt": None,
}
MESSAGE: dict[str, Any] = {"type": "agentMessage", "id": "m", "text": "x"}


def read_and_written(kind: str, value: dict[str, Any]) -> dict[str, Any]:
    return msgspec.json.decode(msgspec.json.encode(decode(msgspec.json.encode(value), resolve(kind))))


@pytest.mark.parametrize("project", [PROJECT, {**PROJECT, "position": 3}])
def test_a_project_has_a_position_only_where_its_server_gave_one(project: dict[str, Any]) -> None:
    assert read_and_written("project:Project", project) == project


@pytest.mark.parametrize(
    "display",
    [
        None,
        {"action": "hide", "blockType": "x"},
        {"mode": "show", "version": 1, "trustedContacts": "skip", "annotation": None},
        {"mode": "hide", "version": 1, "replacement": {"kind": "wellbeingPromptHelpline"}},
        {"mode": "block", "version": 2, "reason": {"kind": "of later releases"}},
    ],
)
def test_how_to_show_a_moderated_answer_passes_through_in_the_form_of_any_release(
    display: dict[str, Any] | None,
) -> None:
    moderation = {"moderated": True, "display": display}
    written = read_and_written("item:AgentMessageThreadItem", {**MESSAGE, "moderation": moderation})
    assert written["moderation"] == moderation


def test_a_key_that_an_older_server_does_not_send_has_its_default() -> None:
    call = {"type": "mcpToolCall", "id": "c", "server": "s", "tool": "t", "status": "completed", "arguments": {}}
    assert read_and_written("item:McpToolCallThreadItem", call)["environmentId"] is None


@pytest.mark.parametrize(
    ("page", "text"),
    [
        ("mcp", "| `environmentId` | string or null (since 0.171.0) |"),
        ("project", "| `position` | integer (up to 0.169.0) |"),
        ("thread_list", "Request to the server; experimental; since 0.171.0."),
        ("client_call", "Request to the client; experimental; gone since 0.171.0."),
        ("turn", "`bioPolicy` (since 0.171.0) or `contextWindowExceeded`,"),
    ],
)
def test_the_pages_say_which_releases_have_something(page: str, text: str) -> None:
    assert text in reference.files()[f"{page}.md"]
