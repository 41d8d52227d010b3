"""From what a user sent to what the model reads.

Owns the translation of input parts (in the rollout's form) to the content of a user message. Reads local images; what
cannot be read becomes a text that says so, since the rest of the message still counts.
"""

from __future__ import annotations

import base64
import mimetypes
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import trio

from codex_trio.engine.response_items import ResponseItem


async def user_message(content: Sequence[dict[str, Any]], *, item_id: str) -> ResponseItem | None:
    """The user message for the model; None when there is nothing in it for the model to read."""
    parts: list[dict[str, Any]] = []
    images = 0
    for part in content:
        match part.get("type"):
            case "text":
                parts.append(_text(part.get("text", "")))
            case "image" if part.get("image_url"):
                images += 1
                parts.append(_image(part["image_url"], part.get("detail")))
            case "local_image":
                images += 1
                parts += await trio.to_thread.run_sync(_local_image, part["path"], images, part.get("detail"))
            case _:
                # Skills and mentions only help clients to draw the message: their names stand in its text too.
                pass
    if not parts:
        return None
    return {"type": "message", "id": f"msg_{item_id}", "role": "user", "content": parts}


def _local_image(path: str, number: int, detail: str | None) -> list[dict[str, Any]]:
    opening = f'<image name=[Image #{number}] path="{path}">'
    try:
        raw = Path(path).read_bytes()
    except OSError as error:
        return [_text(f"{opening}\nThe image cannot be read: {error.strerror}.\n</image>")]
    kind = mimetypes.guess_type(path)[0] or ""
    if not kind.startswith("image/"):
        return [_text(f"{opening}\nThe file is no image of a known kind.\n</image>")]
    url = f"data:{kind};base64,{base64.b64encode(raw).decode('ascii')}"
    return [_text(opening), _image(url, detail), _text("</image>")]


def _text(text: str) -> dict[str, Any]:
    return {"type": "input_text", "text": text}


def _image(url: str, detail: str | None) -> dict[str, Any]:
    return {"type": "input_image", "image_url": url, "detail": detail or "original"}
