"""A server with a sandboxed command, to be killed; a program: `doomed_sandbox_server.py FOLDER MECHANISM SECONDS`."""

import os
import sys
from typing import cast

import trio

from codex_trio.execution.launch import SpawnRequest
from codex_trio.execution.spawner import open_process_spawner
from codex_trio.sandbox.command import wrap
from codex_trio.sandbox.policy import WorkspaceWrite
from codex_trio.sandbox.probe import Mechanism, probe_sandbox


async def serve(folder: str, mechanism: Mechanism, seconds: str) -> None:
    probe = await probe_sandbox(search_path=os.environ["PATH"], mechanisms=(mechanism,))
    policy = WorkspaceWrite(exclude_slash_tmp=True)
    wrapped = wrap(("/bin/sh", "-c", f"sleep {seconds}; :"), policy, cwd=folder, tmpdir=None, probe=probe)
    request = SpawnRequest(
        argv=wrapped.argv,
        cwd=folder,
        env={**os.environ, **wrapped.env},
        inherited=wrapped.inherited,
        placeholders=wrapped.placeholders,
        absent=wrapped.absent,
    )
    async with open_process_spawner() as spawner, spawner.start(request) as process:
        await process.wait()


trio.run(serve, sys.argv[1], cast("Mechanism", sys.argv[2]), sys.argv[3])
