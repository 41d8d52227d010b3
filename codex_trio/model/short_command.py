"""A command that is run for what it prints: within its time, and gone with all that it started.

Owns the process. Does not own what its output means (auth_command.py, aws_login.py).
"""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
from collections.abc import Mapping, Sequence

import msgspec
import trio

MAX_OUTPUT = 64 << 10
_MAX_QUOTED = 300
_GONE_SECONDS = 5.0


class CommandOutcome(msgspec.Struct, frozen=True, kw_only=True):
    """What became of a command. `status` is None for one that took too long; output past a bound is dropped and
    `is_cut` says so.
    """

    status: int | None
    output: bytes
    complaint: bytes
    is_cut: bool = False

    @property
    def problem(self) -> str | None:
        """What went wrong, with the command's own words; None for one that succeeded or took too long."""
        if not self.status:
            return None
        said = self.complaint.decode(errors="replace").strip()[:_MAX_QUOTED]
        return f"failed with status {self.status}{f': {said}' if said else ''}"


def why_not_run(error: OSError | ValueError) -> str:
    """Return why `run_short` could not run a command, in words; the file may be the command or its folder."""
    if isinstance(error, OSError) and error.strerror:
        return f"{error.strerror}: {error.filename}" if error.filename else error.strerror
    return str(error)


async def run_short(
    command: Sequence[str], *, cwd: str | os.PathLike[str], environ: Mapping[str, str], seconds: float
) -> CommandOutcome:
    """Run a command without input for so many `seconds` at most. Raises OSError or ValueError when it cannot be run."""
    process = await trio.lowlevel.open_process(
        list(command),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        cwd=cwd,
        env=environ,
        start_new_session=True,
    )
    output, complaint = bytearray(), bytearray()
    assert process.stdout is not None
    assert process.stderr is not None
    try:
        with trio.move_on_after(seconds):
            async with trio.open_nursery() as nursery:
                nursery.start_soon(_collect, process.stdout, output)
                nursery.start_soon(_collect, process.stderr, complaint)
                status = await process.wait()
                # What it left behind would hold the pipes open.
                _kill_group(process.pid)
            kept = bytes(output[:MAX_OUTPUT])
            return CommandOutcome(
                status=status, output=kept, complaint=bytes(complaint), is_cut=len(output) > MAX_OUTPUT
            )
        return CommandOutcome(status=None, output=b"", complaint=b"")
    finally:
        _kill_group(process.pid)
        # One that a dead disk holds up does not go, not even for SIGKILL.
        with trio.CancelScope(shield=True, deadline=trio.current_time() + _GONE_SECONDS):
            await process.wait()
        with trio.CancelScope(shield=True):
            await process.stdout.aclose()
            await process.stderr.aclose()


def _kill_group(group: int) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(group, signal.SIGKILL)


async def _collect(stream: trio.abc.ReceiveStream, into: bytearray) -> None:
    """Take in what is written to the end; nobody needs more than a little of it."""
    async for chunk in stream:
        # One byte too many, to tell of it.
        into += chunk[: MAX_OUTPUT + 1 - len(into)]
