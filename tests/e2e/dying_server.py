"""A server that kills itself, as a crash would, at one step of taking up a message that waits, or of a goal.

`DIE_AT` names the step. The server is the real one; it only counts the calls of what stores messages and rollout lines.
"""

import functools
import os
import signal
import sys
from collections.abc import Callable
from typing import Any

from codex_trio.cli.main import main
from codex_trio.state.local.goals import LocalGoals
from codex_trio.state.local.queues import LocalInputQueues
from codex_trio.state.rollout.file_lines import FileWriter
from codex_trio.testing.command import machine_of

WORDS = b'"dying words"'

Step = tuple[type, str, str, Callable[..., bool]]


def _always(*_: Any, **__: Any) -> bool:
    return True


def _begins_queued_turn(_writer: Any, data: bytes) -> bool:
    return b'"turn_trigger":"queue"' in data


def _has_message(_writer: Any, data: bytes) -> bool:
    return WORDS in data and b'"UserMessage"' in data


def _begins_goal_turn(_writer: Any, data: bytes) -> bool:
    return b'"turn_trigger":"goal"' in data


def _ends_turn(_writer: Any, data: bytes) -> bool:
    return b'"type":"task_complete"' in data


GOAL_STEPS: dict[str, Step] = {
    "before the goal is kept": (LocalGoals, "change", "before", _always),
    "when the goal is kept": (LocalGoals, "change", "after", _always),
    "before its turn is stored": (FileWriter, "write", "before", _begins_goal_turn),
    "when its turn is stored": (FileWriter, "write", "after", _begins_goal_turn),
    "before what it used is stored": (FileWriter, "write", "before", _ends_turn),
    "before what it used is counted": (FileWriter, "write", "after", _ends_turn),
}

STEPS: dict[str, Step] = {
    "when the message is kept": (LocalInputQueues, "append", "after", _always),
    "before it is claimed": (LocalInputQueues, "claim", "before", _always),
    "when it is claimed": (LocalInputQueues, "claim", "after", _always),
    "before its turn is stored": (FileWriter, "write", "before", _begins_queued_turn),
    "when its turn is stored": (FileWriter, "write", "after", _begins_queued_turn),
    "before it is stored": (FileWriter, "write", "before", _has_message),
    "when it is stored": (FileWriter, "write", "after", _has_message),
    "before it is forgotten": (LocalInputQueues, "finish", "before", _always),
    "when it is forgotten": (LocalInputQueues, "finish", "after", _always),
}


def _die_at(step: str) -> None:
    kind, name, when, holds = (STEPS | {f"goal: {goal}": found for goal, found in GOAL_STEPS.items()})[step]
    call = getattr(kind, name)

    @functools.wraps(call)
    async def fatal(*args: Any, **options: Any) -> Any:
        is_last = holds(*args, **options)
        if is_last and when == "before":
            os.kill(os.getpid(), signal.SIGKILL)
        result = await call(*args, **options)
        if is_last:
            os.kill(os.getpid(), signal.SIGKILL)
        return result

    setattr(kind, name, fatal)


if __name__ == "__main__":
    _die_at(os.environ["DIE_AT"])
    sys.exit(main(system_dir=machine_of(os.environ)))
