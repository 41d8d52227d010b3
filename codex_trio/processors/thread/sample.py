"""Asking a thread's model something that leaves the thread as it is.

Protocol source: `thread/sample`, `thread/sample/cancel`, release 0.171.0.
"""

from __future__ import annotations

from collections.abc import Coroutine
from typing import Any

import trio
from codex_trio_protocol.v2 import thread_work as wire
from msgspec import UNSET

from codex_trio.engine.settings import TurnOverrides
from codex_trio.engine.tasks.sample import SampleFailed, SampleRequest
from codex_trio.processors.services import WorkServices
from codex_trio.processors.thread.ids import parse_bare_id
from codex_trio.rpc.cancelling import CancellableRequests
from codex_trio.rpc.context import Handler, RequestContext
from codex_trio.rpc.errors import internal_error, invalid_request
from codex_trio.threads.samples import sample_of

MAX_PROMPT_BYTES = 4000


def handlers(services: WorkServices) -> dict[str, Handler]:
    """Return the handlers of this module."""
    processor = ThreadSampleProcessor(services)
    return {"thread/sample": processor.sample, "thread/sample/cancel": processor.cancel}


class ThreadSampleProcessor:
    def __init__(self, services: WorkServices) -> None:
        self._threads = services.threads
        self._gate = services.gate
        self._samples = CancellableRequests()

    def sample(self, params: wire.ThreadSampleParams, context: RequestContext) -> Coroutine[Any, Any, object]:
        """Answer what the model says to a prompt on top of the thread. Tools that it calls are not run."""
        self._gate.check()
        return self._sample(params, self._samples.begin(context))

    async def _sample(self, params: wire.ThreadSampleParams, scope: trio.CancelScope) -> wire.ThreadSampleResponse:
        if not params.expected_turn_id or not 0 < len(params.prompt.encode()) <= MAX_PROMPT_BYTES:
            raise invalid_request(
                f"thread/sample requires expectedTurnId and a prompt of at most {MAX_PROMPT_BYTES} bytes"
            )
        live = self._threads.loaded.find(parse_bare_id(params.thread_id))
        if live is None:
            raise invalid_request("thread/sample requires a loaded source")
        asked = SampleRequest(
            prompt=params.prompt,
            trigger=params.turn_trigger,
            thread_source=params.thread_source,
            client_metadata=params.responsesapi_client_metadata or {},
        )
        with scope:
            try:
                said = await sample_of(
                    live,
                    asked,
                    expected_turn_id=params.expected_turn_id,
                    allows_running_turn=params.allow_in_progress_turn,
                    overrides=TurnOverrides(effort=UNSET if params.effort is None else params.effort),
                )
            except SampleFailed as failure:
                raise internal_error(str(failure)) from failure
            usage = said.usage
            return wire.ThreadSampleResponse(
                source_turn_id=params.expected_turn_id,
                response_id=said.response_id,
                text=said.text,
                input_tokens=None if usage is None else usage.input_tokens,
                cached_input_tokens=None if usage is None else usage.cached_input_tokens,
                output_tokens=None if usage is None else usage.output_tokens,
            )
        raise internal_error("sample canceled")

    def cancel(self, params: wire.ThreadSampleCancelParams, context: RequestContext) -> wire.ThreadSampleCancelResponse:
        """Give up a sample of this client that is under way."""
        self._samples.cancel(context, params.request_id)
        return wire.ThreadSampleCancelResponse()
