"""Texts that were written for the other program, in words that hold here."""

from __future__ import annotations

import re

_PATHS = (
    (re.compile(r"~/\.claude/CLAUDE\.md\b"), "~/.codex/AGENTS.md"),
    (re.compile(r"(?<![\w~])(?:\./)?\.claude/CLAUDE\.md\b"), "AGENTS.md"),
    (re.compile(r"(?<!\w)CLAUDE\.md\b", re.IGNORECASE), "AGENTS.md"),
    (re.compile(r"(?<!\w)\.claude/skills\b"), ".agents/skills"),
)
_NAME = re.compile(r"(?<![\w./@$-])claude(?:[ _-]?code)?(?![\w/@-]|\.\w)", re.IGNORECASE)
"""The program's name as a word: no part of a path, an address, a model's or a variable's name."""


def reworded(text: str) -> str:
    """Return a text with the names of files and of the program that it is read by here."""
    for pattern, name in _PATHS:
        text = pattern.sub(name, text)
    return _NAME.sub(lambda match: "codex" if match.group().islower() else "Codex", text)
