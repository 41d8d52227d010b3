"""Processes of clients, outside of any thread and of any sandbox: the client is the user's.

Protocol source: `process/spawn|writeStdin|resizePty|kill`, release 0.171.0.
"""

from __future__ import annotations

import trio
from codex_trio_protocol.v2 import process as wire
from msgspec import UNSET

from codex_trio.config.requirements import FULL_ACCESS
from codex_trio.environments.local.client_processes import ClientProcesses
from codex_trio.execution.client_process import (
    USUAL_CAP_BYTES,
    USUAL_SECONDS,
    ClientProcess,
    ClientRun,
    OutputDelta,
)
from codex_trio.execution.launch import SpawnRequest
from codex_trio.files.local import place_of
from codex_trio.processors.client_processes import ProcessFamily, Words, encoded_output
from codex_trio.processors.output_text import guessed_text_of
from codex_trio.processors.services import WorkServices
from codex_trio.rpc.context import Handler, RequestContext
from codex_trio.rpc.errors import invalid_request

_WORDS = Words(
    start="process/spawn",
    write="process/writeStdin",
    noun="process",
    key="process handle",
    own_id="process handle",
    started="process",
)


def handlers(services: WorkServices) -> dict[str, Handler]:
    """Return the handlers of this module."""
    processor = ProcessProcessor(services)
    return {
        "process/spawn": processor.spawn,
        "process/writeStdin": processor.write_stdin,
        "process/resizePty": processor.resize_pty,
        "process/kill": processor.kill,
    }


class SpawnedProcess(ClientProcess):
    """A process whose end is told, with the output that was kept."""

    stdout = ""
    stderr = ""

    async def run(self, *, task_status: trio.TaskStatus[None]) -> None:
        """Run it to its end, and word what was kept."""
        await super().run(task_status=task_status)
        assert self.end is not None
        self.stdout, self.stderr = (
            await guessed_text_of(self.end.stdout.pieces),
            await guessed_text_of(self.end.stderr.pieces),
        )


class ProcessProcessor:
    """Starts such processes for a client, and takes what it types, the sizes of its terminals and the word to end."""

    def __init__(self, services: WorkServices) -> None:
        self._outgoing = services.outgoing
        self._config = services.config
        self._spawned = ProcessFamily(SpawnedProcess, _WORDS, new_processes=services.new_client_processes)

    async def spawn(self, params: wire.ProcessSpawnParams, context: RequestContext) -> wire.ProcessSpawnResponse:
        """Start a process. What comes of it is told after the answer."""
        processes = self._spawned.processes(context)
        process = SpawnedProcess(
            await self._run(params, processes),
            start=processes.start,
            on_delta=lambda delta: self._tell(params.process_handle, delta, context),
            may_tell=context.answered.wait,
        )
        await self._spawned.start(
            params.process_handle,
            process,
            context,
            on_closed=lambda: self._tell_end(params.process_handle, process, context),
        )
        return wire.ProcessSpawnResponse()

    async def write_stdin(
        self, params: wire.ProcessWriteStdinParams, context: RequestContext
    ) -> wire.ProcessWriteStdinResponse:
        """Give a process input."""
        await self._spawned.write(params.process_handle, params.delta_base64, context, close=params.close_stdin)
        return wire.ProcessWriteStdinResponse()

    def resize_pty(self, params: wire.ProcessResizePtyParams, context: RequestContext) -> wire.ProcessResizePtyResponse:
        """Give its terminal another size."""
        self._spawned.resize(params.process_handle, params.size, context)
        return wire.ProcessResizePtyResponse()

    def kill(self, params: wire.ProcessKillParams, context: RequestContext) -> wire.ProcessKillResponse:
        """Have a process killed."""
        self._spawned.terminate(params.process_handle, context)
        return wire.ProcessKillResponse()

    async def _run(self, params: wire.ProcessSpawnParams, processes: ClientProcesses) -> ClientRun:
        """Return what is asked for. Raises RpcError, ConfigLoadError."""
        self._spawned.check_command(params.command, params.env)
        config = self._config.load()
        problem = config.requirements.choice_problem(FULL_ACCESS)
        if problem is not None:
            raise invalid_request(f"process/spawn runs outside of any sandbox: {problem}; use command/exec")
        if not params.process_handle:
            raise invalid_request("processHandle must not be empty")
        self._spawned.check_size(params.size, tty=params.tty)
        cap, limit = params.output_bytes_cap, params.timeout_ms
        seconds = USUAL_SECONDS if limit is UNSET else None if limit is None else self._spawned.seconds(limit)
        return ClientRun(
            request=SpawnRequest(
                argv=tuple(params.command),
                cwd=await place_of(params.cwd),
                env=processes.variables(params.env, policy=config.shell_environment_policy),
                tty=params.tty,
                size=self._spawned.terminal_size(params.size),
                open_stdin=params.stream_stdin,
                merge_output=False,
            ),
            streams_output=params.tty or params.stream_stdout_stderr,
            cap_bytes=USUAL_CAP_BYTES if cap is UNSET else cap,
            seconds=seconds,
        )

    async def _tell(self, process_handle: str, delta: OutputDelta, context: RequestContext) -> None:
        notice = wire.ProcessOutputDeltaNotification(
            process_handle=process_handle,
            stream=delta.channel,
            delta_base64=encoded_output(delta.data),
            cap_reached=delta.cap_reached,
        )
        await self._outgoing.send_and_wait("process/outputDelta", notice, target=context.connection.id)

    def _tell_end(self, process_handle: str, process: SpawnedProcess, context: RequestContext) -> None:
        end = process.end
        if end is None:
            return
        notice = wire.ProcessExitedNotification(
            process_handle=process_handle,
            exit_code=end.exit_code,
            output_drain_timed_out=end.drain_timed_out,
            stdout=process.stdout,
            stdout_cap_reached=end.stdout.cap_reached,
            stderr=process.stderr,
            stderr_cap_reached=end.stderr.cap_reached,
        )
        self._outgoing.notify_one("process/exited", notice, target=context.connection.id)
