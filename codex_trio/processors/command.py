"""Single commands of clients, outside of any thread and, unless the client says otherwise, in the configured sandbox.

Protocol source: `command/exec` with `/write`, `/resize` and `/terminate`, release 0.171.0. Command rules do not apply:
nobody but the client's user asks for these commands.
"""

from __future__ import annotations

from pathlib import Path

import trio
from codex_trio_protocol.v2 import command_exec as wire

from codex_trio.config.errors import ConfigLoadError
from codex_trio.config.permission_profiles import find_profile
from codex_trio.config.settings import EffectiveConfig
from codex_trio.environments.local.client_processes import ClientProcesses
from codex_trio.environments.place import WorkPlace
from codex_trio.execution.client_process import (
    MOST_KEPT_BYTES,
    USUAL_CAP_BYTES,
    USUAL_SECONDS,
    ClientProcess,
    ClientProcessEnd,
    ClientRun,
    OutputDelta,
)
from codex_trio.execution.launch import SpawnRequest
from codex_trio.files.local import place_of
from codex_trio.processors.client_processes import ProcessFamily, Words, encoded_output
from codex_trio.processors.output_text import guessed_text_of
from codex_trio.processors.services import WorkServices
from codex_trio.rpc.context import Handler, RequestContext
from codex_trio.rpc.errors import internal_error, invalid_params, invalid_request
from codex_trio.sandbox.errors import SandboxUnavailable
from codex_trio.sandbox.policy import SandboxPolicy
from codex_trio.threads.allowed import sandbox_problem, with_required_limits
from codex_trio.threads.options import sandbox_from_profile, sandbox_of
from codex_trio.wire.policies import sandbox_from_wire

_WORDS = Words(
    start="command/exec",
    write="command/exec/write",
    noun="command/exec",
    key="process id",
    own_id="command/exec process id",
    started="command",
)


def handlers(services: WorkServices) -> dict[str, Handler]:
    """Return the handlers of this module."""
    processor = CommandProcessor(services)
    return {
        "command/exec": processor.execute,
        "command/exec/write": processor.write,
        "command/exec/resize": processor.resize,
        "command/exec/terminate": processor.terminate,
    }


class ClientCommand(ClientProcess):
    """A command that its request waits for."""

    def on_overflow(self) -> None:
        """End it: its answer has no place to say that something is missing."""
        self.terminate()


class CommandProcessor:
    """Runs such commands, each to the end that its answer tells, and takes what the client types meanwhile."""

    def __init__(self, services: WorkServices) -> None:
        self._config = services.config
        self._outgoing = services.outgoing
        self._commands = ProcessFamily(ClientCommand, _WORDS, new_processes=services.new_client_processes)

    async def execute(self, params: wire.CommandExecParams, context: RequestContext) -> wire.CommandExecResponse:
        """Run a command to its end."""
        processes = self._commands.processes(context)
        command = ClientCommand(
            await self._run(params, processes),
            start=processes.start,
            on_delta=lambda delta: self._tell(params.process_id or "", delta, context),
        )
        closed = trio.Event()
        try:
            # A command without an id is nobody's but this request's.
            command_id = context if params.process_id is None else params.process_id
            await self._commands.start(command_id, command, context, on_closed=closed.set)
            context.leave_scope()
            await closed.wait()
        finally:
            command.terminate()
        if command.end is None:
            raise internal_error("the command was ended because its client went, or something in the server failed")
        if command.end.has_overflown:
            raise invalid_request(
                f"command/exec keeps at most {MOST_KEPT_BYTES} bytes of a stream, and was ended when there was more: "
                "have it streamed with streamStdoutStderr, or set a smaller outputBytesCap"
            )
        return await _answer(command.end)

    async def write(
        self, params: wire.CommandExecWriteParams, context: RequestContext
    ) -> wire.CommandExecWriteResponse:
        """Give a command input."""
        await self._commands.write(params.process_id, params.delta_base64, context, close=params.close_stdin)
        return wire.CommandExecWriteResponse()

    def resize(self, params: wire.CommandExecResizeParams, context: RequestContext) -> wire.CommandExecResizeResponse:
        """Give its terminal another size."""
        self._commands.resize(params.process_id, params.size, context)
        return wire.CommandExecResizeResponse()

    def terminate(
        self, params: wire.CommandExecTerminateParams, context: RequestContext
    ) -> wire.CommandExecTerminateResponse:
        """Have a command killed."""
        self._commands.terminate(params.process_id, context)
        return wire.CommandExecTerminateResponse()

    async def _run(self, params: wire.CommandExecParams, processes: ClientProcesses) -> ClientRun:
        """Return what is asked for. Raises RpcError, ConfigLoadError."""
        self._commands.check_command(params.command, params.env)
        self._commands.check_size(params.size, tty=params.tty)
        config = self._config.load()
        policy = self._policy(params, config)
        cap_bytes = _cap_bytes(params)
        seconds = self._seconds(params)
        size = self._commands.terminal_size(params.size)
        streams_output = params.tty or params.stream_stdout_stderr
        if params.process_id is None and (streams_output or params.stream_stdin):
            raise invalid_request("command/exec tty or streaming requires a client-supplied processId")
        bare = SpawnRequest(
            argv=tuple(params.command),
            cwd=await place_of(str(self._config.resolve_cwd(None if params.cwd is None else Path(params.cwd)))),
            env=processes.command_variables(params.env, policy=config.shell_environment_policy),
            tty=params.tty,
            size=size,
            open_stdin=params.stream_stdin,
            merge_output=False,
        )
        # What may be written counts from the server's folder, wherever the command starts.
        place = WorkPlace(cwd=str(self._config.resolve_cwd(None)), policy=policy)
        try:
            request = await processes.confined(bare, place)
        except SandboxUnavailable as error:
            raise self._commands.not_started(error) from error
        return ClientRun(request=request, streams_output=streams_output, cap_bytes=cap_bytes, seconds=seconds)

    def _seconds(self, params: wire.CommandExecParams) -> float | None:
        if params.disable_timeout and params.timeout_ms is not None:
            raise invalid_params("command/exec cannot set both timeoutMs and disableTimeout")
        if params.disable_timeout:
            return None
        return USUAL_SECONDS if params.timeout_ms is None else self._commands.seconds(params.timeout_ms)

    def _policy(self, params: wire.CommandExecParams, config: EffectiveConfig) -> SandboxPolicy:
        """Return what is asked for by policy or by the name of a profile, or what is configured.

        Raises RpcError for what cannot be used, and what an administrator does not allow.
        """
        given, name = params.sandbox_policy, params.permission_profile
        profile = config.permission_profile
        if given is not None:
            if name is not None:
                raise invalid_request("`permissionProfile` cannot be combined with `sandboxPolicy`")
            policy, profile = sandbox_from_wire(given), None
        elif name is None:
            policy = sandbox_of(config)
        elif isinstance(name, str):
            try:
                profile = find_profile(name, config.merged, home=self._config.paths.home)
            except ConfigLoadError as error:
                raise invalid_request(f"invalid permission profile: {error.message}") from error
            policy = sandbox_from_profile(profile, config.sandbox_workspace_write)
        else:
            raise invalid_request(
                "`permissionProfile` must be the name of a profile; other wishes go into `sandboxPolicy`"
            )
        problem = sandbox_problem(policy, config.requirements, profile=profile)
        if problem is not None:
            asked = "permission profile" if given is None else "sandbox policy"
            raise invalid_request(f"invalid {asked}: {problem}")
        return with_required_limits(policy, config.requirements)

    async def _tell(self, process_id: str, delta: OutputDelta, context: RequestContext) -> None:
        notice = wire.CommandExecOutputDeltaNotification(
            process_id=process_id,
            stream=delta.channel,
            delta_base64=encoded_output(delta.data),
            cap_reached=delta.cap_reached,
        )
        await self._outgoing.send_and_wait("command/exec/outputDelta", notice, target=context.connection.id)


def _cap_bytes(params: wire.CommandExecParams) -> int | None:
    if params.disable_output_cap and params.output_bytes_cap is not None:
        raise invalid_params("command/exec cannot set both outputBytesCap and disableOutputCap")
    if params.disable_output_cap:
        return None
    return USUAL_CAP_BYTES if params.output_bytes_cap is None else params.output_bytes_cap


async def _answer(end: ClientProcessEnd) -> wire.CommandExecResponse:
    stdout, stderr = await guessed_text_of(end.stdout.pieces), await guessed_text_of(end.stderr.pieces)
    return wire.CommandExecResponse(exit_code=end.exit_code, stdout=stdout, stderr=stderr)
