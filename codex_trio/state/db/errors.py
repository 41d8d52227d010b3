"""What can go wrong with the state database."""

from __future__ import annotations

from pathlib import Path


class StateDbError(Exception):
    """The database cannot do what was asked of it now; nothing of the transaction happened."""

    def __init__(self, path: Path, reason: str) -> None:
        super().__init__(f"state database {path}: {reason}")
        self.path = path
        self.reason = reason


class StateDbBusy(StateDbError):
    """Another process has kept the database to itself for longer than we wait."""


class StateDbDamaged(StateDbError):
    """The file is no database, or not a sound one."""


class StateDbInMemory(StateDbError):
    """The file cannot be used: what is in memory instead is no place for what exists nowhere else."""


class StateDbTooNew(StateDbError):
    """A later release has changed the tables in ways that this one does not know."""
