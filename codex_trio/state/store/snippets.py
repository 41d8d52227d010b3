"""Words around a match.

Owns what counts as a match in a text, and how much of the text is shown. Pure. Used by full-text search over files, and
by the store in memory.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from codex_trio.state.store.text import normalized

_BEFORE, _AFTER = 49, 96
"""How many characters a snippet has around the match."""


def pattern_of(term: str) -> re.Pattern[str]:
    """Match the words as they stand, in any case, in a text whose blanks were made single."""
    return re.compile(re.escape(normalized(term)), re.IGNORECASE)


def snippet_of(texts: Iterable[str], pattern: re.Pattern[str], *, otherwise: str) -> str:
    """Return the words around the first match; the beginning of another text when there is none."""
    for text in texts:
        match = pattern.search(text)
        if match is not None:
            start, end = max(0, match.start() - _BEFORE), match.end() + _AFTER
            before = "... " if start > 0 else ""
            after = " ..." if end < len(text) else ""
            return f"{before}{text[start:end].strip()}{after}"
    return normalized(otherwise)[: _BEFORE + _AFTER]
