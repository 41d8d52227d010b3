"""Pictures on their way to a model, by whichever way they came: files, data URLs, parts of items.

Owns decoding them off the loop, in bounded time, and what stands in place of one that cannot be sent. Does
not own files, or their form (tools/picture_form.py).
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from os import PathLike
from typing import Any, cast

import trio

from codex_trio.environments.files import Files
from codex_trio.model.catalog import ModelInfo
from codex_trio.tools.picture_form import HIGH, MAX_BYTES, ORIGINAL, Limits, PictureProblem, url_of_bytes, url_of_url

DECODE_SECONDS = 30.0

OMITTED = "image content omitted because it could not be processed"
"""How the text begins that stands in place of a picture (0.169.0)."""


class Pictures:
    """Decodes for all threads, two at a time: what a decoder may take in memory is taken no more often at once.

    `files` are those of the server's machine, by which clients name pictures.
    """

    def __init__(self, files: Files) -> None:
        self.files = files
        self._decoders = trio.CapacityLimiter(2)

    def for_model(self, model: ModelInfo) -> ModelPictures:
        """Return the pictures of a thread with that model."""
        return ModelPictures(self, takes_original=model.image_detail_original)

    async def run(self, function: Callable[..., str], *args: Any) -> str:
        """Return what a function of picture_form.py makes. Raises PictureProblem, also when it takes too long."""
        with trio.move_on_after(DECODE_SECONDS):
            return await trio.to_thread.run_sync(function, *args, abandon_on_cancel=True, limiter=self._decoders)
        raise PictureProblem(f"it could not be decoded within {DECODE_SECONDS:g} seconds")


class ModelPictures:
    """Pictures, scaled and labelled as one model takes them."""

    def __init__(self, pictures: Pictures, *, takes_original: bool) -> None:
        self._pictures = pictures
        self._takes_original = takes_original

    @property
    def _limits(self) -> Limits:
        return ORIGINAL if self._takes_original else HIGH

    async def of_file(
        self, path: str | PathLike[str], *, files: Files | None = None, detail: str | None = None
    ) -> dict[str, Any]:
        """Return the part that shows an image file, by default one of the server's machine.

        Raises OSError when it cannot be read, PictureProblem.
        """
        try:
            raw = await (files or self._pictures.files).read(os.fspath(path), limit=MAX_BYTES)
        except ValueError as error:
            raise PictureProblem(f"its path is none: {error}") from error
        return self._part(await self._pictures.run(url_of_bytes, raw, self._limits), detail)

    async def of_url(self, url: str, *, detail: str | None = None) -> dict[str, Any]:
        """Return the part that shows an inline image. Raises PictureProblem."""
        return self._part(await self._pictures.run(url_of_url, url, self._limits), detail)

    def _part(self, url: str, detail: str | None) -> dict[str, Any]:
        if self._takes_original:
            detail = "original"
        elif detail not in ("auto", "low"):
            detail = "high"
        return {"type": "input_image", "image_url": url, "detail": detail}

    async def checked(self, items: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
        """Response items in which only pictures are left that can be sent; what is in form already stays as it is.

        They are not scaled further than any model needs it: a thread goes on with what its model has seen.
        """
        return [await self._checked_item(item) for item in items]

    async def _checked_item(self, item: dict[str, Any]) -> dict[str, Any]:
        for name in ("content", "output"):
            parts = item.get(name)
            if isinstance(parts, list) and any(_inline_url(part) is not None for part in cast("list[Any]", parts)):
                item = {**item, name: [await self._checked_part(part) for part in cast("list[Any]", parts)]}
        return item

    async def _checked_part(self, part: Any) -> Any:
        url = _inline_url(part)
        if url is None:
            return part
        try:
            sound = await self._pictures.run(url_of_url, url, ORIGINAL)
        except PictureProblem as problem:
            return omitted(problem)
        return part if sound == url else {**part, "image_url": sound}


def omitted(problem: PictureProblem) -> dict[str, Any]:
    """Return the text in place of a picture."""
    return {"type": "input_text", "text": f"{OMITTED}: {problem}"}


def _inline_url(part: Any) -> str | None:
    """Return where the picture of a part is, unless the provider has it or fetches it."""
    if not isinstance(part, Mapping) or cast("Mapping[str, Any]", part).get("type") != "input_image":
        return None
    url = cast("Mapping[str, Any]", part).get("image_url")
    return url if isinstance(url, str) and not url.startswith(("https://", "http://")) else None
