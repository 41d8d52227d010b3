"""The user's hooks around a request to the model: they see that it is made, and how it ended.

Nothing follows from what they say. The request waits for those before it, the turn's end for those after it.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any, Literal
from uuid import uuid4

import msgspec

from codex_trio.engine.hooks import ThreadHooks
from codex_trio.model.errors import ModelError
from codex_trio.model.events import Completed, TokensSpent
from codex_trio.model.usage import ResponseUsage

RequestKind = Literal["sampling", "foreground_compaction"]
"""What is asked for, as hooks are told (0.171.0)."""


class SeenRequest(msgspec.Struct):
    """What came of one attempt."""

    usage: ResponseUsage | None = None
    response_id: str | None = None

    def note(self, event: Completed | TokensSpent) -> None:
        """Note what was used, and by which response."""
        self.usage = event.usage
        self.response_id = event.response_id if isinstance(event, Completed) else None


class RequestHooks:
    """Those around one request, which may be made several times."""

    def __init__(self, hooks: ThreadHooks | None, kind: RequestKind, turn_id: str) -> None:
        self._hooks = hooks
        self._kind: RequestKind = kind
        self._turn_id = turn_id
        self._id = str(uuid4())
        self._attempts = 0

    @asynccontextmanager
    async def attempt(self) -> AsyncGenerator[SeenRequest]:
        """Have the hooks see the attempt that is made in the block."""
        seen = SeenRequest()
        hooks = self._hooks
        if hooks is None:
            yield seen
            return
        self._attempts += 1
        told: dict[str, Any] = {"kind": self._kind, "request_id": self._id, "attempt_number": self._attempts}
        await hooks.fire("PreModelRequest", self._kind, turn_id=self._turn_id, call_id=self._id, payload=told)
        status, problem = "cancelled", None
        try:
            yield seen
            status = "completed"
        except ModelError as error:
            status, problem = "failed", error.message
            raise
        finally:
            told |= {"status": status, "error": problem, "response_id": seen.response_id}
            told["token_usage"] = None if seen.usage is None else msgspec.to_builtins(seen.usage)
            hooks.fire_soon("PostModelRequest", self._kind, turn_id=self._turn_id, call_id=self._id, payload=told)
