"""The `apply_patch` tool: verify, ask where the policy wants it, apply, report.

Owns that order and the item that shows it. Does not own the patch language (tools/apply_patch) or which paths may be
written (sandbox/policy.py).
"""

from __future__ import annotations

import errno
import os
import stat
import threading
import time
from functools import partial
from pathlib import Path
from typing import Any

import msgspec
import trio

from codex_trio.domain.items import FileChange
from codex_trio.environments.files import DocumentFiles
from codex_trio.sandbox.errors import RootChanged
from codex_trio.tools.apply_patch.apply import PatchOutcome, apply_blocking
from codex_trio.tools.apply_patch.parser import PatchError, environment_of, parse
from codex_trio.tools.apply_patch.shell import ShellPatch
from codex_trio.tools.apply_patch.verify import VerificationError, VerifiedPatch, failure_for_model, named_paths, verify
from codex_trio.tools.arguments import decode_arguments
from codex_trio.tools.calls import ToolCall, ToolFailure, ToolOutput
from codex_trio.tools.context import ToolContext
from codex_trio.tools.patch_policy import PatchVerdict, WritablePlaces, assess
from codex_trio.tools.review import PatchQuestion, PlaceKey
from codex_trio.util.abandonable import abandonable, finished

CHECK_SECONDS = 30
"""How long files may take to be read, and the places of a patch in them to be found."""

WRITE_SECONDS = 60
"""How long files may take to be written."""

STOPPED_SECONDS = 5
"""How long that may go on after the turn was stopped."""

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

    def __init__(self, spec: dict[str, Any]) -> None:
        self.spec = spec

    async def run(self, call: ToolCall, context: ToolContext) -> ToolOutput:
        text = call.arguments
        if call.kind == "function":
            text = decode_arguments(call.arguments, ApplyPatchArguments).input
        context = context.within(environment_of(text))
        cwd = context.environment.cwd
        return ToolOutput(content=await _apply_text(call.call_id, text, cwd, context))


async def apply_shell_patch(call: ToolCall, context: ToolContext, patch: ShellPatch, cwd: Path) -> ToolOutput:
    """Apply a patch that the model wrote as a shell heredoc: it is shown as a patch, not as a command."""
    started = time.monotonic()
    workdir = cwd / patch.workdir if patch.workdir else cwd
    text = await _apply_text(call.call_id, patch.text, workdir, context, workdir_exists=True)
    seconds = time.monotonic() - started
    return ToolOutput(
        content=f"Wall time: {seconds:.4f} seconds\nOutput:\n{text}",
        value={"wall_time_seconds": seconds, "exit_code": 0, "output": text},
    )


async def _apply_text(call_id: str, text: str, cwd: Path, context: ToolContext, *, workdir_exists: bool = False) -> str:
    checked = await _check(text, cwd, context, workdir_exists=workdir_exists)
    if checked.verdict.kind == "reject":
        raise ToolFailure(f"patch rejected: {checked.verdict.reason}")
    item = FileChange(id=call_id, changes=checked.verified.changes, status="in_progress")
    started_ms = context.log.started(item)
    approved = await _ask_if_needed(item, text, started_ms, checked, context)
    context.approvals.cleared()
    started = time.monotonic()
    outcome = await _apply(checked, approved, context)
    seconds = time.monotonic() - started
    status = "completed" if outcome.exit_code == 0 else "failed"
    # What was written is told of though the turn was stopped meanwhile.
    with trio.CancelScope(shield=True, deadline=trio.current_time() + WRITE_SECONDS):
        await context.log.completed(
            msgspec.structs.replace(item, status=status, stdout=outcome.stdout, stderr=outcome.stderr)
        )
        context.log.diff_updated()
    return outcome.for_model(seconds)


class _Checked(msgspec.Struct, frozen=True, kw_only=True):
    """A patch that fits. `places` is where it writes, links followed as they were when it was checked."""

    verified: VerifiedPatch
    places: frozenset[str]
    verdict: PatchVerdict

    def approval_key(self, environment_id: str) -> list[PlaceKey]:
        """Return what an approval for the session is about: the files by name, and where the names led."""
        return [(environment_id, path) for path in sorted({*self.verified.written_paths(), *self.places})]


class _GaveUp(Exception):
    """Nobody waits for the work any more."""


async def _check(text: str, cwd: Path, context: ToolContext, *, workdir_exists: bool) -> _Checked:
    given_up = threading.Event()
    environment = context.environment
    files = environment.files.blocking()

    def check() -> _Checked:
        if workdir_exists:
            _check_workdir(cwd, files)
        patch = parse(text)
        # Before any of them is read: whether a patch fits tells what is in a file.
        for path in named_paths(patch, str(cwd)):
            if not environment.may_read(path):
                raise ToolFailure(f"patch rejected: the permissions of this thread deny `{path}`")
        verified = verify(patch, str(cwd), files, partial(_stop_if, given_up))
        verdict = assess(
            verified.written_paths(),
            context.approval_policy,
            environment.policy,
            may_write=environment.may_write,
        )
        return _Checked(verified=verified, places=verified.places(files), verdict=verdict)

    try:
        return await abandonable(CHECK_SECONDS, check)
    except (PatchError, VerificationError) as error:
        raise ToolFailure(failure_for_model(error)) from error
    except RootChanged as error:
        raise ToolFailure(f"patch rejected: {error}") from error
    except TimeoutError:
        raise ToolFailure(
            f"apply_patch verification failed: the patch could not be checked within {CHECK_SECONDS} seconds"
        ) from None
    finally:
        given_up.set()


def _check_workdir(cwd: Path, files: DocumentFiles) -> None:
    try:
        if stat.S_ISDIR(files.status(str(cwd)).st_mode):
            return
        problem = os.strerror(errno.ENOTDIR)
    except (OSError, ValueError) as error:
        problem = (isinstance(error, OSError) and error.strerror) or str(error)
    raise VerificationError(f"the working folder {cwd} cannot be used: {problem}")


def _stop_if(given_up: threading.Event) -> None:
    if given_up.is_set():
        raise _GaveUp


async def _apply(checked: _Checked, approved: frozenset[str], context: ToolContext) -> PatchOutcome:
    """Write the patch. When the turn is stopped meanwhile it is still written whole, and what it did is told."""
    given_up = threading.Event()
    verified = checked.verified
    environment = context.environment
    files = environment.patch_files(WritablePlaces(approved, environment.may_write), approved)

    def write() -> PatchOutcome:
        outcome = apply_blocking(
            verified.patch, verified.cwd, files, expected=verified.edits, check=partial(_stop_if, given_up)
        )
        context.diff.observe(outcome.edits)
        return outcome

    try:
        return await finished(WRITE_SECONDS, STOPPED_SECONDS, write)
    except TimeoutError:
        problem = "The files were not written in time: what has become of them is not known.\n"
        return PatchOutcome(stdout="", stderr=problem, exit_code=1, edits=())
    finally:
        given_up.set()


async def _ask_if_needed(
    item: FileChange, text: str, started_ms: int, checked: _Checked, context: ToolContext
) -> frozenset[str]:
    """Return where the user lets the patch write, besides what the sandbox does."""
    is_allowed = checked.verdict.kind == "apply"
    if is_allowed and not context.approvals.reviews_all:
        return frozenset()
    question = PatchQuestion(
        turn_id=context.turn_id,
        item_id=item.id,
        started_ms=started_ms,
        cwd=checked.verified.cwd,
        environment_id=context.environment.id,
        files=checked.verified.written_paths(),
        places=sorted(checked.places),
        patch=text,
    )
    await context.approvals.patch(item, question, key=checked.approval_key(context.environment.id))
    return frozenset() if is_allowed else checked.places
