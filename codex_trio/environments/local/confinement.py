"""What to start so that a command of this machine runs under the policy of the place where it works.

Owns nothing but that step. Does not own what a sandbox is made of (sandbox) or starting it (execution).
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from functools import partial

import msgspec
import trio

from codex_trio.environments.place import WorkPlace
from codex_trio.execution.launch import Door, SpawnRequest
from codex_trio.sandbox.command import network_variables, wrap
from codex_trio.sandbox.policy import HostLimits, is_enforced_here, limits_of
from codex_trio.sandbox.probe import SandboxProbe
from codex_trio.sandbox.roots import RootAnchors


async def confined(
    request: SpawnRequest,
    place: WorkPlace,
    *,
    probe: Callable[[], Awaitable[SandboxProbe]],
    anchors: RootAnchors,
    tmpdir: str | None,
    door: Callable[[HostLimits], Door],
    processes: int | None,
) -> SpawnRequest:
    """Return the request itself, or the sandbox around it; `door` gives the way out if that leads to some hosts only.

    Raises SandboxUnavailable.
    """
    if not is_enforced_here(place.policy):
        # Nobody asks what could confine it: that would warn of a sandbox that is not needed.
        return msgspec.structs.replace(request, env={**request.env, **network_variables(place.policy)})
    found = await probe()
    wrapping = partial(
        wrap,
        request.argv,
        place.policy,
        cwd=place.cwd,
        tmpdir=tmpdir,
        probe=found,
        anchors=anchors,
        tty=request.tty,
        processes=processes,
        start=request.cwd,
    )
    # What must not be read has to be looked for first.
    wrapped = wrapping() if limits_of(place.policy) is None else await trio.to_thread.run_sync(wrapping)
    return msgspec.structs.replace(
        request,
        argv=wrapped.argv,
        env={**request.env, **wrapped.env},
        inherited=wrapped.inherited,
        door=None if wrapped.hosts is None else door(wrapped.hosts),
        placeholders=wrapped.placeholders,
        absent=wrapped.absent,
        keepers=wrapped.keepers,
        counts_processes=wrapped.counts_processes,
        writable=wrapped.writable,
    )
