"""What one agent says to another, as a user's input.

Owns how the arguments of a call become input parts in the rollout's form.
"""

from __future__ import annotations

from typing import Any

import msgspec

from codex_trio.tools.calls import ToolFailure

EMPTY = "Empty message can't be sent to an agent"


class InputPart(msgspec.Struct):
    """One part of an input; which fields count depends on its type."""

    type: str = "text"
    text: str | None = None
    image_url: str | None = None
    audio_url: str | None = None
    path: str | None = None
    name: str | None = None


_NEEDS = {
    "text": ("text",),
    "image": ("image_url",),
    "local_image": ("path",),
    "local_audio": ("path",),
    "skill": ("name", "path"),
    "mention": ("name", "path"),
}


def input_content(message: str | None, items: list[InputPart] | None) -> list[dict[str, Any]]:
    """Return the parts of an input. Raises ToolFailure unless exactly one of both says something."""
    if message is not None and items is not None:
        raise ToolFailure("Provide either message or items, but not both")
    if message is not None:
        return text_content(message)
    if items is None:
        raise ToolFailure("Provide one of: message or items")
    if not items:
        raise ToolFailure("Items can't be empty")
    return [_part(part, number) for number, part in enumerate(items)]


def text_content(text: str) -> list[dict[str, Any]]:
    """Return an input that is one text. Raises ToolFailure when there is nothing in it."""
    if not text.strip():
        raise ToolFailure(EMPTY)
    return [{"type": "text", "text": text, "text_elements": []}]


def shown_text(content: list[dict[str, Any]]) -> str:
    """Return what items show of an input."""
    return "\n".join(part["text"] if part["type"] == "text" else f"[{part['type']}]" for part in content)


def _part(part: InputPart, number: int) -> dict[str, Any]:
    needed = _NEEDS.get(part.type)
    if needed is None:
        known = ", ".join(_NEEDS)
        raise ToolFailure(f"items[{number}]: unknown type `{part.type}`, expected one of: {known}")
    for name in needed:
        if not getattr(part, name):
            raise ToolFailure(f"items[{number}]: `{name}` is needed for type `{part.type}`")
    made = {"type": part.type, **{name: getattr(part, name) for name in needed}}
    return {**made, "text_elements": []} if part.type == "text" else made
