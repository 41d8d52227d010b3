"""A conversation as the reviewing model reads it: numbered entries, bounded, with a mark where something is left out.

Owns which items of a model's history are shown, how, and how many of them. What tools and models said may pretend
anything: lines of an entry are set in, so that none of them is taken for a frame of ours. Pure.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import msgspec

from codex_trio.engine.response_items import ResponseItem, texts_of
from codex_trio.state.history.model_history import is_from_user
from codex_trio.util.visible import with_unseen

USER_CHARACTERS, MODEL_CHARACTERS, TOOL_CHARACTERS = 40_000, 20_000, 4_000
"""How much is shown of one entry."""

USER_TOTAL, OTHER_TOTAL = 120_000, 80_000
"""How much is shown of what users said, and of everything else."""

OTHERS = 40
"""How many entries are shown that are not a user's."""

APPROVED_TAG = "<user_approved_action>"
"""What a developer message begins with that says what a user allowed after it was refused."""

_CALLS = {"function_call": "arguments", "custom_tool_call": "input", "local_shell_call": "action"}
_OUTPUTS = frozenset({"function_call_output", "custom_tool_call_output"})


class TranscriptEntry(msgspec.Struct, frozen=True):
    """One thing that was said or done; `number` counts all of a conversation that are shown or left out."""

    number: int
    kind: Literal["user", "other"]
    text: str


class ShownTranscript(msgspec.Struct, frozen=True):
    """What of a conversation is shown."""

    entries: Sequence[str]
    is_whole: bool
    """Whether no entry was left out."""


def entries_of(items: Sequence[ResponseItem], *, of_agent: bool = False) -> list[TranscriptEntry]:
    """Return the entries of a history; in one `of_agent` another agent speaks where a user does elsewhere."""
    names: dict[str, str] = {}
    entries: list[TranscriptEntry] = []
    for item in items:
        found = _entry(item, names, of_agent=of_agent)
        if found is not None:
            kind, text = found
            entries.append(TranscriptEntry(len(entries) + 1, kind, text))
    return entries


def shown(entries: Sequence[TranscriptEntry]) -> ShownTranscript:
    """Return what is shown of entries: the first thing that the user said, and the latest of everything."""
    room = {"user": USER_TOTAL, "other": OTHER_TOTAL}
    left = OTHERS
    first = next((entry for entry in entries if entry.kind == "user"), None)
    kept: list[TranscriptEntry] = []
    if first is not None:
        room["user"] -= len(first.text)
        kept.append(first)
    for entry in reversed(entries):
        if entry is first:
            continue
        if len(entry.text) > room[entry.kind] or (entry.kind == "other" and not left):
            # What is older than something that is left out is left out too: no gap without its mark.
            room[entry.kind] = 0
            continue
        room[entry.kind] -= len(entry.text)
        left -= entry.kind == "other"
        kept.append(entry)
    kept.sort(key=lambda entry: entry.number)
    texts = [f"[{entry.number}] {entry.text}\n" for entry in kept]
    return ShownTranscript(texts, is_whole=len(kept) == len(entries))


def _entry(item: ResponseItem, names: dict[str, str], *, of_agent: bool) -> tuple[Literal["user", "other"], str] | None:
    kind = item["type"]
    if kind == "message":
        return _message(item, of_agent=of_agent)
    if kind in _CALLS:
        name = f"{item['namespace']}.{item['name']}" if item.get("namespace") else str(item.get("name", kind))
        names[str(item.get("call_id"))] = name
        return "other", f"tool {_line(name)} call: {_bounded(_text(item.get(_CALLS[kind])), TOOL_CHARACTERS)}"
    if kind in _OUTPUTS:
        name = names.get(str(item.get("call_id")), "unknown")
        return "other", f"tool {_line(name)} result: {_bounded(_output(item), TOOL_CHARACTERS)}"
    return None


def _message(item: ResponseItem, *, of_agent: bool) -> tuple[Literal["user", "other"], str] | None:
    text = "\n".join(texts_of(item))
    if is_from_user(item):
        if of_agent:
            return "other", f"agent that gave this agent its task: {_bounded(text, MODEL_CHARACTERS)}"
        return "user", f"user: {_bounded(text, USER_CHARACTERS)}"
    if item.get("role") == "assistant":
        return "other", f"assistant: {_bounded(text, MODEL_CHARACTERS)}"
    if item.get("role") == "developer" and text.startswith(APPROVED_TAG):
        return "user", f"developer: {_bounded(text, USER_CHARACTERS)}"
    return None


def _output(item: ResponseItem) -> str:
    output = item.get("output")
    return output if isinstance(output, str) else "\n".join(texts_of(item, "output"))


def _text(value: object) -> str:
    return value if isinstance(value, str) else msgspec.json.encode(value).decode()


def _line(text: str) -> str:
    return with_unseen(" ".join(text.split()))[:200]


def _bounded(text: str, most: int) -> str:
    """Return a text whose every line but the first is set in; of a long one the beginning and the end."""
    if len(text) > most:
        half = most // 2
        text = f'{text[:half]}<truncated omitted_characters="{len(text) - 2 * half}" />{text[-half:]}'
    return with_unseen(text).replace("\n", "\n  ")
