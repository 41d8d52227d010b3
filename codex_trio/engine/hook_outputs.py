"""What hooks tell the model, when it is long: a file, of which the model reads the beginning and the end.

Owns where the files are. Does not own how a text is cut (`tools/truncate`).
"""

from __future__ import annotations

import logging
import os
from pathlib import Path
from uuid import uuid4

import trio

from codex_trio.tools.truncate import fit, token_estimate

FOLDER = "hook_outputs"

DEFAULT_TOKENS = 2500
"""What a hook may tell the model that says nothing else of that (0.171.0)."""

_log = logging.getLogger(__name__)


class HookOutputs:
    """Those of one thread."""

    def __init__(self, codex_home: Path, thread_id: str) -> None:
        self.folder = codex_home / FOLDER / thread_id

    async def fitted(self, text: str, limit: int | None) -> str:
        """Return what the model is to read of a text: all, or a part and where the rest is.

        `limit` is in tokens; 0 is none.
        """
        limit = DEFAULT_TOKENS if limit is None else limit
        if limit == 0 or token_estimate(text) <= limit:
            return text
        cut = fit(text, max_tokens=limit)
        try:
            path = await trio.to_thread.run_sync(self._keep, text)
        except OSError as error:
            _log.warning("the whole output of a hook could not be kept: %s", error)
            return cut
        return f"{cut}\n\nFull hook output saved to: {path}"

    def _keep(self, text: str) -> Path:
        self.folder.mkdir(parents=True, exist_ok=True)
        path = self.folder / f"{uuid4()}.txt"
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        with open(descriptor, "w", encoding="utf-8", errors="replace") as file:
            file.write(text)
        return path
