"""Running a user's own command in a loaded thread.

Owns whether it is a turn of its own or belongs to the one that runs. Does not own the running (engine/tasks/shell.py).
"""

from __future__ import annotations

from functools import partial

from codex_trio.domain.ids import uuid7
from codex_trio.engine.settings import TurnOverrides
from codex_trio.engine.tasks.shell import ShellTurn, UserCommand, begin_in_turn
from codex_trio.threads.errors import ThreadError
from codex_trio.threads.live import LiveThread
from codex_trio.threads.requests import PendingAnswer

NO_ENVIRONMENT = "the thread has no environment to run a command in"


async def run_user_command(live: LiveThread, command: UserCommand, answer: PendingAnswer) -> None:
    """Begin with a command; what it does is told after the answer. Raises ThreadError, ShuttingDown."""
    turn = live.session.active
    settings = live.settings if turn is None else turn.settings
    if not settings.environments:
        raise ThreadError(NO_ENVIRONMENT)
    if turn is None:
        live.launch(partial(ShellTurn, turn_id=uuid7(), command=command), TurnOverrides(), answer=answer)
        return
    await live.session.beside(
        partial(begin_in_turn, turn=turn, command=command, answered=answer.answered), TurnOverrides()
    )
