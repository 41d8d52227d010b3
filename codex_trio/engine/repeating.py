"""Asking a model again for a response that did not come, or broke off: how often, after which wait, and saying so.

Owns these for one response. Does not own the requests inside (model/client.py repeats those in silence) or how long a
wait is (model/retry.py).
"""

from __future__ import annotations

import trio

from codex_trio.engine import events
from codex_trio.engine.events import TurnFailure
from codex_trio.engine.item_log import TurnLog
from codex_trio.model import retry
from codex_trio.model.errors import ModelError


class Repeats:
    """Decides after each failure of a response whether it is asked for again, and waits for the time to do so.

    `most` is how often that may be; waiting for a network does not count.
    """

    def __init__(self, log: TurnLog, most: int) -> None:
        self._log = log
        self._most = most
        self._attempt = 0
        self._offline = 0

    async def after(self, error: ModelError) -> None:
        """Return when the response is to be asked for again. Raises the error when it is not."""
        if error.is_offline:
            self._offline += 1
            self._tell("waiting for network", error)
            await trio.sleep(retry.offline_delay(self._offline))
            return
        self._offline = 0
        self._attempt += 1
        if not error.retryable or self._attempt > self._most:
            raise error
        self._tell(f"{self._attempt}/{self._most}", error)
        await trio.sleep(retry.stream_delay(self._attempt, error))

    def _tell(self, how: str, error: ModelError) -> None:
        notice = TurnFailure(message=f"Reconnecting... {how}", info=error.retry_info, additional_details=error.message)
        self._log.emit(events.ErrorReported(turn_id=self._log.turn_id, failure=notice, will_retry=True))
