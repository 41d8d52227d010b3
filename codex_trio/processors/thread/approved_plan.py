"""Handing a plan that the user approved to the thread that is to carry it out.

Protocol source: `thread/prepareApprovedPlan`, release 0.171.0.
"""

from __future__ import annotations

from pathlib import Path

from codex_trio_protocol.v2 import thread_work as wire

from codex_trio.processors.input_parts import check_size
from codex_trio.processors.services import WorkServices
from codex_trio.processors.thread.ids import parse_thread_id
from codex_trio.rpc.context import Handler, RequestContext
from codex_trio.rpc.errors import invalid_params, invalid_request
from codex_trio.util.abandonable import abandonable
from codex_trio.util.regular_file import read_whole

READ_SECONDS = 10.0


def handlers(services: WorkServices) -> dict[str, Handler]:
    """Return the handlers of this module."""
    return {"thread/prepareApprovedPlan": ApprovedPlanProcessor(services).prepare}


class ApprovedPlanProcessor:
    def __init__(self, services: WorkServices) -> None:
        self._threads = services.threads

    async def prepare(
        self, params: wire.ThreadPrepareApprovedPlanParams, _context: RequestContext
    ) -> wire.ThreadPrepareApprovedPlanResponse:
        """Answer with what to say to the model; unless it can read the plan in a file, its thread is told of it now."""
        live = self._threads.loaded.get(parse_thread_id(params.thread_id))
        plan, path = params.markdown, params.attachment_path
        if not plan.strip():
            raise invalid_request("The approved plan is empty.")
        check_size(len(plan))
        if live.runs_turn:
            raise invalid_request("The thread already has an active turn.")
        if path is not None:
            if not Path(path).is_absolute():
                raise invalid_params("`attachmentPath` must be absolute on the app server")
            if await _holds(path, plan):
                prompt = f"Read the approved plan at {path} and implement it."
                return wire.ThreadPrepareApprovedPlanResponse(prompt=prompt)
        told = {"type": "function_call_output", "name": "proposed_plan", "namespace": "agent", "output": plan}
        await live.inject([told])
        return wire.ThreadPrepareApprovedPlanResponse(prompt="Implement the plan.")


async def _holds(path: str, plan: str) -> bool:
    """Return whether the file holds exactly the plan: the model is sent to it only then."""
    expected = plan.encode()
    try:
        return await abandonable(READ_SECONDS, read_whole, path, limit=len(expected)) == expected
    except (OSError, ValueError):
        return False
