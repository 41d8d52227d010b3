"""The program that the user wants to be run at the end of a turn: `notify`.

Owns what it is given and how long it may take. It never delays a turn; what it prints is thrown away.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from typing import Any

import msgspec
import trio

from codex_trio.config.settings import EffectiveConfig
from codex_trio.domain.items import AgentMessage, UserMessage
from codex_trio.engine import events
from codex_trio.execution.errors import SpawnError
from codex_trio.execution.launch import SpawnRequest
from codex_trio.execution.processes import ManagedProcess

_log = logging.getLogger(__name__)

NOTIFY_SECONDS = 30.0
LAST_SECONDS = 2.0
"""How long a server that ends waits for it: `exec` ends with its turn."""

MOST_NOTICES = 8
"""How many programs may run at once for one thread; what comes while they do is not told."""

_MOST_BYTES = 100_000
"""Linux gives no program a longer argument than 128 KiB."""


class TurnNotices:
    """Runs `notify` for one thread.

    Args:
        start: starts a process that is killed, with all that it started, when it is closed.
        cwd: returns the folder that the thread works in.
        client: the name of the client.
    """

    def __init__(
        self,
        config: EffectiveConfig,
        thread_id: str,
        start: Callable[[SpawnRequest], ManagedProcess],
        *,
        environ: Mapping[str, str],
        cwd: Callable[[], str],
        client: str,
        nursery: trio.Nursery,
    ) -> None:
        self._command: tuple[str, ...] = tuple(config.merged.get("notify") or ())
        self._thread_id = thread_id
        self._start = start
        self._environ = environ
        self._cwd = cwd
        self._client = client
        self._nursery = nursery
        self._said: list[str] = []
        self._running = 0

    def heard(self, event: events.Event) -> None:
        """Note what the user says, and run the program when the turn is over."""
        if not self._command:
            return
        match event:
            case events.TurnStarted():
                self._said = []
            case events.ItemCompleted(item=UserMessage() as item):
                self._said.append("".join(str(part.get("text", "")) for part in item.content))
            case events.TurnEnded(status="completed", is_upkeep=False):
                self._tell(event)
            case _:
                pass

    def _tell(self, event: events.TurnEnded) -> None:
        if self._running >= MOST_NOTICES:
            _log.warning("thread %s: `notify` was not run: %d of it run already", self._thread_id, self._running)
            return
        notice: dict[str, Any] = {
            "type": "agent-turn-complete",
            "thread-id": self._thread_id,
            "turn-id": event.turn_id,
            "cwd": self._cwd(),
            "client": self._client,
            "input-messages": self._said,
            "last-assistant-message": event.last_message.text if isinstance(event.last_message, AgentMessage) else None,
        }
        self._running += 1
        self._nursery.start_soon(self._run, notice)

    async def _run(self, notice: dict[str, Any]) -> None:
        try:
            request = SpawnRequest(argv=(*self._command, _text_of(notice)), cwd=notice["cwd"], env=self._environ)
            process = self._start(request)
            try:
                with trio.move_on_after(NOTIFY_SECONDS) as limit:
                    try:
                        await _ended(process)
                    except trio.Cancelled:
                        if not limit.cancel_called:
                            with trio.CancelScope(shield=True, deadline=trio.current_time() + LAST_SECONDS):
                                await _ended(process)
                        raise
            finally:
                await process.aclose(kill=True)
            if limit.cancelled_caught:
                _log.warning("thread %s: `notify` was ended after %d s", self._thread_id, NOTIFY_SECONDS)
            elif process.exit_code:
                _log.warning("thread %s: `notify` ended with status %d", self._thread_id, process.exit_code)
        except (SpawnError, OSError, ValueError) as error:
            _log.warning("thread %s: `notify` could not be run: %s", self._thread_id, error)
        finally:
            self._running -= 1


async def _ended(process: ManagedProcess) -> None:
    while await process.stdout.receive():
        pass
    await process.wait()


def _text_of(notice: dict[str, Any]) -> str:
    """Return the notice as JSON, with less of its words where they are too many for an argument."""
    text = msgspec.json.encode(notice)
    if len(text) > _MOST_BYTES:
        last = notice["last-assistant-message"]
        short = [said[:1000] for said in notice["input-messages"][:8]]
        text = msgspec.json.encode(
            notice | {"input-messages": short, "last-assistant-message": None if last is None else last[:5000]}
        )
    return text.decode()
