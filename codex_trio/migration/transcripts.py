"""The other program's transcripts: lines of JSON to what was said in a conversation, turn by turn.

Pure, and forgiving: what is no JSON is counted, what is of no use is left out. Does not own files (`finding`).
"""

from __future__ import annotations

import datetime
import re
from collections.abc import Iterable
from typing import Any, Literal

import msgspec

from codex_trio.util.loose_json import table_of, tables_of

MAX_TITLE = 120
_MAX_TOOL_TEXT = 4_000
_COMMAND = re.compile(r"<command-name>(.*?)</command-name>", re.DOTALL)
_ARGUMENTS = re.compile(r"<command-args>(.*?)</command-args>", re.DOTALL)
_QUERY = re.compile(r"<user_query>(.*?)</user_query>", re.DOTALL)
"""What a user of Cursor wrote, among what it adds."""

_OUTPUT_OF_COMMANDS = "<local-command-"
_INTERRUPTED = "[Request interrupted by user"
_HIDDEN = frozenset(("thinking", "redacted_thinking"))


class Said(msgspec.Struct, frozen=True):
    """One message."""

    role: Literal["user", "assistant"]
    text: str


class PastTurn(msgspec.Struct):
    """What a user said, and what came of it. Times are Unix seconds.

    With a `summary`, the model went on from that, and knew no more of what was said before.
    """

    messages: list[Said]
    started_at: int | None = None
    ended_at: int | None = None
    is_interrupted: bool = False
    summary: str | None = None


class PastConversation(msgspec.Struct):
    """A conversation. `title` was given to it; `first_words` are its user's. `unread` counts lines that are no JSON."""

    turns: list[PastTurn] = []
    cwd: str | None = None
    title: str | None = None
    first_words: str | None = None
    unread: int = 0

    @property
    def shown_title(self) -> str | None:
        """What it may be called in a list."""
        return self.title or self.first_words


class ConversationReader:
    """Takes the lines of a file, one after the other; `cwd` is where it was held, if that is known from elsewhere."""

    def __init__(self, cwd: str | None = None) -> None:
        self._found = PastConversation(cwd=cwd)
        self._titles: dict[str, str] = {}
        self._summary: str | None = None

    def take(self, line: bytes) -> None:
        """Take up a line."""
        if not line.strip():
            return
        document = _decoded(line)
        if document is None:
            self._found.unread += 1
            return
        for key in ("customTitle", "aiTitle"):
            if isinstance(document.get(key), str) and document[key].strip():
                self._titles[key] = " ".join(document[key].split())[:MAX_TITLE]
        if document.get("isSidechain") is True or document.get("isMeta") is True:
            return
        cwd = document.get("cwd")
        if self._found.cwd is None and isinstance(cwd, str) and cwd.startswith("/") and "\0" not in cwd:
            self._found.cwd = cwd
        message, moment = table_of(document.get("message")), _seconds(document.get("timestamp"))
        # Cursor's lines have a role alone.
        kind = document.get("type", document.get("role"))
        if kind == "user":
            self._take_user(message.get("content"), moment, is_summary=document.get("isCompactSummary") is True)
        elif kind == "assistant":
            text = _text_of(message.get("content"))
            if text:
                self._say(Said("assistant", text), moment)

    def transcript(self) -> PastConversation:
        """Return what the lines so far say."""
        self._found.title = self._titles.get("customTitle") or self._titles.get("aiTitle")
        return self._found

    def _take_user(self, content: Any, moment: int | None, *, is_summary: bool) -> None:
        results = [block for block in tables_of(content) if block.get("type") == "tool_result"]
        for result in results:
            self._say(Said("assistant", _result(result)), moment)
        spoken: Any = [block for block in tables_of(content) if block.get("type") != "tool_result"]
        text = _user_text(content if isinstance(content, str) else spoken)
        if is_summary:
            self._summary = text or None
        elif text.startswith(_INTERRUPTED):
            if self._found.turns:
                self._found.turns[-1].is_interrupted = True
        elif text:
            if self._found.first_words is None:
                self._found.first_words = _shortened(text)
            self._found.turns.append(PastTurn([Said("user", text)], moment, moment, summary=self._summary))
            self._summary = None

    def _say(self, said: Said, moment: int | None) -> None:
        if not self._found.turns:
            self._found.turns.append(PastTurn([], moment))
        turn = self._found.turns[-1]
        turn.messages.append(said)
        turn.ended_at = moment or turn.ended_at


def read_transcript(lines: Iterable[bytes]) -> PastConversation:
    """Return what lines say."""
    reader = ConversationReader()
    for line in lines:
        reader.take(line)
    return reader.transcript()


def _decoded(line: bytes) -> dict[str, Any] | None:
    try:
        document: Any = msgspec.json.decode(line)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        try:
            # One stray byte costs a letter, not the message.
            document = msgspec.json.decode(line.decode("utf-8", "replace"))
        except (msgspec.DecodeError, RecursionError):
            return None
    return table_of(document) if isinstance(document, dict) else None


def _seconds(value: Any) -> int | None:
    if not isinstance(value, str):
        return None
    try:
        moment = datetime.datetime.fromisoformat(value)
    except ValueError:
        return None
    seconds = moment.replace(tzinfo=moment.tzinfo or datetime.UTC).timestamp()
    return int(seconds) if seconds >= 0 else None


def _user_text(content: Any) -> str:
    text = _text_of(content)
    asked = _QUERY.search(text)
    if asked is not None:
        return asked.group(1).strip()
    command = _COMMAND.search(text)
    if command is not None:
        arguments = _ARGUMENTS.search(text)
        return f"{command.group(1).strip()} {arguments.group(1).strip() if arguments else ''}".strip()
    return "" if text.startswith(_OUTPUT_OF_COMMANDS) else text


def _text_of(content: Any) -> str:
    """Return the text of a message: its texts, and what else is in it by name."""
    if isinstance(content, str):
        return content.strip()
    return "\n\n".join(text for block in tables_of(content) if (text := _block(block)))


def _block(block: dict[str, Any]) -> str:
    kind = block.get("type")
    if kind == "text":
        return block["text"].strip() if isinstance(block.get("text"), str) else ""
    if kind in _HIDDEN:
        return ""
    if kind == "tool_use":
        return _call(block)
    return f"[external unsupported block: {_short(kind)}]"


def _call(block: dict[str, Any]) -> str:
    given: Any = block.get("input")
    lines = [f"{key}: {_plain(value)}" for key, value in table_of(given).items()]
    text = _cut("\n".join(lines))
    return f"[external_agent_tool_call: {_short(block.get('name'))}]\n{text}\n[/external_agent_tool_call]"


def _result(block: dict[str, Any]) -> str:
    mark = "external_agent_tool_result"
    opening = f"[{mark}: error]" if block.get("is_error") is True else f"[{mark}]"
    return f"{opening}\n{_cut(_text_of(block.get('content')))}\n[/{mark}]"


def _plain(value: Any) -> str:
    return value if isinstance(value, str) else msgspec.json.encode(value).decode()


def _cut(text: str) -> str:
    left = len(text) - _MAX_TOOL_TEXT
    return text if left <= 0 else f"{text[:_MAX_TOOL_TEXT]}\n[{left} more characters]"


def _short(value: Any) -> str:
    return value[:100] if isinstance(value, str) else "?"


def _shortened(text: str) -> str:
    line = " ".join(text[: 4 * MAX_TITLE].split())
    return line if len(line) <= MAX_TITLE else f"{line[: MAX_TITLE - 3]}..."
