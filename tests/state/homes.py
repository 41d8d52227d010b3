"""Stores with nothing in them, for what both promise: one that keeps files, and one that keeps nothing."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path

from store_lab import FilesHome, Home, MemoryHome

from codex_trio.state.db.initializer import open_state_db

KINDS = ("files", "memory")


@asynccontextmanager
async def open_home(kind: str, path: Path) -> AsyncGenerator[Home]:
    """Provide a home of that kind."""
    if kind == "memory":
        yield MemoryHome(path)
        return
    database = await open_state_db(path / "index.sqlite")
    try:
        yield FilesHome(path, database)
    finally:
        await database.aclose()
