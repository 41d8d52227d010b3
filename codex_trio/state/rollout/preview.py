"""A thread's preview: the line that lists show for it.

Owns how user input becomes a preview.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

# Clients put context that they gathered themselves before this heading, and the user's own words after it.
_REQUEST_HEADING = "## My request for Codex:"
_IMAGE_ONLY = "[Image]"


def of_text(text: str) -> str:
    """Return the preview of a message's text."""
    _, found, request = text.rpartition(_REQUEST_HEADING)
    return (request if found else text).strip()


def of_content(content: Iterable[dict[str, Any]]) -> str:
    """Return the preview of a user message's input parts: its text, or a stand-in when there are only images."""
    parts = list(content)
    text = of_text("".join(str(part.get("text", "")) for part in parts if part.get("type") == "text"))
    if text:
        return text
    return _IMAGE_ONLY if any(part.get("type") in {"image", "local_image"} for part in parts) else ""
