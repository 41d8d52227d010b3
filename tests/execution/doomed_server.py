"""A server that starts a command and is then killed; a program: `doomed_server.py FOLDER SCRIPT [PLACEHOLDER]`."""

import sys

import trio

from codex_trio.execution.launch import SpawnRequest
from codex_trio.execution.sessions import open_exec_sessions
from codex_trio.execution.spawner import open_process_spawner


async def serve(folder: str, script: str, placeholders: tuple[str, ...]) -> None:
    request = SpawnRequest(
        argv=("/bin/sh", "-c", script),
        cwd=folder,
        env={"PATH": "/usr/local/bin:/usr/bin:/bin"},
        placeholders=placeholders,
    )
    async with open_process_spawner() as spawner, open_exec_sessions(spawner) as sessions:
        await sessions.open(request)
        await trio.sleep_forever()


trio.run(serve, sys.argv[1], sys.argv[2], tuple(sys.argv[3:]))
