"""Response items in the one form that every provider takes back, wherever they came from.

Gateways add fields of their own, leave out what others insist on, or put objects where text belongs; so do clients and
older rollouts. Owns which fields an item has and of which type they are, and what is wrong with an item of a client.
Does not own which ids are free (engine/item_ids.py), pairs of calls and outputs (engine/history.py) or pictures
(tools/pictures.py). Pure.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any, TypeAlias, cast

import msgspec

from codex_trio.util.serde_words import missing_field

ResponseItem: TypeAlias = dict[str, Any]

CALL_KINDS = frozenset({"function_call", "custom_tool_call", "tool_search_call"})
"""Kinds of calls that are answered here, unless the provider does so itself."""

NO_ARGUMENTS = "{}"

_NAME_LENGTH = 64
_SHOWN = 100
_UNNAMEABLE = re.compile(r"[^a-zA-Z0-9_-]")
_PHASES = ("commentary", "final_answer")
_ROLES = ("user", "assistant", "developer", "system")
_DETAILS = ("auto", "low", "high", "original")

_Field: TypeAlias = Callable[[Any], Any]
"""What a field's value becomes; None when it can be nothing, and is left out."""


class MalformedItem(Exception):
    """An item of a client cannot be given to a model; the text says why."""


def clean(item: Mapping[str, Any]) -> ResponseItem | None:
    """Return the item with nothing but what providers know, in types that they take; None when it is nothing to them.

    What is clean already comes back equal.
    """
    kind = item.get("type")
    fields = _FIELDS.get(kind) if isinstance(kind, str) else None
    if kind is None and "role" in item and "content" in item:
        # The short form of a message.
        fields, item = _FIELDS["message"], {**item, "type": "message"}
    if fields is None:
        return None
    made: ResponseItem = {}
    for name, value in item.items():
        known = value if name == "type" else _known(fields, name, value)
        if known is not None:
            made[name] = known
    return _completed(made)


def clean_all(items: Iterable[Mapping[str, Any]]) -> list[ResponseItem]:
    """Return the same for many; those that are nothing to providers are left out."""
    return [cleaned for cleaned in map(clean, items) if cleaned is not None]


def of_model(item: Mapping[str, Any]) -> ResponseItem | None:
    """Return the same for an item that a model made: what it says, it says as the assistant."""
    return clean({**item, "role": "assistant"} if item.get("type") == "message" else item)


def of_client(item: Any) -> ResponseItem | None:
    """Return the same for an item that a client brings; None for one of a kind that is unknown.

    Raises MalformedItem.
    """
    if not isinstance(item, dict):
        raise MalformedItem(f"invalid type: {_described(item)}, expected struct WrappedItem")
    given = cast("dict[str, Any]", item)
    kind = given.get("type", "message" if "role" in given else None)
    if not isinstance(kind, str):
        raise MalformedItem(missing_field("type") if kind is None else "`type` must be text")
    for name in _NEEDED.get(kind, ()):
        if given.get(name) is None:
            raise MalformedItem(missing_field(name))
    cleaned = clean(given)
    for name in _NEEDED.get(kind, ()):
        if cleaned is None or name not in cleaned:
            raise MalformedItem(f"`{name}` has a form that no model takes")
    _check_parts(given)
    return cleaned


def _described(value: Any) -> str:
    """Return what a JSON value that is no object is called in refusals; the words are those of the
    established server.
    """
    if value is None:
        return "null"
    if isinstance(value, bool):
        return f"boolean `{_json(value)}`"
    if isinstance(value, str):
        return f"string {_json(value[:_SHOWN])}"
    return "sequence" if isinstance(value, list) else "number"


def arguments_of(item: Mapping[str, Any]) -> str:
    """Return what a call asks for, as text: an object given in its place is taken as meant."""
    given = item.get("input" if item.get("type") == "custom_tool_call" else "arguments")
    if given is None:
        return ""
    return given if isinstance(given, str) else _json(given)


def is_call(item: Mapping[str, Any]) -> bool:
    """Return whether an item is a call that is answered here."""
    return item.get("type") in CALL_KINDS and item.get("execution") != "server"


def texts_of(item: Mapping[str, Any], key: str = "content") -> list[str]:
    """Return the texts in an item, refusals included; `key` names the field with its parts."""
    value = item.get(key)
    given = [value] if isinstance(value, str) else [part.get("text") or part.get("refusal") for part in _objects(value)]
    return [text for text in given if isinstance(text, str) and text]


def is_refused(item: Mapping[str, Any]) -> bool:
    """Return whether a message says, in whole or in part, that the model does not do what it was asked for."""
    return any(part.get("type") == "refusal" for part in _objects(item.get("content")))


def _known(fields: Mapping[str, _Field] | None, name: str, value: Any) -> Any:
    if not fields:
        # Kinds that are passed on as they are.
        return value
    field = fields.get(name)
    return None if field is None else field(value)


def _completed(item: ResponseItem) -> ResponseItem | None:
    """Return the item with what must not be missing; None when it says nothing without it."""
    match item["type"]:
        case "message":
            if "role" not in item:
                return None
            item["content"] = _parts(item.get("content", []), _TEXT_OF_ROLE.get(item["role"], "input_text"))
        case "reasoning":
            item.setdefault("summary", [])
        case "function_call":
            item.setdefault("name", "unknown")
            item.setdefault("arguments", NO_ARGUMENTS)
        case "custom_tool_call":
            item.setdefault("name", "unknown")
            item.setdefault("input", "")
        case "function_call_output" | "custom_tool_call_output":
            item.setdefault("output", "")
            if "call_id" in item and item["type"] == "function_call_output":
                # Only the outputs that answer no call have a name.
                item.pop("name", None)
                item.pop("namespace", None)
        case _:
            pass
    return item


# --- fields ----------------------------------------------------------------------------------------------------------


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) else None


def _some_text(value: Any) -> str | None:
    return value if isinstance(value, str) and value else None


def _mapping(value: Any) -> dict[str, Any] | None:
    return cast("dict[str, Any]", value) if isinstance(value, dict) else None


def _one_of(*values: str) -> _Field:
    return lambda value: value if value in values else None


def _as_is(value: Any) -> Any:
    return value


def _name(value: Any) -> str | None:
    """Return a name in the letters that names may have; a call of a tool that does not exist is still replayed."""
    return _UNNAMEABLE.sub("_", value)[:_NAME_LENGTH] if isinstance(value, str) and value else None


def _arguments(value: Any) -> str:
    """Return the text of a JSON object, which is what strict providers insist on: anything else becomes
    an empty one.
    """
    text = value if isinstance(value, str) else _json(value)
    try:
        decoded = msgspec.json.decode(text)
    except (msgspec.DecodeError, UnicodeError, RecursionError):
        return NO_ARGUMENTS
    return text if isinstance(decoded, dict) else NO_ARGUMENTS


def _free_text(value: Any) -> str | None:
    return value if isinstance(value, str) or value is None else _json(value)


def _json(value: Any) -> str:
    return msgspec.json.encode(value).decode()


def _output(value: Any) -> str | list[dict[str, Any]]:
    """Return what a tool gave: text, or parts. Older releases wrapped it in an object."""
    if isinstance(value, dict) and "content" in value:
        value = cast("dict[str, Any]", value)["content"]
    if isinstance(value, list):
        return _parts(cast("list[Any]", value), "input_text")
    if value is None:
        return ""
    return value if isinstance(value, str) else _json(value)


def _summary(value: Any) -> list[dict[str, Any]]:
    return [{"type": "summary_text", "text": text} for text in texts_of({"summary": value}, "summary")]


def _reasoning_content(value: Any) -> list[dict[str, Any]] | None:
    """Return the reasoning itself, in the one form that can be sent back."""
    parts = [part for part in _objects(value) if part.get("type") == "reasoning_text"]
    return [{"type": "reasoning_text", "text": text} for text in texts_of({"content": parts})] or None


def _list(value: Any) -> list[Any]:
    return cast("list[Any]", value) if isinstance(value, list) else []


def _objects(value: Any) -> list[dict[str, Any]]:
    return [cast("dict[str, Any]", part) for part in _list(value) if isinstance(part, dict)]


_ACTION: Mapping[str, _Field] = {
    "type": _text,
    "query": _text,
    "queries": lambda value: [query for query in _list(value) if isinstance(query, str)] or None,
    "url": _text,
    "pattern": _text,
}


def _action(value: Any) -> dict[str, Any] | None:
    given = _mapping(value)
    if given is None:
        return None
    return {name: known for name in given if (known := _known(_ACTION, name, given[name])) is not None}


_FIELDS: Mapping[str, Mapping[str, _Field]] = {
    "message": {
        "id": _some_text,
        "role": _one_of(*_ROLES),
        "content": _as_is,
        "phase": _one_of(*_PHASES),
        "status": _text,
    },
    "reasoning": {
        "id": _some_text,
        "summary": _summary,
        "content": _reasoning_content,
        "encrypted_content": _some_text,
    },
    "function_call": {
        "id": _some_text,
        "name": _name,
        "namespace": _some_text,
        "arguments": _arguments,
        "call_id": _some_text,
        "status": _text,
    },
    "custom_tool_call": {
        "id": _some_text,
        "name": _name,
        "namespace": _some_text,
        "input": _free_text,
        "call_id": _some_text,
        "status": _text,
    },
    "function_call_output": {
        "id": _some_text,
        "call_id": _some_text,
        "name": _some_text,
        "namespace": _some_text,
        "output": _output,
        "status": _text,
    },
    "custom_tool_call_output": {
        "id": _some_text,
        "call_id": _some_text,
        "name": _some_text,
        "output": _output,
        "status": _text,
    },
    "web_search_call": {"id": _some_text, "status": _text, "action": _action},
    "image_generation_call": {"id": _some_text, "status": _text, "revised_prompt": _text, "result": _text},
    "local_shell_call": {"id": _some_text, "call_id": _some_text, "status": _text, "action": _mapping},
    "tool_search_call": {
        "id": _some_text,
        "call_id": _some_text,
        "status": _text,
        "execution": _text,
        "arguments": _as_is,
    },
    "tool_search_output": {
        "id": _some_text,
        "call_id": _some_text,
        "status": _text,
        "execution": _text,
        "tools": _objects,
    },
    "compaction": {"id": _some_text, "encrypted_content": _some_text},
    "context_compaction": {"id": _some_text, "encrypted_content": _some_text},
    "additional_tools": {},
    "agent_message": {},
}
"""The fields of each kind, without `type`; a kind without any is passed on as it is."""

_NEEDED: Mapping[str, tuple[str, ...]] = {
    "message": ("role", "content"),
    "reasoning": ("summary",),
    "function_call": ("name", "arguments", "call_id"),
    "custom_tool_call": ("name", "input", "call_id"),
    "function_call_output": ("output",),
    "custom_tool_call_output": ("call_id", "output"),
}
"""What an item of a client must have."""


# --- content parts ---------------------------------------------------------------------------------------------------

_TEXT_OF_ROLE = {"assistant": "output_text"}
_TEXT_PARTS = ("text", "input_text", "output_text", "summary_text", "reasoning_text")


def _parts(content: Any, text_kind: str) -> list[dict[str, Any]]:
    """Return the parts of a message or an output; its texts are of that kind."""
    if isinstance(content, str):
        return [{"type": text_kind, "text": content}]
    parts = (_part(part, text_kind) for part in _objects(content))
    return [part for part in parts if part is not None]


def _part(part: dict[str, Any], text_kind: str) -> dict[str, Any] | None:
    match part.get("type"):
        case kind if kind in _TEXT_PARTS:
            text = part.get("text")
            if not isinstance(text, str):
                return None
            extra = ("annotations", "logprobs") if text_kind == "output_text" else ()
            return {"type": text_kind, "text": text, **{k: part[k] for k in extra if isinstance(part.get(k), list)}}
        case "refusal":
            refusal = part.get("refusal")
            return {"type": "refusal", "refusal": refusal} if isinstance(refusal, str) else None
        case "input_image":
            return _image(part)
        case "input_audio" | "input_file" | "encrypted_content":
            return part
        case _:
            return None


def _image(part: dict[str, Any]) -> dict[str, Any] | None:
    url = part.get("image_url")
    if isinstance(url, dict):
        # The form of the older chat API.
        url = cast("dict[str, Any]", url).get("url")
    made: dict[str, Any] = {"type": "input_image"}
    if isinstance(url, str):
        made["image_url"] = url
    elif isinstance(part.get("file_id"), str):
        made["file_id"] = part["file_id"]
    else:
        return None
    if part.get("detail") in _DETAILS:
        made["detail"] = part["detail"]
    return made


def _check_parts(item: Mapping[str, Any]) -> None:
    """Raise MalformedItem for a part of a client's item that would be dropped."""
    for name in ("content", "output"):
        for number, part in enumerate(_list(item.get(name))):
            if item.get("type") == "reasoning":
                continue
            if not isinstance(part, dict):
                raise MalformedItem(f"`{name}[{number}]` must be an object")
            if _part(cast("dict[str, Any]", part), "input_text") is None:
                raise MalformedItem(f"`{name}[{number}]` is of no kind that models take, or lacks what its kind needs")
