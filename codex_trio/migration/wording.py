"""Texts that were written for the other program, in words that hold here."""

from __future__ import annotations

import re

from codex_trio.migration.values import AgentProgram

_PATHS = (
    (re.compile(r"~/\.claude/CLAUDE\.md\b"), "~/.codex/AGENTS.md"),
    (re.compile(r"(?<![\w~])(?:\./)?\.claude/CLAUDE\.md\b"), "AGENTS.md"),
    (re.compile(r"(?<!\w)CLAUDE\.md\b", re.IGNORECASE), "AGENTS.md"),
    (re.compile(r"(?<!\w)\.(?:claude|cursor)/skills\b"), ".agents/skills"),
    (re.compile(r"(?<![\w/])\.cursorrules\b"), "AGENTS.md"),
)
_NAME = re.compile(r"(?<![\w./@$-])claude(?:[ _-]?code)?(?![\w/@-]|\.\w)", re.IGNORECASE)
"""The program's name as a word: no part of a path, an address, a model's or a variable's name."""

_CURSOR = re.compile(r"(?<![\w./@$-])Cursor(?![\w/@-]|\.\w)")
"""In small letters it is a word for other things."""


def reworded(text: str, program: AgentProgram) -> str:
    """Return a text with the names of files and of the program that it is read by here."""
    for pattern, name in _PATHS:
        text = pattern.sub(name, text)
    if program == "cursor":
        return _CURSOR.sub("Codex", text)
    return _NAME.sub(lambda match: "codex" if match.group().islower() else "Codex", text)
