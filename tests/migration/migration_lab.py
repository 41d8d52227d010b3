"""An import without a server around it: a home and a project in folders, threads in memory."""

from __future__ import annotations

import json
import os
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, NoReturn

import trio

from codex_trio.config.service import ConfigService
from codex_trio.execution.launch import SpawnRequest
from codex_trio.extensions.plugins.changes import plugin_changes
from codex_trio.migration.recording import ImportOrigin
from codex_trio.migration.service import DetectRequest, ImportRequest, Migration
from codex_trio.migration.values import AgentProgram, KindOutcome, MigrationItem, MigrationKind
from codex_trio.state.memory.storage import memory_storage

ORIGIN = ImportOrigin(originator="tests", source="vscode")
SECONDS = 60.0


def write(path: Path, content: object) -> Path:
    """Write bytes, a text, or anything else as JSON."""
    path.parent.mkdir(parents=True, exist_ok=True)
    if isinstance(content, bytes):
        path.write_bytes(content)
    else:
        path.write_text(content if isinstance(content, str) else json.dumps(content))
    return path


def fifo(path: Path) -> Path:
    """Make a pipe that nobody writes to."""
    path.parent.mkdir(parents=True, exist_ok=True)
    os.mkfifo(path)
    return path


def huge(path: Path) -> Path:
    """Make a file that says that it is large, and takes no room."""
    write(path, "")
    os.truncate(path, 1 << 40)
    return path


def no_git(request: SpawnRequest) -> NoReturn:
    raise AssertionError(f"started {request.argv}")


class MigrationLab:
    def __init__(self, base: Path, nursery: trio.Nursery) -> None:
        self.home = base / "home"
        self.codex = self.home / ".codex"
        self.project = base / "project"
        for folder in (self.codex, self.project / ".git"):
            folder.mkdir(parents=True)
        (self.project / ".git/HEAD").write_text("ref: refs/heads/main\n")
        self.claude = self.home / ".claude"
        self.program: AgentProgram = "claude"
        self.store = memory_storage().store
        self.config = ConfigService(
            self.codex, environ={"HOME": str(self.home)}, cli_overrides=(), system_dir=base / "etc", cwd=self.project
        )
        self.loaded: set[str | None] = set()
        self.told: list[tuple[str, Sequence[KindOutcome], bool]] = []
        self._over = trio.Event()
        self.migration = Migration(
            config=self.config,
            store=self.store,
            plugins=plugin_changes(self.config, no_git, environ={}, product=None),
            is_loaded=lambda thread_id: thread_id in self.loaded,
            keeps_files=True,
            start=nursery.start_soon,
            tell=self._tell,
            clock=lambda: 1_000_000,
        )

    def _tell(self, import_id: str, outcomes: Sequence[KindOutcome], *, is_over: bool) -> None:
        self.told.append((import_id, outcomes, is_over))
        if is_over:
            self._over.set()

    async def detect(self) -> dict[tuple[MigrationKind, bool], MigrationItem]:
        """Return what there is, by its kind and whether it is the user's own."""
        found = await self.migration.detect(DetectRequest(program=self.program, with_home=True, cwds=(self.project,)))
        return {(item.kind, item.cwd is None): item for item in found}

    async def take(self, *items: MigrationItem, import_id: str = "import") -> dict[MigrationKind, KindOutcome]:
        """Import; return what all of it comes to."""
        self._over = trio.Event()
        self.migration.begin(ImportRequest(id=import_id, items=items, origin=ORIGIN, program=self.program))
        await self._over.wait()
        return {outcome.kind: outcome for outcome in self.told[-1][1]}

    async def take_one(self, kind: MigrationKind, *, of_project: bool = False) -> KindOutcome:
        """Import all that there is of a kind."""
        item = MigrationItem(kind=kind, description="all", cwd=self.project if of_project else None)
        return (await self.take(item))[kind]

    def talk(self, name: str, *said: tuple[str, Any], cwd: str | None = None, **more: Any) -> Path:
        """Leave a conversation, or let it go on."""
        lines = [
            {"type": role, "cwd": cwd or str(self.project), "message": {"role": role, "content": content}, **more}
            for role, content in said
        ]
        path = self.claude / "projects/-project" / f"{name}.jsonl"
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("a") as file:
            file.writelines(json.dumps(line) + "\n" for line in lines)
        return path


@asynccontextmanager
async def open_migration(base: Path) -> AsyncGenerator[MigrationLab]:
    """Provide it, bounded in time."""
    with trio.fail_after(SECONDS):
        async with trio.open_nursery() as nursery:
            yield MigrationLab(base, nursery)
            nursery.cancel_scope.cancel()
