"""How many tokens a thread has used.

Owns the sum, and the lines and events that say it. Does not own what a provider counts (model/usage.py).
"""

from __future__ import annotations

from collections.abc import Callable

import msgspec

from codex_trio.engine import events
from codex_trio.engine.token_usage import added, stored_usage
from codex_trio.model.limits import RateLimitSnapshot
from codex_trio.model.usage import ResponseUsage
from codex_trio.state.rollout.events import TokenCount, TokenUsage, TokenUsageInfo
from codex_trio.state.rollout.lines import Payload, token_usage_record


class SessionUsage:
    """`info` is what was used before; a `window` is how many tokens the model takes."""

    def __init__(self, thread_id: str, info: TokenUsageInfo | None, emit: Callable[[events.Event], None]) -> None:
        self.thread_id = thread_id
        self.info = info
        self.prefix: int | None = None
        """How many tokens the window of the history began with, where its first response said so to this process."""
        self._may_learn_prefix = info is None
        self._turn = ("", TokenUsage())
        self._unstored: list[Payload] = []
        self._emit = emit

    def add(self, usage: ResponseUsage, *, window: int, turn_id: str, root_turn_id: str, response_id: str) -> None:
        """Count the tokens of a response."""
        last = stored_usage(usage)
        if self._may_learn_prefix:
            self.prefix, self._may_learn_prefix = last.input_tokens, False
        self._set(self._sum(last), last, window)
        self._note(last, turn_id=turn_id, root_turn_id=root_turn_id, response_id=response_id)

    def spend(self, usage: ResponseUsage, *, window: int, turn_id: str, root_turn_id: str, response_id: str) -> None:
        """Count the tokens of a response that somebody else got for the thread: its own history took none of them."""
        spent = stored_usage(usage)
        own = self.info
        if own is None:
            self._set(self._sum(spent), TokenUsage(), window)
        else:
            self.info = msgspec.structs.replace(own, total_token_usage=self._sum(spent))
        self._note(spent, turn_id=turn_id, root_turn_id=root_turn_id, response_id=response_id)

    def _sum(self, usage: TokenUsage) -> TokenUsage:
        return usage if self.info is None else added(self.info.total_token_usage, usage)

    def _note(self, last: TokenUsage, *, turn_id: str, root_turn_id: str, response_id: str) -> None:
        """Keep the line of a response that was counted until it is stored."""
        assert self.info is not None
        of_turn = added(self._turn[1], last) if self._turn[0] == turn_id else last
        self._turn = (turn_id, of_turn)
        self._unstored.append(
            token_usage_record(
                thread_id=self.thread_id,
                turn_id=turn_id,
                root_turn_id=root_turn_id,
                response_id=response_id,
                usage=last,
                turn_token_usage=of_turn,
                thread_token_usage=self.info.total_token_usage,
            )
        )

    def fill(self, *, window: int) -> None:
        """Count the whole window as used: the provider refused the history as too long."""
        total = self.info.total_token_usage if self.info is not None else TokenUsage()
        self._set(msgspec.structs.replace(total, total_tokens=window), TokenUsage(total_tokens=window), window)

    def estimate(self, tokens: int, *, window: int) -> None:
        """Note how many tokens the history takes that has just replaced another: no response has counted them yet."""
        total = self.info.total_token_usage if self.info is not None else TokenUsage()
        self._set(total, TokenUsage(total_tokens=tokens), window)
        self.prefix, self._may_learn_prefix = None, True

    @property
    def has_unstored(self) -> bool:
        """Whether responses were counted of which no line tells yet."""
        return bool(self._unstored)

    @property
    def last_total(self) -> int:
        """How many tokens the last response took, all that it read included; 0 when none has said so."""
        return 0 if self.info is None else self.info.last_token_usage.total_tokens

    def _set(self, total: TokenUsage, last: TokenUsage, window: int) -> None:
        self.info = TokenUsageInfo(total_token_usage=total, last_token_usage=last, model_context_window=window)

    def lines(self, limits: RateLimitSnapshot | None) -> list[Payload]:
        """Return the lines that say what has been used since the last ones, and up to now, and of the limits."""
        unstored, self._unstored = self._unstored, []
        return [*unstored, TokenCount(info=self.info, rate_limits=limits.to_rollout() if limits is not None else None)]

    def tell(self, turn_id: str, limits: RateLimitSnapshot | None) -> None:
        """Tell token use and limits, if any response reported its use."""
        if self.info is not None:
            self._emit(events.TokensUsed(turn_id=turn_id, usage=self.info))
            self._emit(events.RateLimitsChanged(turn_id=turn_id, limits=limits))


class HelperUsage(SessionUsage):
    """What somebody uses who works for a thread with a memory of its own: the thread pays for it, and tells of it."""

    def __init__(self, thread: SessionUsage) -> None:
        super().__init__(thread.thread_id, None, lambda _: None)
        self._thread = thread

    def add(self, usage: ResponseUsage, *, window: int, turn_id: str, root_turn_id: str, response_id: str) -> None:
        """Count the tokens of a response, here and for the thread."""
        for count in (super().add, self._thread.spend):
            count(usage, window=window, turn_id=turn_id, root_turn_id=root_turn_id, response_id=response_id)

    def lines(self, limits: RateLimitSnapshot | None) -> list[Payload]:
        """Return nothing: the lines are the thread's."""
        return []

    def tell(self, turn_id: str, limits: RateLimitSnapshot | None) -> None:
        """Tell what the thread has used."""
        self._thread.tell(turn_id, limits)
