"""Pictures that a model made: kept as files, so that user and model can do something with them.

Owns where and under which names. Does not own the items that show them (engine/response.py).
"""

from __future__ import annotations

import binascii
import re
from pathlib import Path
from typing import Any

import trio

from codex_trio.domain.ids import uuid7

FOLDER = "generated_images"

_UNFIT = re.compile(r"[^A-Za-z0-9_-]")
_ENDINGS = ((b"\x89PNG", ".png"), (b"\xff\xd8\xff", ".jpg"), (b"RIFF", ".webp"), (b"GIF8", ".gif"))


class MadePictures:
    """Those of one thread."""

    def __init__(self, codex_home: Path, thread_id: str) -> None:
        self.folder = codex_home / FOLDER / thread_id

    async def keep(self, item_id: str, result: Any) -> str | None:
        """Keep a picture, given as base64, and return its path; None where it is no picture. Raises OSError."""
        if not isinstance(result, str) or not result:
            return None
        return await trio.to_thread.run_sync(self._keep, item_id, result)

    def _keep(self, item_id: str, result: str) -> str | None:
        try:
            content = binascii.a2b_base64(result.encode("ascii"))
        except (ValueError, UnicodeEncodeError):
            return None
        ending = next((ending for start, ending in _ENDINGS if content.startswith(start)), None)
        if ending is None:
            return None
        self.folder.mkdir(parents=True, exist_ok=True)
        # An id comes from the provider, and may be a path, or long.
        stem = item_id if item_id and not _UNFIT.search(item_id) and len(item_id) < 100 else uuid7()
        path = self.folder / f"{stem}{ending}"
        if path.exists():
            path = self.folder / f"{stem}-{uuid7()}{ending}"
        with path.open("xb") as file:
            file.write(content)
        return str(path)
