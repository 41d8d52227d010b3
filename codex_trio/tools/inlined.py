"""Input whose files are read at once, so that it says the same whatever becomes of them.

Owns putting pictures and sounds that a user named by path into the input itself. Does not own how they are read and
decoded (tools/pictures.py).
"""

from __future__ import annotations

import base64
import mimetypes
import os
from collections.abc import Sequence
from typing import Any

from codex_trio.environments.files import Files
from codex_trio.tools.picture_form import MAX_BYTES, ORIGINAL, PictureProblem, url_of_bytes
from codex_trio.tools.pictures import Pictures
from codex_trio.util.regular_file import FileTooLarge

MAX_INLINED_BYTES = 64 * 1024 * 1024
"""Of all that one input brings along, as text: it is kept as a whole, and sent as a whole."""


class AttachmentProblem(Exception):
    """A file that the input names cannot be read, or is none of its kind; the text says why."""


async def inlined(content: Sequence[dict[str, Any]], pictures: Pictures) -> list[dict[str, Any]]:
    """Return the input with the files that it names in it. Raises AttachmentProblem."""
    parts: list[dict[str, Any]] = []
    size = 0
    for part in content:
        parts.append(await _inlined(part, pictures))
        if parts[-1] is not part:
            size += len(parts[-1].get("image_url") or parts[-1]["url"])
        if size > MAX_INLINED_BYTES:
            raise AttachmentProblem(f"the files together are larger than {MAX_INLINED_BYTES} bytes")
    return parts


async def _inlined(part: dict[str, Any], pictures: Pictures) -> dict[str, Any]:
    match part.get("type"):
        case "local_image":
            raw = await _read(part["path"], pictures.files)
            try:
                url = await pictures.run(url_of_bytes, raw, ORIGINAL)
            except PictureProblem as problem:
                raise AttachmentProblem(f"`{part['path']}`: {problem}") from problem
            detail = {} if part.get("detail") is None else {"detail": part["detail"]}
            return {"type": "image", "image_url": url, **detail}
        case "local_audio":
            raw = await _read(part["path"], pictures.files)
            kind = mimetypes.guess_type(part["path"])[0]
            if kind is None or not kind.startswith("audio/"):
                raise AttachmentProblem("unsupported audio format")
            return {"type": "audio", "url": f"data:{kind};base64,{base64.b64encode(raw).decode('ascii')}"}
        case _:
            return part


async def _read(path: str, files: Files) -> bytes:
    try:
        return await files.read(path, limit=MAX_BYTES)
    except OSError as error:
        if error.errno is None or isinstance(error, (FileTooLarge, TimeoutError)):
            raise AttachmentProblem(f"`{path}` {error.strerror or error}") from error
        raise AttachmentProblem(f"{os.strerror(error.errno)} (os error {error.errno})") from error
    except ValueError as error:
        raise AttachmentProblem(f"its path is none: {error}") from error
