"""Which launcher confines commands, out of bubblewraps of every age, and what people are told about it.

The bubblewraps are scripts that say of themselves what each release does, and run what they are given unconfined: what
confines is not tried here.
"""

import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from codex_trio.sandbox.look import SandboxLook
from codex_trio.sandbox.probe import SandboxProbe, probe_sandbox
from codex_trio.sandbox.report import report_on

RECENT, OLD, ANCIENT = "--perms OCTAL\n--argv0 VALUE", "--perms OCTAL", "--bind SRC DEST"
USERNS = "bwrap: setting up uid map: Permission denied"

Maker = Callable[..., Path]


@pytest.fixture
def bubblewrap(tmp_path: Path) -> Maker:
    """Make a bubblewrap in a folder of that name, and return the program."""

    def make(folder: str, *, options: str = RECENT, version: str = "0.11.0", fails_with: str = "") -> Path:
        program = tmp_path / folder / "bwrap"
        program.parent.mkdir()
        trial = f"echo '{fails_with}' >&2; exit 1" if fails_with else "exit 0"
        program.write_text(
            f"#!/bin/sh\ncase $1 in\n--help) printf '%b\\n' '{options}' ;;\n--version) echo bubblewrap {version} ;;\n"
            f"*) {trial} ;;\nesac\n"
        )
        program.chmod(0o755)
        return program

    return make


def _path(*programs: Path) -> str:
    return ":".join(str(program.parent) for program in programs)


async def _probe(*programs: Path) -> SandboxProbe:
    return await probe_sandbox(search_path=_path(*programs), mechanisms=("bubblewrap",))


async def test_the_first_recent_one_on_the_path_is_used(bubblewrap: Maker) -> None:
    first, second = bubblewrap("first", version="0.10.0"), bubblewrap("second")
    found = await _probe(first, second)
    assert found.bubblewrap is not None
    assert (found.bubblewrap.path, found.bubblewrap.version) == (str(first), "0.10.0")
    assert (found.notices, found.passed_over) == ((), ())


@pytest.mark.parametrize(("options", "lack"), [(OLD, "--argv0"), (ANCIENT, "--argv0 and no --perms")])
async def test_an_old_one_comes_after_a_recent_one_and_it_is_said_why(
    bubblewrap: Maker, options: str, lack: str
) -> None:
    old, recent = bubblewrap("old", options=options), bubblewrap("recent")
    found = await _probe(old, recent)
    assert found.bubblewrap is not None
    assert found.bubblewrap.path == str(recent)
    (passed_over,) = found.passed_over
    assert (passed_over.launcher, passed_over.reason) == (str(old), f"older than {recent}: it has no {lack}")
    assert found.notices == (), "it is one of the system still"


async def test_an_old_one_is_used_where_there_is_no_other(bubblewrap: Maker) -> None:
    found = await _probe(bubblewrap("old", options=OLD, version="0.8.0"))
    assert found.bubblewrap is not None
    assert (found.bubblewrap.version, found.notices) == ("0.8.0", ())


@pytest.mark.parametrize("options", [OLD, None])
async def test_the_packaged_one_is_used_where_the_system_has_none_or_an_old_one(
    bubblewrap: Maker, options: str | None
) -> None:
    packaged = bubblewrap("package")
    system = [] if options is None else [bubblewrap("system", options=options)]
    found = await probe_sandbox(search_path=_path(*system), mechanisms=("bubblewrap",), packaged=lambda: str(packaged))
    assert found.bubblewrap is not None
    assert (found.bubblewrap.path, found.bubblewrap.origin) == (str(packaged), "package")
    (notice,) = found.notices
    assert notice.startswith(f"Commands are confined by the packaged bubblewrap {packaged}")
    assert ("not found on PATH" in notice) == (options is None)
    assert ("--argv0" in notice) == (options is not None)


async def test_one_that_the_host_does_not_let_work_is_passed_over_with_its_own_words(bubblewrap: Maker) -> None:
    broken, working = bubblewrap("broken", fails_with=USERNS), bubblewrap("working")
    found = await _probe(broken, working)
    assert found.bubblewrap is not None
    assert found.bubblewrap.path == str(working)
    assert [(other.launcher, other.reason) for other in found.passed_over] == [(str(broken), USERNS)]


async def test_a_host_where_nothing_works_is_said_once_with_what_follows(bubblewrap: Maker) -> None:
    broken = bubblewrap("broken", fails_with=USERNS)
    told: list[str] = []
    look = SandboxLook({"PATH": _path(broken)}, tell=told.append, python=str(broken.with_name("no-python")))
    assert (await look()).available == ()
    await look()
    (notice,) = told
    assert notice.startswith("No command runs without being asked for: no sandbox works on this machine: ")
    assert USERNS in notice


async def test_the_report_says_what_is_used_and_why_nothing_better_is(bubblewrap: Maker) -> None:
    broken = bubblewrap("broken", fails_with=USERNS)
    probe = SandboxProbe(
        python=sys.executable,
        available=("landlock",),
        failures={"bubblewrap": USERNS, "namespaces": "unshare: Operation not permitted"},
        passed_over=(await _probe(broken)).passed_over,
    )
    report = report_on(probe)
    assert (report.launcher, report.program, report.user_namespaces) == ("landlock", None, False)
    assert [other.launcher for other in report.passed_over] == [str(broken), "bubblewrap", "namespaces"]
    assert len(probe.notices) == 2, "that it is no bubblewrap, and what Landlock cannot promise"
