"""The user's hooks, as the turns of one thread come to them.

Owns what every hook is told, that they are read anew for each turn, and the moments of a turn itself. Does not own
hooks (`extensions/hooks`), or those around tools (`tools/hooked.py`).
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any

import msgspec
import trio

from codex_trio.domain.items import PromptFragment
from codex_trio.engine import events
from codex_trio.engine.hook_outputs import HookOutputs
from codex_trio.engine.settings import ThreadSettings
from codex_trio.extensions.hooks.answers import HookAnswer
from codex_trio.extensions.hooks.hook import HookListing
from codex_trio.extensions.hooks.runner import HookRunner
from codex_trio.util.bell import Bell

MOST_CONTINUATIONS = 20
"""How often hooks may have a turn go on that would have ended."""


_ABOUT_REQUESTS = frozenset({"PreModelRequest", "PostModelRequest"})


class HookedThread(msgspec.Struct, frozen=True, kw_only=True):
    """Whose hooks they are: `source` is what made the thread be loaded, `agent_type` that of an agent of others."""

    thread_id: str
    session_id: str
    transcript_path: str | None
    source: str
    agent_type: str | None = None
    parent_transcript_path: str | None = None
    """That of whom the agent works for."""


class Opening(msgspec.Struct, frozen=True):
    """What hooks say to a turn that begins, or to a user's words: what the model is told, and whether it ends."""

    context: Sequence[str] = ()
    ends: bool = False


class ThreadHooks:
    """See the module.

    Args:
        find: returns the hooks for the folder that a thread works in.
        emit: tells what happens.
        outputs: keeps what is too long for the model.
        nursery: the thread's.
    """

    def __init__(
        self,
        thread: HookedThread,
        runner: HookRunner,
        *,
        find: Callable[[ThreadSettings], Awaitable[HookListing]],
        emit: Callable[[events.Event], None],
        outputs: HookOutputs,
        nursery: trio.Nursery,
    ) -> None:
        self._thread = thread
        self._runner = runner
        self._find = find
        self._emit = emit
        self._outputs = outputs
        self._nursery = nursery
        self._under_way = 0
        self._settled = Bell()
        self._turn_id: str | None = None
        self._settings: ThreadSettings | None = None
        self._listing = HookListing()
        self._warned: set[str] = set()
        self._has_begun = False
        self._continuations = 0

    async def begin(self, turn_id: str, settings: ThreadSettings) -> None:
        """Read the hooks for a turn."""
        if turn_id == self._turn_id:
            return
        self._listing = await self._find(settings)
        self._turn_id, self._settings, self._continuations = turn_id, settings, 0
        problems = [*self._listing.warnings, *(f"{path}: {text}" for path, text in self._listing.errors)]
        for problem in problems:
            if problem not in self._warned:
                self._warned.add(problem)
                self._emit(events.ThreadWarning(message=problem))

    @property
    def opens(self) -> bool:
        """Whether any hook has to do with the beginning of this turn."""
        return bool(self._fitting_start() or self._listing.fitting("UserPromptSubmit"))

    async def opening(self) -> Opening:
        """Run the hooks of a thread that begins, once."""
        start, self._has_begun = self._fitting_start(), True
        if start is None:
            return Opening()
        event, subject, payload = start
        return _opening(await self.fire(event, subject, turn_id=self._turn_id or "", payload=payload))

    async def prompt(self, text: str) -> Opening:
        """Run the hooks for what a user says."""
        answers = await self.fire(
            "UserPromptSubmit", turn_id=self._turn_id or "", payload={"prompt": text, **self._agent()}
        )
        return _opening(answers)

    async def stopping(self, last_message: str | None) -> list[PromptFragment]:
        """Run the hooks of a turn that is about to end; return what the model is to go on with."""
        agent = self._thread.agent_type is not None
        payload: dict[str, Any] = {
            "stop_hook_active": self._continuations > 0,
            "last_assistant_message": last_message,
            **self._agent(),
        }
        event = "SubagentStop" if agent else "Stop"
        subject = [self._thread.agent_type] if self._thread.agent_type is not None else []
        hooks = self._listing.fitting(event, *subject)
        if agent:
            payload |= {
                "transcript_path": self._thread.parent_transcript_path,
                "agent_transcript_path": self._thread.transcript_path,
            }
        answers = await self.fire(event, *subject, turn_id=self._turn_id or "", payload=payload)
        if any(answer.stop is not None for answer in answers):
            return []
        prompts = [
            PromptFragment(text=answer.block, hook_run_id=hook.run_id(None))
            for hook, answer in zip(hooks, answers, strict=True)
            if answer.block is not None
        ]
        if prompts and self._continuations >= MOST_CONTINUATIONS:
            self._emit(
                events.ThreadWarning(
                    message=f"{event} hooks had the turn go on {MOST_CONTINUATIONS} times; it ends now"
                )
            )
            return []
        self._continuations += 1
        return prompts

    async def compacting(self, trigger: str, *, is_over: bool = False) -> bool:
        """Run the hooks before, or after, a history is summed up; return whether that may be."""
        event = "PostCompact" if is_over else "PreCompact"
        answers = await self.fire(event, trigger, turn_id=self._turn_id or "", payload={"trigger": trigger})
        return all(answer.stop is None for answer in answers)

    async def interrupted(self, turn_id: str) -> None:
        """Run the hooks of a turn that its user has stopped."""
        await self.fire("Interrupt", turn_id=turn_id, payload={})

    async def ended(self, settings: ThreadSettings) -> None:
        """Run the hooks of a thread that is loaded no more."""
        if self._settings is None:
            self._listing, self._settings = await self._find(settings), settings
        await self.fire("SessionEnd", "other", turn_id="", payload={"reason": "other"})

    def fire_soon(
        self, event: str, *subject: str, turn_id: str, call_id: str | None = None, payload: Mapping[str, Any]
    ) -> None:
        """Have the hooks of a moment run beside what follows; see `settled`."""
        if not self._listing.fitting(event, *subject):
            return

        async def run() -> None:
            try:
                await self.fire(event, *subject, turn_id=turn_id, call_id=call_id, payload=payload)
            finally:
                self._under_way -= 1
                self._settled.ring()

        self._under_way += 1
        self._nursery.start_soon(run)

    async def settled(self) -> None:
        """Wait for the hooks that run beside the turn."""
        while self._under_way:
            await self._settled.wait()

    async def fire(
        self, event: str, *subject: str, turn_id: str, call_id: str | None = None, payload: Mapping[str, Any]
    ) -> Sequence[HookAnswer]:
        """Return what the hooks of a moment come to, in their order; `subject` are the names that it is about."""
        hooks = self._listing.fitting(event, *subject)
        settings = self._settings
        if not hooks or settings is None:
            return ()
        told = {**self._common(event, turn_id, settings), **payload}

        def tell(run: Any) -> None:
            self._emit(events.HookRan(turn_id=turn_id, run=run))

        done = await self._runner.run(hooks, told, cwd=str(settings.cwd), call_id=call_id, tell=tell)
        return [await self._fitted(answer, run.hook.context_limit) for run, answer in done]

    def _common(self, event: str, turn_id: str, settings: ThreadSettings) -> dict[str, Any]:
        """Return what hooks of all moments are told, as far as it has a meaning at this one."""
        thread = self._thread
        common: dict[str, Any] = {
            "session_id": thread.session_id,
            "transcript_path": thread.transcript_path,
            "cwd": str(settings.cwd),
            "hook_event_name": event,
        }
        if event == "SessionEnd":
            return common
        common["model"] = settings.model
        if event != "SessionStart":
            common["turn_id"] = turn_id
        if event in _ABOUT_REQUESTS:
            common["thread_id"] = thread.thread_id
        else:
            common["permission_mode"] = "bypassPermissions" if settings.approval_policy == "never" else "default"
        return common

    async def _fitted(self, answer: HookAnswer, limit: int | None) -> HookAnswer:
        if answer.context is None:
            return answer
        return msgspec.structs.replace(answer, context=await self._outputs.fitted(answer.context, limit))

    def _fitting_start(self) -> tuple[str, str, dict[str, Any]] | None:
        if self._has_begun:
            return None
        thread = self._thread
        if thread.agent_type is not None:
            event, subject, payload = "SubagentStart", thread.agent_type, self._agent()
        else:
            event, subject, payload = "SessionStart", thread.source, {"source": thread.source}
        return (event, subject, payload) if self._listing.fitting(event, subject) else None

    def _agent(self) -> dict[str, Any]:
        if self._thread.agent_type is None:
            return {}
        return {"agent_id": self._thread.thread_id, "agent_type": self._thread.agent_type}


def _opening(answers: Sequence[HookAnswer]) -> Opening:
    return Opening(
        [answer.context for answer in answers if answer.context is not None],
        any(answer.block is not None or answer.stop is not None for answer in answers),
    )
