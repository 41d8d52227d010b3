"""Rules that the user adds by accepting a proposal.

Owns: the line that is appended to the rules file, under a lock, and the update of the rules in memory.
Does not own: what is proposed; that is `policy`.
"""

import errno
import json
import os
from collections.abc import Sequence
from pathlib import Path

import trio

from codex_trio.execpolicy.rule_loading import MAX_FILE_BYTES
from codex_trio.execpolicy.rules import NetworkRule, PolicyRules
from codex_trio.util.timed_lock import lock_within

_LOCK_SECONDS = 5.0


class AmendmentError(ValueError):
    """The rule could not be added; str() follows `Failed to apply execpolicy amendment: ` in the warning."""


async def amend(rules: PolicyRules, prefix: Sequence[str], rules_file: str) -> None:
    """Allow commands that start with `prefix`: in `rules_file` for later threads, in `rules` at once.

    Raises `AmendmentError`, with nothing changed.
    """
    await trio.to_thread.run_sync(append_prefix_rule, rules_file, prefix)
    rules.allow_prefix(prefix)


def append_prefix_rule(rules_file: str, prefix: Sequence[str], *, lock_seconds: float = _LOCK_SECONDS) -> None:
    """Append the rule, unless the file has the very same line. Waits a few seconds for another writer.

    Raises `AmendmentError`.
    """
    if not prefix:
        raise AmendmentError(f"failed to update rules file {rules_file}: prefix rule requires at least one token")
    _append(rules_file, f'prefix_rule(pattern={_quoted(list(prefix))}, decision="allow")', lock_seconds)


async def amend_host(rules: PolicyRules, rule: NetworkRule, rules_file: str) -> None:
    """Add a rule about a host: in `rules_file` for later threads, in `rules` at once.

    Raises `AmendmentError`, with nothing changed.
    """
    await trio.to_thread.run_sync(append_network_rule, rules_file, rule)
    rules.add_network(rule)


def append_network_rule(rules_file: str, rule: NetworkRule, *, lock_seconds: float = _LOCK_SECONDS) -> None:
    """Append the rule, unless the file has the very same line. Waits a few seconds for another writer.

    Raises `AmendmentError`.
    """
    decision = "deny" if rule.decision == "forbidden" else rule.decision
    said = "" if rule.justification is None else f", justification={_quoted(rule.justification)}"
    line = f'network_rule(host={_quoted(rule.host)}, protocol="{rule.protocol}", decision="{decision}"{said})'
    _append(rules_file, line, lock_seconds)


def _quoted(value: str | list[str]) -> str:
    return json.dumps(value, ensure_ascii=False)


def _append(rules_file: str, line: str, lock_seconds: float) -> None:
    try:
        _append_line(Path(rules_file), line, lock_seconds)
    except (OSError, UnicodeError) as error:
        raise AmendmentError(f"failed to update rules file {rules_file}: {error}") from None


def _append_line(path: Path, line: str, lock_seconds: float) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.exists() and not path.is_file():
        raise OSError(errno.EINVAL, "it is no regular file")
    with path.open("ab+", buffering=0) as file:
        if not lock_within(file.fileno(), seconds=lock_seconds):
            raise BlockingIOError(errno.EWOULDBLOCK, "another process keeps it locked")
        added = line.encode() + b"\n"
        size = os.fstat(file.fileno()).st_size
        if size + len(added) + 1 > MAX_FILE_BYTES:
            raise OSError(errno.EFBIG, f"it would be larger than {MAX_FILE_BYTES} bytes")
        present = os.pread(file.fileno(), size, 0).decode()
        if line in map(str.strip, present.split("\n")):
            return
        _write_whole(file.fileno(), added if not present or present.endswith("\n") else b"\n" + added, size)


def _write_whole(file: int, data: bytes, size: int) -> None:
    """Append to a file of this size, all or nothing: half a rule would make the whole file useless."""
    try:
        while data:
            data = data[os.write(file, data) :]
    except OSError:
        os.ftruncate(file, size)
        raise
