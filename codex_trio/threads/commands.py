"""A command that a thread left running, as those see it who list and end such commands."""

from __future__ import annotations

import msgspec

from codex_trio.domain.items import CommandExecution
from codex_trio.tools.running import RunningCommand


class BackgroundCommand(msgspec.Struct, frozen=True, kw_only=True):
    """`process_id` is what the model knows the command by, `os_pid` what the system does."""

    item: CommandExecution
    process_id: int
    os_pid: int

    @classmethod
    def of(cls, command: RunningCommand) -> BackgroundCommand:
        """Return what is shown of a running command."""
        return cls(item=command.item, process_id=command.session.id, os_pid=command.session.os_pid)
