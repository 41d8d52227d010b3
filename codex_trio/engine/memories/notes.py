"""The notes about single threads, as files: what they are called and what is in them.

Owns these forms, close to those of 0.171.0. Does not own the folder (files/memories.py). Pure, and needs no engine.
"""

from __future__ import annotations

import datetime
import re
import unicodedata

from codex_trio.state.store.memories import ThreadMemory

SUMMARY_FILE = "memory_summary.md"
NOTES_FOLDER = "rollout_summaries"

_MAX_SLUG = 60


def note_name(memory: ThreadMemory) -> str:
    """Return what the note about a thread is called: always the same for the same state of it."""
    when = _time(memory.source_updated_at_ms).strftime("%Y-%m-%dT%H-%M-%S")
    return f"{when}-{memory.thread_id.replace('-', '')[-6:]}-{slug_of(memory.slug)}.md"


def note(memory: ThreadMemory) -> str:
    """Return the note about a thread."""
    head = [
        f"thread_id: {memory.thread_id}",
        f"updated_at: {_time(memory.source_updated_at_ms).isoformat()}",
        f"rollout_path: {memory.path}",
        f"cwd: {memory.cwd}",
        *([f"git_branch: {memory.branch}"] if memory.branch else []),
    ]
    return "\n".join(head) + f"\n\n{memory.summary}\n"


def slug_of(words: str) -> str:
    """Return words as a part of a file's name."""
    plain = unicodedata.normalize("NFKD", words).encode("ascii", "ignore").decode().lower()
    return re.sub(r"[^a-z0-9]+", "-", plain)[:_MAX_SLUG].strip("-") or "thread"


def _time(ms: int) -> datetime.datetime:
    return datetime.datetime.fromtimestamp(ms // 1000, tz=datetime.UTC)
