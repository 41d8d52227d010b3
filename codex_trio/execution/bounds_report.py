"""Which limits hold for commands here, by what, and why others do not: as it is told to people and clients.

Owns the report. Does not own the limits (`bounds`) or what puts them on.
"""

from __future__ import annotations

import os
from collections.abc import Callable

import msgspec

from codex_trio.execution.bounds import CommandBounds, counts_processes
from codex_trio.execution.control_groups import NoControlGroups, find_groups
from codex_trio.sandbox.namespaces import counts_pids

_GROUP = "control group"
_NOT_SET = "not limited: `command_limits.{key}` is not set"


class LimitReport(msgspec.Struct, frozen=True, kw_only=True):
    """One limit. `held_by` is None where nothing holds commands to it; `note` says why, or for whom it counts."""

    name: str
    value: int | None
    held_by: str | None
    note: str | None = None


def report_on_limits(
    bounds: CommandBounds, launcher: str | None, *, is_counted: Callable[[], bool] = counts_processes
) -> list[LimitReport]:
    """Return what holds for commands under a launcher."""
    controllers: tuple[str, ...] = ()
    try:
        group, controllers = find_groups(bounds)
        groups = LimitReport(name="controlGroups", value=None, held_by=str(group))
    except NoControlGroups as reason:
        groups = LimitReport(name="controlGroups", value=None, held_by=None, note=str(reason))
    return [
        _processes(bounds, launcher, has_group="pids" in controllers, is_counted=is_counted()),
        _memory(bounds, has_group="memory" in controllers),
        _simple("fileBytes", "max_file_bytes", bounds.file_bytes, "RLIMIT_FSIZE"),
        _simple("openFiles", "max_open_files", bounds.open_files, "RLIMIT_NOFILE"),
        _simple("coreBytes", "max_core_bytes", bounds.core_bytes, "RLIMIT_CORE"),
        groups,
    ]


def _processes(bounds: CommandBounds, launcher: str | None, *, has_group: bool, is_counted: bool) -> LimitReport:
    name, value = "processes", bounds.processes
    if value is None:
        return LimitReport(name=name, value=None, held_by=None, note="`command_limits.max_processes` is 0")
    if has_group:
        return LimitReport(name=name, value=value, held_by=_GROUP)
    if is_counted:
        where = "in each sandbox by itself" if launcher in ("bubblewrap", "namespaces") else "in none"
        note = f"counted {where}; outside of one with all processes of the user, for which there is room besides"
        return LimitReport(name=name, value=value, held_by="RLIMIT_NPROC", note=note)
    if launcher == "namespaces" and counts_pids():
        note = "inside of a sandbox; outside the server looks several times a second, and kills"
        return LimitReport(name=name, value=value, held_by="pid_max", note=note)
    note = "root is held to no limit of processes: the server looks several times a second, and kills"
    return LimitReport(name=name, value=value, held_by="watch", note=note)


def _memory(bounds: CommandBounds, *, has_group: bool) -> LimitReport:
    if bounds.memory_bytes is not None and has_group:
        return LimitReport(name="memoryBytes", value=bounds.memory_bytes, held_by=_GROUP)
    found = _simple("memoryBytes", "max_memory_bytes", bounds.memory_bytes, "RLIMIT_DATA")
    if bounds.memory_bytes is None:
        pages = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") // 2**20
        return msgspec.structs.replace(
            found, note=f"{found.note}; the kernel ends commands before the server when its {pages} MiB are used up"
        )
    return msgspec.structs.replace(found, note="of each process by itself, without what it shares")


def _simple(name: str, key: str, value: int | None, held_by: str) -> LimitReport:
    if value is None:
        return LimitReport(name=name, value=None, held_by=None, note=_NOT_SET.format(key=key))
    return LimitReport(name=name, value=value, held_by=held_by)
