"""The `exec_command` tool: a shell command, asked about where the policy wants it, in the sandbox where it must.

Owns the order of things: patch detection, policy, question, run, report. Does not own any of these: see
tools/apply_patch, execpolicy, tools/approval_flow.py and environments. Follow-up input is tools/write_stdin.py.
"""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from functools import partial
from pathlib import Path
from typing import Any, Literal, TypeAlias

import msgspec
import trio

from codex_trio.domain.items import CommandExecution, Duration, ParsedCommand
from codex_trio.environments.commands import CommandRequest
from codex_trio.environments.turn import TurnEnvironment
from codex_trio.execpolicy.decision import UNPLACED_JUSTIFICATION, CommandPolicy, Decision, rejected_for_model
from codex_trio.execpolicy.programs import Programs
from codex_trio.execution.errors import SpawnError
from codex_trio.execution.yielding import exec_yield_ms
from codex_trio.sandbox.additional import NOTHING, AdditionalPermissions, covers
from codex_trio.sandbox.errors import SandboxUnavailable
from codex_trio.sandbox.policy import DangerFullAccess, SandboxPolicy, is_enforced_here
from codex_trio.state.rollout.errors import RolloutWriteError
from codex_trio.tools.additional_permissions import SCHEMA, PermissionsRequest, meant
from codex_trio.tools.apply_patch.shell import ShellPatch, detect_shell_patch
from codex_trio.tools.arguments import decode_arguments
from codex_trio.tools.calls import ToolCall, ToolFailure, ToolOutput
from codex_trio.tools.command_output import command_output, output_budget
from codex_trio.tools.context import CommandAccess, CommandSettings, ToolContext, with_choice
from codex_trio.tools.host_access import CommandHosts
from codex_trio.tools.patch import apply_shell_patch
from codex_trio.tools.review import ReviewOutcome
from codex_trio.tools.running import KILLED_EXIT_CODE, RunningCommand

DEFAULT_YIELD_MS = 10_000
LONGEST_SCRIPT = 512 * 1024
LOGIN_REFUSED = "login shell is disabled by config; omit `login` or set it to false."

_LOGIN = "-lc"

_Judgement: TypeAlias = "ShellPatch | tuple[Decision, list[ParsedCommand]]"
"""The patch that a command is, or what the policy says of it and what it does."""

SPEC: dict[str, Any] = {
    "type": "function",
    "name": "exec_command",
    "description": (
        "Runs a shell command. Answers when it ends, or after yield_time_ms with a session id through which "
        "write_stdin reaches the running process."
    ),
    "strict": False,
    "parameters": {
        "type": "object",
        "properties": {
            "cmd": {"type": "string", "description": "The command, in shell syntax."},
            "workdir": {"type": "string", "description": "Where to run it; the turn's working directory if absent."},
            "shell": {"type": "string", "description": "bash, zsh or sh; the user's shell if absent."},
            "login": {"type": "boolean", "description": "Whether the shell reads its login files. Default true."},
            "tty": {"type": "boolean", "description": "Whether the command gets a terminal. Default false: pipes."},
            "yield_time_ms": {
                "type": "number",
                "description": "How long to wait for the end, in ms. Default 10000, at least 250, at most 30000.",
            },
            "max_output_tokens": {
                "type": "number",
                "description": "How much output to return; what is longer keeps its head and tail. Default 10000.",
            },
            "sandbox_permissions": {
                "type": "string",
                "enum": ["use_default", "require_escalated"],
                "description": "require_escalated asks the user to let this one command run outside the sandbox.",
            },
            "justification": {
                "type": "string",
                "description": "With require_escalated: the question to the user, in one sentence.",
            },
            "prefix_rule": {
                "type": "array",
                "items": {"type": "string"},
                "description": "With require_escalated: a command prefix that the user may allow for good.",
            },
        },
        "required": ["cmd"],
        "additionalProperties": False,
    },
}


WIDENING_FEATURE = "exec_permission_approvals"

_WIDENING = "with_additional_permissions"
_NOT_SWITCHED_ON = (
    f"additional permissions are disabled; enable `features.{WIDENING_FEATURE}` before using `{_WIDENING}`"
)
_NOTHING_GIVEN = (
    f"missing `additional_permissions`; provide at least one of `network` or `file_system` when using `{_WIDENING}`"
)
_NOTHING_ASKED = "`additional_permissions` must include at least one requested permission in `network` or `file_system`"
_NOT_BESIDE_ESCALATION = f"`additional_permissions` requires `sandbox_permissions` set to `{_WIDENING}`"


def _widening_spec() -> dict[str, Any]:
    parameters = SPEC["parameters"]
    choice = {
        "type": "string",
        "enum": ["use_default", _WIDENING, "require_escalated"],
        "description": (
            f"{_WIDENING} asks the user to let this one command do what `additional_permissions` says beyond the "
            "sandbox, and is better than require_escalated, which asks to let it run outside of it."
        ),
    }
    properties = {**parameters["properties"], "sandbox_permissions": choice, "additional_permissions": SCHEMA}
    return {**SPEC, "parameters": {**parameters, "properties": properties}}


class ExecCommandArguments(msgspec.Struct):
    """Arguments of `exec_command`."""

    cmd: str
    workdir: str | None = None
    shell: str | None = None
    login: bool | None = None
    tty: bool = False
    yield_time_ms: float = DEFAULT_YIELD_MS
    max_output_tokens: float | None = None
    sandbox_permissions: Literal["use_default", "with_additional_permissions", "require_escalated"] | None = None
    additional_permissions: PermissionsRequest | None = None
    justification: str | None = None
    prefix_rule: list[str] | None = None
    environment_id: str | None = None

    @property
    def escalated(self) -> bool:
        """Whether the model wants to leave the sandbox."""
        return self.sandbox_permissions == "require_escalated"


class ExecCommand:
    """Runs commands; see the module."""

    parallel = True

    def __init__(self, commands: CommandAccess, *, has_choice: bool = False, widens: bool = False) -> None:
        spec = _widening_spec() if widens else SPEC
        self.spec = with_choice(spec) if has_choice else spec
        self._commands = commands
        self._widens = widens

    async def run(self, call: ToolCall, context: ToolContext) -> ToolOutput:
        arguments = decode_arguments(call.arguments, ExecCommandArguments)
        context = context.within(arguments.environment_id)
        environment = context.environment
        if arguments.justification is not None and arguments.sandbox_permissions is None:
            raise ToolFailure(UNPLACED_JUSTIFICATION)
        argv = _shell_command(arguments, self._commands.settings, environment)
        cwd = environment.resolve(arguments.workdir)
        wanted = await self._wanted(arguments, cwd, environment)
        programs = environment.programs(call.call_id, cwd)
        widens = not covers(environment.additional, wanted)
        judged = partial(
            _judge, argv, arguments, self._commands.policy, context, programs, environment.policy, widens=widens
        )
        is_quick = self._commands.policy.is_quick(arguments.cmd)

        async def judge() -> _Judgement:
            return judged() if is_quick else await trio.to_thread.run_sync(judged)

        judgement = await judge()
        if isinstance(judgement, ShellPatch):
            return await apply_shell_patch(call, context, judgement, cwd)
        decision, parsed = judgement
        if decision.kind == "forbid":
            raise ToolFailure(decision.for_model())
        item = CommandExecution(
            id=call.call_id,
            command=argv,
            cwd=cwd.as_uri(),
            parsed_cmd=parsed,
            source="agent",
            status="in_progress",
        )
        environment = environment.with_additional(wanted)
        wants_answer = decision.kind == "prompt" or context.approvals.reviews_all
        asked = wants_answer and await self._ask(item, decision, judge, arguments, context, environment, cwd)
        bypass = decision.bypass_sandbox or arguments.escalated
        return await self._start(item, arguments, context, environment, cwd, shown=asked, sandboxed=not bypass)

    async def _wanted(
        self, arguments: ExecCommandArguments, cwd: Path, environment: TurnEnvironment
    ) -> AdditionalPermissions:
        """Return what the command is to do beyond the sandbox. Raises ToolFailure for what is no such request."""
        given = arguments.additional_permissions
        if given is None and arguments.sandbox_permissions != _WIDENING:
            return NOTHING
        if not self._widens:
            raise ToolFailure(_NOT_SWITCHED_ON)
        if given is None:
            raise ToolFailure(_NOTHING_GIVEN)
        if arguments.escalated:
            raise ToolFailure(_NOT_BESIDE_ESCALATION)
        wanted = await meant(given, cwd, environment)
        if wanted.opens_nothing:
            raise ToolFailure(_NOTHING_ASKED)
        return wanted

    async def _ask(
        self,
        item: CommandExecution,
        decision: Decision,
        judge: Callable[[], Awaitable[_Judgement]],
        arguments: ExecCommandArguments,
        context: ToolContext,
        environment: TurnEnvironment,
        cwd: Path,
    ) -> bool:
        """Return whether the user was asked (and agreed); False when an earlier answer covers the command."""
        additional = None if arguments.escalated or environment.additional.opens_nothing else environment.additional
        key = _approval_key(item.command, environment.id, cwd, arguments, additional)
        async with context.approvals.asking(key) as waited:
            if waited and not context.approvals.reviews_all and _allows(await judge()):
                return False  # By a rule that was the answer.
            answer = await context.approvals.command(
                item,
                cwd=str(cwd),
                environment_id=environment.id,
                reason=decision.reason,
                amendment=decision.proposed_amendment,
                additional=additional,
                key=key,
                justification=arguments.justification,
                escalated=arguments.escalated,
                tty=arguments.tty,
            )
            if answer is None:
                return False
            if answer.host_amendment is not None:
                context.log.warning("The answer about a command has a rule about a host, which was not saved.")
            if answer.outcome is ReviewOutcome.ACCEPTED_WITH_AMENDMENT and answer.amendment is not None:
                await self._amend(answer.amendment, context)
            return True

    async def _amend(self, prefix: list[str], context: ToolContext) -> None:
        """Allow a command prefix for good; a rule that cannot be stored must not stop the accepted command."""
        try:
            await self._commands.policy.amend(prefix)
        except (OSError, ValueError) as error:
            context.log.warning(f"Failed to apply execpolicy amendment: {error}")
            return
        await context.log.context_message(f"Approved command prefix saved:\n- {json.dumps(prefix)}")

    async def _start(
        self,
        item: CommandExecution,
        arguments: ExecCommandArguments,
        context: ToolContext,
        environment: TurnEnvironment,
        cwd: Path,
        *,
        shown: bool,
        sandboxed: bool,
    ) -> ToolOutput:
        context.approvals.cleared()
        item = msgspec.structs.replace(item, source="unified_exec_startup")
        request = CommandRequest(
            call_id=item.id,
            argv=tuple(item.command),
            reads_login=item.command[1] == _LOGIN,
            cwd=str(cwd),
            tty=arguments.tty,
            sandboxed=sandboxed,
            hosts=CommandHosts(self._commands.policy, context, item, cwd=str(cwd)),
        )
        try:
            session = await environment.start(
                request,
                group=context.turn_id,
                on_output=partial(context.log.output_delta, item.id),
            )
        except (SpawnError, SandboxUnavailable) as error:
            if not shown:
                context.log.started(item)
            message = f"Failed to create unified exec process: {error}"
            await context.log.completed(
                msgspec.structs.replace(
                    item,
                    status="failed",
                    aggregated_output=message,
                    exit_code=KILLED_EXIT_CODE,
                    duration=Duration.from_seconds(0),
                )
            )
            raise ToolFailure(rejected_for_model(message)) from error
        item = msgspec.structs.replace(item, process_id=str(session.id))
        if not shown:
            context.log.started(item)
        command = RunningCommand(
            commands=environment.commands, session=session, item=item, log=context.log, turn_id=context.turn_id
        )
        self._commands.running.add(command)
        try:
            collected = await environment.commands.collect(
                session, yield_ms=exec_yield_ms(int(arguments.yield_time_ms))
            )
        except BaseException:
            # Nobody waits for it any more, and its item still ends with it.
            self._commands.run_in_background(partial(_watch, command))
            raise
        if collected.exit_code is not None:
            await command.finish()
            self._commands.running.end_reported(command)
        else:
            self._commands.run_in_background(partial(_watch, command))
        return command_output(collected, session.id, output_budget(arguments.max_output_tokens, context))


def _shell_command(
    arguments: ExecCommandArguments, settings: CommandSettings, environment: TurnEnvironment
) -> list[str]:
    """Return the argv that runs the script.

    Raises ToolFailure for what the user does not allow, or nobody should try.
    """
    if arguments.login and not settings.allow_login:
        raise ToolFailure(LOGIN_REFUSED)
    size = len(arguments.cmd.encode(errors="surrogateescape"))
    if size > LONGEST_SCRIPT:
        raise ToolFailure(
            f"exec_command failed: cmd has {size} bytes, and at most {LONGEST_SCRIPT} are run; "
            "write long text to files with apply_patch, or in several commands"
        )
    login = settings.allow_login if arguments.login is None else arguments.login
    return [environment.shell(arguments.shell), _LOGIN if login else "-c", arguments.cmd]


def _approval_key(
    argv: list[str],
    environment_id: str,
    cwd: Path,
    arguments: ExecCommandArguments,
    additional: AdditionalPermissions | None,
) -> tuple[str, ...]:
    """Return what an approval for the session is about."""
    return (environment_id, *argv, str(cwd), str(arguments.tty), str(arguments.escalated), str(additional))


def _allows(judgement: _Judgement) -> bool:
    return not isinstance(judgement, ShellPatch) and judgement[0].kind == "allow"


def _judge(
    argv: list[str],
    arguments: ExecCommandArguments,
    policy: CommandPolicy,
    context: ToolContext,
    programs: Programs,
    sandbox: SandboxPolicy,
    *,
    widens: bool,
) -> _Judgement:
    """Raises ToolFailure."""
    patch = detect_shell_patch(argv, policy.bash)
    if patch is not None:
        return patch
    decision = policy.decide(
        argv,
        programs=programs,
        approval_policy=context.approval_policy,
        sandboxed=is_enforced_here(sandbox),
        model=context.model.slug,
        unrestricted=isinstance(sandbox, DangerFullAccess),
        escalate=arguments.escalated,
        widen=widens,
        justification=arguments.justification,
        prefix_rule=arguments.prefix_rule,
    )
    return decision, policy.parse(argv)


async def _watch(command: RunningCommand) -> None:
    """Complete the item of a command that outlived its call."""
    try:
        # Shielded: when the thread is closed all its sessions end, and that is to be stored as well.
        with trio.CancelScope(shield=True):
            await command.finish()
    except RolloutWriteError as error:
        # Nothing else of the thread is to break of it; a turn that runs says so itself.
        command.log.warning(f"The end of a command could not be stored: {error}")
