"""One answer of the model on top of a thread, which stays as it is: nothing of it is stored, told or counted.

Owns the request, which goes on from all that the thread's model remembers, and what is taken of the answer. Does not
own who may ask when (threads/samples.py). It runs beside turns, and takes no place among them.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec
import trio

from codex_trio.domain.ids import uuid7
from codex_trio.engine.history import message_item
from codex_trio.engine.request import RequestOrigin, build_request
from codex_trio.engine.response_items import is_call, texts_of
from codex_trio.engine.session.task_context import TaskContext
from codex_trio.model import events as model
from codex_trio.model import retry
from codex_trio.model.client import ResponsesClient
from codex_trio.model.errors import ModelError
from codex_trio.model.request import ModelRequest
from codex_trio.model.usage import ResponseUsage


class SampleFailed(Exception):
    """The model gave no answer; the text is its provider's."""


class SampleRequest(msgspec.Struct, frozen=True, kw_only=True):
    """What is asked, and what the provider is told of who asks."""

    prompt: str
    trigger: str | None = None
    thread_source: str | None = None
    client_metadata: Mapping[str, str] = {}


class Sample(msgspec.Struct, frozen=True, kw_only=True):
    """What the model said; no text when it said nothing, or wanted a tool instead."""

    response_id: str
    text: str | None
    usage: ResponseUsage | None


async def sample(context: TaskContext, asked: SampleRequest) -> Sample:
    """Ask the model. Cancelled, the provider is left at once.

    Raises SampleFailed, RolloutReadError, RolloutWriteError.
    """
    await context.memory.recall()
    request = _request(context, asked)
    try:
        client = context.client()
        return await ask_with_retries(client, request)
    except ModelError as error:
        raise SampleFailed(error.message) from error


async def ask_with_retries(client: ResponsesClient, request: ModelRequest) -> Sample:
    """Return the answer to a request, asked again as often as the provider's settings say. Raises ModelError."""
    attempt = 0
    while True:
        try:
            return await _ask(client, request)
        except ModelError as error:
            attempt += 1
            if not error.retryable or attempt > client.provider.stream_max_retries:
                raise
            await trio.sleep(retry.stream_delay(attempt, error))


async def _ask(client: ResponsesClient, request: ModelRequest) -> Sample:
    texts: list[str] = []
    pieces: list[str] = []
    wants_tool = False
    completed: model.Completed | None = None
    async with client.stream(request) as response:
        async for batch in response:
            for event in batch:
                match event:
                    case model.OutputTextDelta():
                        pieces.append(event.delta)
                    case model.OutputItemDone():
                        wants_tool = wants_tool or is_call(event.item)
                        if event.item.get("type") == "message":
                            texts.append("".join(texts_of(event.item)))
                    case model.Completed():
                        completed = event
                    case _:
                        pass
    # Some providers send a message in pieces only.
    text = texts[-1] if texts else "".join(pieces)
    return Sample(
        response_id="" if completed is None else completed.response_id,
        text=None if wants_tool or not text else text,
        usage=None if completed is None else completed.usage,
    )


def _request(context: TaskContext, asked: SampleRequest) -> ModelRequest:
    """Return the request, as if from a fork of the thread that is warm in the provider's cache."""
    turn_id, fork_id = uuid7(), uuid7()
    origin = RequestOrigin(
        kind="turn",
        turn_id=turn_id,
        root_turn_id=turn_id,
        trigger=asked.trigger,
        client_metadata=asked.client_metadata,
    )
    request = build_request(context, origin, tools=context.tools().specs)
    window_id = f"{fork_id}:0"
    told = msgspec.json.decode(request.headers.turn_metadata or "{}", type=dict[str, Any])
    told |= {
        "session_id": fork_id,
        "thread_id": fork_id,
        "window_id": window_id,
        "window_number": 0,
        "forked_from_thread_id": context.thread_id,
        "history_initialization": "warm_fork",
        **({} if asked.thread_source is None else {"thread_source": asked.thread_source}),
    }
    metadata = msgspec.json.encode(told).decode()
    prompt = message_item("user", [asked.prompt], item_id=uuid7())
    return msgspec.structs.replace(
        request,
        input=[*request.input, prompt],
        client_metadata={
            **(request.client_metadata or {}),
            "session_id": fork_id,
            "thread_id": fork_id,
            "x-codex-window-id": window_id,
            "x-codex-turn-metadata": metadata,
        },
        headers=msgspec.structs.replace(
            request.headers, thread_id=fork_id, window_id=window_id, turn_metadata=metadata
        ),
    )
