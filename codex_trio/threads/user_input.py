"""Asking the user of a thread for its model.

Owns who is asked, and in which mode. Does not own the questions (tools/user_input.py) or their wire form (the clients'
port).
"""

from __future__ import annotations

from codex_trio.config.settings import EffectiveConfig
from codex_trio.engine import modes
from codex_trio.threads.live import LiveThread
from codex_trio.tools.registry import ToolProvider
from codex_trio.tools.user_input import Answers, UserInputTools, UserQuestions


class ThreadAsker:
    """The `UserAsker` of one thread."""

    def __init__(self, live: LiveThread) -> None:
        self._live = live

    @property
    def mode(self) -> str:
        session = self._live.session
        return modes.kind_of((session.active or session).settings.mode)

    async def ask(self, questions: UserQuestions) -> Answers:
        return await self._live.approver.ask_user(questions)


def user_input_tools(live: LiveThread, config: EffectiveConfig) -> ToolProvider:
    """Return the provider of the tool by which a thread's model asks its user, where it may."""
    return UserInputTools(ThreadAsker(live), modes.asking_modes(config))
