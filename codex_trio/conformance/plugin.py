"""The pytest plugin: which server is judged, and the fixtures of the scenarios.

    pip install 'codex-trio[conformance]'
    pytest -p codex_trio.conformance.plugin --pyargs codex_trio.conformance.scenarios --app-server "python3 server.py"

Options: `--app-server COMMAND` (default: this package's own server), `--app-server-kind codex-trio|reference|other`
(whose list of known differences applies) and `--app-server-transport stdio|websocket|unix|memory` (the
last for this package's own server, in the tests' process). `CODEX_REFERENCE=PATH` in the environment judges a reference
binary instead. What a server has to do to be judged stands in the docstring of `codex_trio.conformance`.
Owns options, fixtures and marks; what a scenario needs at run time lives in `lab` and `probe`.
"""

import contextlib
import os
import shlex
import shutil
import signal
import subprocess
import sys
import threading
from collections.abc import AsyncGenerator, Generator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from codex_trio.conformance.lab import Lab, ServerUnderTest
    from codex_trio.conformance.probe import Probe

# Options are read by every run in a checkout, whatever it tests: imports wait for a scenario.

OWN_KIND = "codex-trio"
REFERENCE_KIND = "reference"
OTHER_KIND = "other"
KINDS = (OWN_KIND, REFERENCE_KIND, OTHER_KIND)
TRANSPORTS = ("stdio", "websocket", "unix", "memory")
SCENARIOS = Path(__file__).parent / "scenarios"
_TOLD_SECONDS = 30
_WARM_START = pytest.StashKey[tuple[str, ...]]()
"""What starts the package's own command, once a scenario wants it."""


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("app-server conformance")
    group.addoption("--app-server", metavar="COMMAND", help="the app-server to judge, as a shell command line")
    group.addoption(
        "--app-server-kind",
        choices=KINDS,
        help="whose list of known differences applies: `reference` for the established server, `other` for none "
        "(default: `other` with --app-server)",
    )
    group.addoption(
        "--app-server-transport",
        choices=TRANSPORTS,
        default=TRANSPORTS[0],
        help="how the scenarios talk to the server (default: stdio); what only concerns another transport is left out",
    )


def pytest_configure(config: pytest.Config) -> None:
    if not config.pluginmanager.hasplugin("trio"):
        raise pytest.UsageError("the scenarios need pytest-trio: pip install 'codex-trio[conformance]'")
    config.addinivalue_line("markers", "only_over(*transports): a scenario that makes sense on some transports only")
    _hear_signals()


def _hear_signals() -> None:
    """Let servers under test hear what they are sent, under nohup and in the background of a shell too.

    A signal that was ignored when a process started is ignored by all that it starts, and by servers rightly so.
    """
    if threading.current_thread() is not threading.main_thread():
        return
    for number, handler in ((signal.SIGHUP, signal.SIG_DFL), (signal.SIGINT, signal.default_int_handler)):
        if signal.getsignal(number) is signal.SIG_IGN:
            signal.signal(number, handler)


def server_under_test(config: pytest.Config) -> "ServerUnderTest":
    """Return the server that the options and the environment name."""
    from codex_trio.conformance.lab import ServerUnderTest

    command, kind = _named(config)
    transport = config.getoption("--app-server-transport") or "stdio"
    extra_env: dict[str, str] = {}
    if command is None:
        command = (*own_program(config), "app-server")
        if "PYTHONPATH" in os.environ:
            extra_env["PYTHONPATH"] = os.environ["PYTHONPATH"]
    elif transport == "memory" and command[0] != sys.executable:
        raise pytest.UsageError("--app-server-transport memory is for this package's own server alone")
    return ServerUnderTest(command, kind, extra_env, transport)


def _named(config: pytest.Config) -> tuple[tuple[str, ...] | None, str]:
    """Return the command that is named, None when it is this package's own, and its kind. Raises UsageError."""
    given = config.getoption("--app-server")
    reference = os.environ.get("CODEX_REFERENCE")
    command: tuple[str, ...] | None
    if given:
        program, *arguments = shlex.split(given)
        command, kind = (_found(program, config), *(_absolute(word, config) for word in arguments)), OTHER_KIND
    elif reference:
        command, kind = (_found(reference, config), "app-server"), REFERENCE_KIND
    else:
        command, kind = None, OWN_KIND
    return command, config.getoption("--app-server-kind") or kind


def own_program(config: pytest.Config) -> tuple[str, ...]:
    """Return what starts this package's own command, in processes that need not import it first.

    Whoever names it with `--app-server` has it start from scratch.
    """
    program = config.stash.get(_WARM_START, None)
    if program is None:
        from codex_trio.testing.warm_start import warm_start

        started = contextlib.ExitStack()
        config.add_cleanup(started.close)
        program = config.stash[_WARM_START] = started.enter_context(warm_start())
    return program


def release_of(command: Sequence[str]) -> str | None:
    """Return the release that the program of an `app-server` command names on request; None when it does not."""
    if "app-server" not in command:
        return None
    program = command[: command.index("app-server")]
    try:
        told = subprocess.run(
            [*program, "--version"], capture_output=True, text=True, timeout=_TOLD_SECONDS, check=False
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    return (told.stdout.split() or [None])[-1]


def _found(program: str, config: pytest.Config) -> str:
    """Return the absolute path of a program: scenarios start it in folders of their own. Raises UsageError."""
    path = os.path.expanduser(program)
    if os.sep in path:
        path = str(config.invocation_params.dir / path)
    found = shutil.which(path)
    if found is None:
        raise pytest.UsageError(f"no such program: {program}")
    return found


def _absolute(argument: str, config: pytest.Config) -> str:
    """Return an argument that names a file of the caller's folder by its absolute path, also behind `--option=`.

    Only what looks like a path is one: `app-server` is a word even where a file is called so.
    """
    option, equals, value = argument.rpartition("=") if argument.startswith("-") else ("", "", argument)
    path = config.invocation_params.dir / os.path.expanduser(value)
    looks_like_one = os.sep in value or path.suffix != ""
    return f"{option}{equals}{path}" if looks_like_one and path.exists() else argument


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Run the transport's scenarios with Trio, and expect the known differences to differ."""
    _leave_out_other_transports(config, items)
    scenarios = [item for item in items if SCENARIOS in item.path.parents]
    if not scenarios:
        return
    from codex_trio.conformance.differences.listed import DIFFERENCES

    command, kind = _named(config)
    release = release_of(command) if command is not None and kind == REFERENCE_KIND else None
    known = {
        difference.scenario: difference
        for difference in DIFFERENCES
        if difference.kind == kind and difference.release in (None, release)
    }
    for item in scenarios:
        item.add_marker(pytest.mark.trio)
        difference = known.get(scenario_id(item))
        if difference is not None:
            expected = pytest.mark.xfail(reason=difference.reason, strict=difference.is_certain, raises=AssertionError)
            item.add_marker(expected)


def _leave_out_other_transports(config: pytest.Config, items: list[pytest.Item]) -> None:
    transport = config.getoption("--app-server-transport")
    concerned: list[pytest.Item] = []
    others: list[pytest.Item] = []
    for item in items:
        mark = item.get_closest_marker("only_over")
        (concerned if mark is None or transport in mark.args else others).append(item)
    if others:
        config.hook.pytest_deselected(items=others)
        items[:] = concerned


@pytest.hookimpl(wrapper=True)
def pytest_pyfunc_call(pyfuncitem: pytest.Function) -> Generator[None, object, object]:
    """Report what failed in a scenario, not the nurseries around it."""
    try:
        return (yield)
    except BaseExceptionGroup as group:
        if SCENARIOS not in pyfuncitem.path.parents:
            raise
        raise _innermost(group) from None


def _innermost(failure: BaseException) -> BaseException:
    """Return what a chain of exception groups with one member each is about."""
    members: tuple[BaseException, ...] = getattr(failure, "exceptions", ())
    return _innermost(members[0]) if len(members) == 1 else failure


def scenario_id(item: pytest.Item) -> str:
    """`module::function` of a scenario, with its parameters if it has any."""
    return f"{item.path.stem.removeprefix('test_')}::{item.name.removeprefix('test_')}"


@pytest.fixture
async def lab(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncGenerator["Lab"]:
    """Fresh folders and an empty model script; start the server with `lab.run()`."""
    from codex_trio.conformance.lab import Lab
    from codex_trio.testing.model_server import open_model_server

    async with open_model_server() as model:
        yield Lab(tmp_path, server_under_test(request.config), model)


@pytest.fixture
async def probe(lab: "Lab") -> AsyncGenerator["Probe"]:
    """A running, initialized server with the default configuration (never asks, no sandbox)."""
    async with lab.run() as running:
        yield running
