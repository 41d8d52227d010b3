"""From what a user sent to what the model reads.

Owns the translation of input parts (in the rollout's form) to the content of a user message. A picture that cannot be
sent becomes a text that says so, since the rest of the message still counts.
"""

from __future__ import annotations

from collections.abc import Awaitable, Sequence
from typing import Any

import trio

from codex_trio.engine.response_items import ResponseItem
from codex_trio.tools.picture_form import PictureProblem
from codex_trio.tools.pictures import ModelPictures, omitted


async def user_message(
    content: Sequence[dict[str, Any]], pictures: ModelPictures, *, item_id: str
) -> ResponseItem | None:
    """Return the user message for the model; None when there is nothing in it for the model to read."""
    parts: list[list[dict[str, Any]]] = [[] for _ in content]
    images = 0

    async def put(place: int, made: Awaitable[list[dict[str, Any]]]) -> None:
        parts[place] = await made

    # Side by side: a mount that does not answer is waited for once, however many pictures are on it.
    async with trio.open_nursery() as nursery:
        for place, part in enumerate(content):
            match part.get("type"):
                case "text":
                    parts[place] = [_text(part.get("text", ""))]
                case "image" if part.get("image_url"):
                    images += 1
                    nursery.start_soon(put, place, _image(part["image_url"], part.get("detail"), pictures))
                case "local_image":
                    images += 1
                    made = _local_image(part["path"], images, part.get("detail"), pictures)
                    nursery.start_soon(put, place, made)
                case _:
                    # Skills and mentions only help clients to draw the message: their names stand in its text too.
                    pass
    read = [part for made in parts for part in made]
    if not read:
        return None
    return {"type": "message", "id": f"msg_{item_id}", "role": "user", "content": read}


async def _local_image(path: str, number: int, detail: str | None, pictures: ModelPictures) -> list[dict[str, Any]]:
    opening = f'<image name=[Image #{number}] path="{path}">'
    try:
        shown = await pictures.of_file(path, detail=detail)
    except OSError as error:
        return [_text(f"{opening}\nThe image cannot be read: {error.strerror}.\n</image>")]
    except PictureProblem as problem:
        shown = omitted(problem)
    return [_text(opening), shown, _text("</image>")]


async def _image(url: str, detail: str | None, pictures: ModelPictures) -> list[dict[str, Any]]:
    try:
        return [await pictures.of_url(url, detail=detail)]
    except PictureProblem as problem:
        return [omitted(problem)]


def _text(text: str) -> dict[str, Any]:
    return {"type": "input_text", "text": text}
