"""What there is to search in a rollout file: what was said, and what was run.

Owns which lines have words in them, and cutting a file into spans of lines whose words are indexed together. Reads
lightly: nearly all of a file is outputs, of which only the head counts. The words themselves stay in the file. Does not
own the index (search.py). Synchronous.
"""

from __future__ import annotations

from collections.abc import Iterator
from io import DEFAULT_BUFFER_SIZE
from pathlib import Path
from typing import BinaryIO, TypeAlias

import msgspec

from codex_trio.state.rollout.compressed import opened
from codex_trio.state.rollout.lines import UNDECODABLE
from codex_trio.util import decoding

SPAN_TEXT = 16_384
"""How many characters of text a span may have before it ends."""

SPAN_BYTES = 1 << 18
"""How far a span may reach in its file, one line at least."""

OUTPUT_HEAD = 1000
"""How many characters of a command's output are searched."""

_BUFFER_BYTES = 1 << 20
_ENVELOPE_BYTES = 192
"""The kinds of a line stand within so many bytes of its start, whoever wrote it."""

# Between two texts, and after the last: nothing that is searched for goes across.
SEPARATOR = "\x1f\x1f\x1f"


class TextSpan(msgspec.Struct, frozen=True):
    """Lines of a file, by their byte offsets, and their words."""

    start: int
    end: int
    text: str


class _TextPart(msgspec.Struct):
    text: str = ""


class _UserMessage(msgspec.Struct, tag_field="type", tag="UserMessage"):
    content: list[_TextPart] = []


class _AgentMessage(msgspec.Struct, tag_field="type", tag="AgentMessage"):
    content: list[_TextPart] = []


class _CommandExecution(msgspec.Struct, tag_field="type", tag="CommandExecution"):
    command: list[str] = []
    aggregated_output: str | None = None


class _ItemCompleted(msgspec.Struct, tag_field="type", tag="item_completed"):
    item: _UserMessage | _AgentMessage | _CommandExecution


class _OlderUserMessage(msgspec.Struct, tag_field="type", tag="user_message"):
    message: str
    item_id: str | None = None


class _OlderAgentMessage(msgspec.Struct, tag_field="type", tag="agent_message"):
    message: str
    item_id: str | None = None


_Event: TypeAlias = _ItemCompleted | _OlderUserMessage | _OlderAgentMessage


class _EventLine(msgspec.Struct):
    payload: _Event


_decoder = decoding.json_decoder(_EventLine)
_KINDS = (b'"item_completed"', b'"user_message"', b'"agent_message"')


def spans(path: Path, *, start: int, end: int) -> Iterator[TextSpan]:
    """Yield the spans of a file between two byte offsets, the first of which begins a line. Raises OSError.

    What follows the last newline is left for later: it may still grow.
    """
    with opened(path) as contents, _buffered(contents.file, _BUFFER_BYTES) as file:
        file.seek(start)
        yield from _spans(file, start, end)


def texts(path: Path, *, start: int, end: int) -> list[str]:
    """Return the texts, blanks made single, of the lines between two byte offsets. Raises OSError."""
    with opened(path) as contents, _buffered(contents.file) as file:
        file.seek(start)
        data = file.read(end - start)
    return [text for line in data.splitlines() if (text := text_of(line))]


def _buffered(file: BinaryIO, size: int = DEFAULT_BUFFER_SIZE) -> BinaryIO:
    return open(file.fileno(), "rb", buffering=size, closefd=False)


def _spans(file: BinaryIO, start: int, end: int) -> Iterator[TextSpan]:
    found: list[str] = []
    length = 0
    position = start
    for line in file:
        if position + len(line) > end or not line.endswith(b"\n"):
            break
        position += len(line)
        text = text_of(line)
        if text:
            found.append(text)
            length += len(text)
        if length >= SPAN_TEXT or position - start >= SPAN_BYTES:
            yield TextSpan(start, position, _joined(found))
            found, length, start = [], 0, position
    if position > start:
        yield TextSpan(start, position, _joined(found))


def _joined(found: list[str]) -> str:
    return SEPARATOR.join([*found, ""]) if found else ""


def text_of(line: bytes) -> str:
    """Return the words of a line, blanks made single; empty for a line that has none to search."""
    head = line[:_ENVELOPE_BYTES]
    if not any(kind in head for kind in _KINDS):
        return ""
    try:
        event = _decoder.decode(line).payload
    except UNDECODABLE:
        return ""
    return normalized(_words(event))


def normalized(text: str) -> str:
    """Text as it is searched: every run of blanks is one space."""
    return " ".join(text.split())


def _words(event: _Event) -> str:
    if not isinstance(event, _ItemCompleted):
        # Files of today that older releases can read as well hold both: the item counts.
        return "" if event.item_id is not None else event.message
    item = event.item
    if isinstance(item, _CommandExecution):
        # What a shell is given to run is its last argument.
        command = item.command[-1] if item.command else ""
        return f"{command}\n{(item.aggregated_output or '')[:OUTPUT_HEAD]}"
    return "".join(part.text for part in item.content)
