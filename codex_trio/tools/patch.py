"""The `apply_patch` tool: verify, ask where the policy wants it, apply, report.

Owns that order and the item that shows it. Does not own the patch language (tools/apply_patch) or which paths may be
written (sandbox/policy.py). Also called by `exec_command` for a patch that came as a shell heredoc.
"""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import msgspec
import trio

from codex_trio.domain.items import FileChange
from codex_trio.sandbox.errors import RootChanged
from codex_trio.tools.apply_patch.apply import apply
from codex_trio.tools.apply_patch.edits import DiskFiles
from codex_trio.tools.apply_patch.parser import PatchError, parse
from codex_trio.tools.apply_patch.shell import ShellPatch
from codex_trio.tools.apply_patch.verify import VerificationError, VerifiedPatch, failure_for_model, verify
from codex_trio.tools.arguments import decode_arguments
from codex_trio.tools.calls import ToolCall, ToolFailure, ToolOutput
from codex_trio.tools.context import ToolContext
from codex_trio.tools.patch_policy import PatchVerdict, assess
from codex_trio.tools.review import PatchQuestion, ReviewOutcome

GRAMMAR = """\
start: begin_patch hunk+ end_patch
begin_patch: "*** Begin Patch" LF
end_patch: "*** End Patch" LF?

hunk: add_hunk | delete_hunk | update_hunk
add_hunk: "*** Add File: " filename LF add_line+
delete_hunk: "*** Delete File: " filename LF
update_hunk: "*** Update File: " filename LF change_move? change?

filename: /(.+)/
add_line: "+" /(.*)/ LF -> line

change_move: "*** Move to: " filename LF
change: (change_context | change_line)+ eof_line?
change_context: ("@@" | "@@ " /(.+)/) LF
change_line: ("+" | "-" | " ") /(.*)/ LF
eof_line: "*** End of File" LF

%import common.LF
"""
"""The patch language as providers constrain it; fixed by the protocol of the tool (tools/0.169.0)."""

FREEFORM_SPEC: dict[str, Any] = {
    "type": "custom",
    "name": "apply_patch",
    "description": "Edits files by a patch. The input is the patch itself, not JSON.",
    "format": {"type": "grammar", "syntax": "lark", "definition": GRAMMAR},
}

FUNCTION_SPEC: dict[str, Any] = {
    "type": "function",
    "name": "apply_patch",
    "description": (
        "Edits files by a patch. The input starts with a line '*** Begin Patch' and ends with '*** End Patch'. Between "
        "them stand file sections: '*** Add File: PATH' followed by lines that start with '+'; "
        "'*** Delete File: PATH'; '*** Update File: PATH', optionally '*** Move to: PATH', followed by changes. A "
        "change starts with '@@' or '@@ ' and a line of context, then lines that start with ' ' (kept), '-' (removed) "
        "or '+' (added)."
    ),
    "strict": False,
    "parameters": {
        "type": "object",
        "properties": {"input": {"type": "string", "description": "The whole patch."}},
        "required": ["input"],
        "additionalProperties": False,
    },
}


class ApplyPatchArguments(msgspec.Struct):
    """Arguments of `apply_patch` in its function form."""

    input: str


class ApplyPatch:
    """Applies patches, one at a time; `spec` is the freeform or the function form of the tool."""

    parallel = False
    needs_environment = True

    def __init__(self, spec: dict[str, Any]) -> None:
        self.spec = spec

    async def run(self, call: ToolCall, context: ToolContext) -> ToolOutput:
        text = call.arguments
        if call.kind == "function":
            text = decode_arguments(call.arguments, ApplyPatchArguments).input
        return ToolOutput(content=await _apply_text(call.call_id, text, context.cwd, context))


async def apply_shell_patch(call: ToolCall, context: ToolContext, patch: ShellPatch, cwd: Path) -> ToolOutput:
    """Applies a patch that the model wrote as a shell heredoc: it is shown as a patch, not as a command."""
    started = time.monotonic()
    workdir = cwd / patch.workdir if patch.workdir else cwd
    text = await _apply_text(call.call_id, patch.text, workdir, context)
    return ToolOutput(content=f"Wall time: {time.monotonic() - started:.4f} seconds\nOutput:\n{text}")


async def _apply_text(call_id: str, text: str, cwd: Path, context: ToolContext) -> str:
    try:
        verified = await trio.to_thread.run_sync(verify, parse(text), str(cwd), DiskFiles())
    except (PatchError, VerificationError) as error:
        raise ToolFailure(failure_for_model(error)) from error
    try:
        verdict = assess(
            verified.written_paths(),
            context.approval_policy,
            context.sandbox_policy,
            may_write=context.may_write,
        )
    except RootChanged as error:
        raise ToolFailure(f"patch rejected: {error}") from error
    if verdict.kind == "reject":
        raise ToolFailure(f"patch rejected: {verdict.reason}")
    item = FileChange(id=call_id, changes=verified.changes, status="in_progress")
    started_ms = context.log.started(item)
    await _ask_if_needed(item, started_ms, verified, verdict, context)
    started = time.monotonic()
    # Not abandoned when the turn is stopped: a patch is applied whole, and what it did is told.
    outcome = await apply(verified)
    seconds = time.monotonic() - started
    status = "completed" if outcome.exit_code == 0 else "failed"
    context.diff.observe(outcome.edits)
    await context.log.completed(
        msgspec.structs.replace(item, status=status, stdout=outcome.stdout, stderr=outcome.stderr)
    )
    context.log.diff_updated()
    return outcome.for_model(seconds)


async def _ask_if_needed(
    item: FileChange, started_ms: int, verified: VerifiedPatch, verdict: PatchVerdict, context: ToolContext
) -> None:
    if verdict.kind == "apply" or context.approvals.allows_paths(verified.written_paths()):
        return
    context.approver.hold(item.id)
    answer = await context.approver.ask_patch(
        PatchQuestion(turn_id=context.turn_id, item_id=item.id, started_ms=started_ms)
    )
    context.approver.release(item.id)
    if answer.outcome is ReviewOutcome.CANCELLED:
        await context.stop_turn()
    if not answer.accepted:
        await context.log.completed(msgspec.structs.replace(item, status="declined"))
        raise ToolFailure(f"patch {answer.reason}")
    if answer.outcome is ReviewOutcome.ACCEPTED_FOR_SESSION:
        context.approvals.allow_paths(verified.written_paths())
