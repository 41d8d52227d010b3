"""A request to the Responses API: what is asked, and how it goes on the wire.

Owns: the request value, its JSON body and its headers. Does not own: what goes into it (the engine's context), where it
is sent (`endpoint`) or the sending (`client`).

Protocol source: `POST {base_url}/responses` as release 0.169.0 sends it: no `instructions` (base instructions are the
first developer message of `input`), nothing stored, encrypted reasoning included.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, cast

import msgspec
import trio

from codex_trio.model.events import ResponseItem

TURN_STATE = "x-codex-turn-state"
"""The name under which a provider tells what it wants to be told again in the same turn, and is told so."""

_LONG = 1 << 18
"""Characters of a text that is encoded by itself."""

_UNPRINTABLE = re.compile(r"[^\x20-\x7e]")


class ReasoningOptions(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """How much the model thinks and what it shows of that; None leaves the choice to the provider.

    `summary` is never "none" here: that is None. `context` says which turns' reasoning the provider keeps.
    """

    effort: str | None = None
    summary: str | None = None
    context: str | None = None


class OutputSchema(msgspec.Struct, frozen=True, kw_only=True):
    """The JSON Schema that the final message has to follow."""

    schema: Any
    strict: bool = True
    name: str = "codex_output_schema"


class RequestHeaders(msgspec.Struct, frozen=True, kw_only=True):
    """Who asks: headers of one request. None leaves a header out.

    `window_id` is `<thread id>:<number of compactions so far>`. `turn_metadata` is a JSON text. `extra` comes last and
    wins over the others.
    """

    originator: str | None = None
    user_agent: str | None = None
    session_id: str | None = None
    thread_id: str | None = None
    window_id: str | None = None
    turn_metadata: str | None = None
    beta_features: str | None = None
    subagent: str | None = None
    parent_thread_id: str | None = None
    responses_lite: bool = False
    turn_state: str | None = None
    """What the provider said in this turn that it wants to be told again."""
    extra: Mapping[str, str] = {}


class ModelRequest(msgspec.Struct, frozen=True, kw_only=True):
    """One request for a model's response.

    `input` and `tools` take JSON objects or their encoded form (`msgspec.Raw`). `tools` None leaves the key out.
    `instructions` is only for providers that want them outside of `input`.
    """

    model: str
    input: Sequence[ResponseItem | msgspec.Raw]
    tools: Sequence[dict[str, Any] | msgspec.Raw] | None = ()
    tool_choice: str = "auto"
    parallel_tool_calls: bool = True
    instructions: str | None = None
    reasoning: ReasoningOptions | None = None
    verbosity: str | None = None
    output_schema: OutputSchema | None = None
    service_tier: str | None = None
    prompt_cache_key: str | None = None
    client_metadata: Mapping[str, str] | None = None
    generates: bool = True
    """Whether there is to be a response; the provider is to know the input else."""
    headers: RequestHeaders = RequestHeaders()


class _Format(msgspec.Struct, frozen=True):
    schema: Any
    strict: bool
    name: str
    type: str = "json_schema"


class _Text(msgspec.Struct, frozen=True, omit_defaults=True):
    verbosity: str | None = None
    format: _Format | None = None


class _Body(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    model: str
    instructions: str | None = None
    stream: bool
    service_tier: str | None = None
    input: Sequence[ResponseItem | msgspec.Raw]
    tools: Sequence[dict[str, Any] | msgspec.Raw] | None = None
    tool_choice: str
    parallel_tool_calls: bool
    reasoning: ReasoningOptions | None = None
    store: bool
    include: list[str]
    prompt_cache_key: str | None = None
    text: _Text | None = None
    generate: bool = True
    client_metadata: Mapping[str, str] | None = None


async def encoded_body(request: ModelRequest) -> bytes:
    """Return the JSON body of a request; the loop is not held for the pictures in it."""
    if any(map(_has_long_text, request.input)):
        return await trio.to_thread.run_sync(_encode_in_parts, request)
    return encode_body(request)


def _has_long_text(item: ResponseItem | msgspec.Raw) -> bool:
    """Return whether there is a picture, or as much, in an item: asked of each item for each request."""
    if isinstance(item, msgspec.Raw):
        return False
    for value in item.values():
        if isinstance(value, str):
            if len(value) >= _LONG:
                return True
        elif isinstance(value, list) and any(map(_has_long_part, cast("list[object]", value))):
            return True
    return False


def _has_long_part(part: object) -> bool:
    if not isinstance(part, dict):
        return False
    texts = cast("dict[str, object]", part).values()
    return any(len(text) >= _LONG for text in texts if isinstance(text, str))


def _long_texts(value: object) -> Iterator[str]:
    """Yield the texts in an item that are as long as only pictures are, in their order."""
    if isinstance(value, str):
        if len(value) >= _LONG:
            yield value
    elif isinstance(value, dict):
        for part in cast("dict[str, object]", value).values():
            # Most of what an item holds is short texts.
            if type(part) is not str or len(part) >= _LONG:
                yield from _long_texts(part)
    elif isinstance(value, list):
        for part in cast("list[object]", value):
            yield from _long_texts(part)


def _encode_in_parts(request: ModelRequest) -> bytes:
    """Return the same as `encode_body`, without holding the interpreter for longer than one long text takes."""
    texts = [text for item in request.input for text in _long_texts(item)]
    mark = secrets.token_hex(16)
    marked = encode_body(msgspec.structs.replace(request, input=[_marked(item, mark) for item in request.input]))
    pieces = marked.split(b'"%s"' % mark.encode())
    parts = [pieces[0]]
    for text, piece in zip(texts, pieces[1:], strict=True):
        parts += (msgspec.json.encode(text), piece)
    # Joining this much lets other threads run meanwhile.
    return b"".join(parts)


def _marked(value: Any, mark: str) -> Any:
    """Return a value with a mark in place of each long text."""
    if isinstance(value, str):
        return mark if len(value) >= _LONG else value
    if isinstance(value, dict):
        return {name: _marked(part, mark) for name, part in cast("dict[str, Any]", value).items()}
    if isinstance(value, list):
        return [_marked(part, mark) for part in cast("list[Any]", value)]
    return value


def encode_body(request: ModelRequest) -> bytes:
    """Return the JSON body of a request."""
    schema = request.output_schema
    text: _Text | None = None
    if request.verbosity is not None or schema is not None:
        wanted = _Format(schema=schema.schema, strict=schema.strict, name=schema.name) if schema is not None else None
        text = _Text(verbosity=request.verbosity, format=wanted)
    return msgspec.json.encode(
        _Body(
            model=request.model,
            instructions=request.instructions,
            stream=True,
            service_tier=request.service_tier,
            input=request.input,
            tools=request.tools,
            tool_choice=request.tool_choice,
            parallel_tool_calls=request.parallel_tool_calls,
            reasoning=request.reasoning,
            store=False,
            include=["reasoning.encrypted_content"] if request.reasoning is not None else [],
            prompt_cache_key=request.prompt_cache_key,
            text=text,
            generate=request.generates,
            client_metadata=request.client_metadata,
        )
    )


def encode_headers(headers: RequestHeaders) -> dict[str, str]:
    """Return the headers of a request, names in lower case."""
    named = {
        "x-codex-beta-features": headers.beta_features,
        "x-codex-window-id": headers.window_id,
        "x-codex-turn-metadata": _ascii_json(headers.turn_metadata) if headers.turn_metadata is not None else None,
        "x-codex-parent-thread-id": headers.parent_thread_id,
        "x-openai-subagent": headers.subagent,
        TURN_STATE: headers.turn_state,
        "x-openai-internal-codex-responses-lite": "true" if headers.responses_lite else None,
        "x-client-request-id": headers.thread_id,
        "session-id": headers.session_id,
        "thread-id": headers.thread_id,
        "originator": headers.originator,
        "user-agent": headers.user_agent,
    }
    return {
        **{name: _printable(value) for name, value in named.items() if value is not None},
        "accept": "text/event-stream",
        "content-type": "application/json",
        **{name.lower(): _printable(value) for name, value in headers.extra.items()},
    }


def _printable(text: str) -> str:
    """`text` with `_` for what a header cannot hold: client names are free text."""
    return text if text.isascii() and text.isprintable() else _UNPRINTABLE.sub("_", text)


def _ascii_json(text: str) -> str:
    """Return the same JSON text in ASCII, which is all that a header may hold: workspaces have names in any script."""
    if text.isascii():
        return text
    units = text.encode("utf-16-be", "surrogatepass")
    codes = (int.from_bytes(units[i : i + 2]) for i in range(0, len(units), 2))
    return "".join(chr(code) if code < 0x80 else f"\\u{code:04x}" for code in codes)
