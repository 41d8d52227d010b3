"""A process that runs scripts, from outside: starting it, the messages to and from it, its end.

Owns what is started and how messages are framed. Does not own the program (host.py)
or what scripts are for (tools/code_mode).
"""

from __future__ import annotations

import importlib.util
import json
import os
import signal
import sys
from typing import Any

import msgspec
import trio

from codex_trio.execution.errors import ScriptProcessEnded, SpawnError, StdinClosed
from codex_trio.execution.launch import SpawnRequest
from codex_trio.execution.processes import ManagedProcess
from codex_trio.execution.scripts.host import BOOTSTRAP, CPU_SECONDS
from codex_trio.execution.spawner import ProcessSpawner
from codex_trio.sandbox import seccomp

_ENGINE = "_quickjs"
_PACKAGES = os.path.dirname(os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__)))))

MESSAGE_BYTES = 64 * 1024 * 1024
"""More than a message can have."""


class ScriptProcess:
    """A running one. Close it in any case."""

    def __init__(self, process: ManagedProcess) -> None:
        self._process = process
        self._buffer = bytearray()
        self._searched = 0

    async def send(self, message: dict[str, Any]) -> None:
        """Send a message. Raises ScriptProcessEnded."""
        try:
            await self._process.write(_encode(message) + b"\n")
        except StdinClosed:
            raise ScriptProcessEnded(await self._end()) from None

    async def receive(self) -> dict[str, Any]:
        """Return the next message. Raises ScriptProcessEnded."""
        # A script may have said very much at once.
        await trio.lowlevel.checkpoint()
        while (end := self._buffer.find(b"\n", self._searched)) < 0:
            self._searched = len(self._buffer)
            data = await self._process.stdout.receive()
            if not data or len(self._buffer) > MESSAGE_BYTES:
                raise ScriptProcessEnded(await self._end())
            self._buffer += data
        line = bytes(self._buffer[:end])
        del self._buffer[: end + 1]
        self._searched = 0
        return _decode(line)

    async def aclose(self) -> None:
        """End the process, whatever it does."""
        if seccomp.is_supported(os.uname().machine):
            await self._process.end_alone()
        else:
            await self._process.aclose(kill=True)

    async def _end(self) -> str:
        """Return why the process ended."""
        await self._process.close_stdin()
        code = await self._process.wait()
        if code == 128 + signal.SIGXCPU:
            return f"the script used more than {CPU_SECONDS} seconds of processor time"
        if code == 128 + signal.SIGKILL:
            return "the process of the script was killed from elsewhere: this machine may be out of memory"
        return f"the process of the script ended by itself (exit code {code})"


def start_script_process(spawner: ProcessSpawner) -> ScriptProcess:
    """Return a new process. Raises ScriptProcessEnded when it cannot be started."""
    engine = importlib.util.find_spec(_ENGINE)
    if engine is None or engine.origin is None:
        raise ScriptProcessEnded("the JavaScript engine is not installed: `pip install quickjs-ng`")
    argv = (sys.executable, "-I", "-S", "-c", BOOTSTRAP, _PACKAGES, os.path.dirname(engine.origin))
    request = SpawnRequest(argv=argv, cwd="/", env={}, open_stdin=True, merge_output=False)
    try:
        return ScriptProcess(spawner.start(request))
    except SpawnError as error:
        raise ScriptProcessEnded(f"no process for the script can be started: {error}") from error


def _encode(message: dict[str, Any]) -> bytes:
    try:
        return msgspec.json.encode(message)
    except UnicodeEncodeError:
        return json.dumps(message).encode()


def _decode(line: bytes) -> dict[str, Any]:
    try:
        return msgspec.json.decode(line)
    except msgspec.DecodeError:
        # A script may hold half a character.
        return json.loads(line, object_hook=_whole)
    except RecursionError:
        raise ScriptProcessEnded("the script passed on a value that is nested too deep") from None


def _whole(value: dict[str, Any]) -> dict[str, Any]:
    return {key: _repaired(one) for key, one in value.items()}


def _repaired(value: Any) -> Any:
    return value.encode("utf-8", "replace").decode() if isinstance(value, str) else value
