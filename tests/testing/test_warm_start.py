"""Processes of the command that need not import it first are like those that do."""

import contextlib
import os
import signal
import subprocess
import sys
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO

import pytest

from codex_trio.testing.warm_start import warm_start

PATIENCE = 30.0
INITIALIZE = b'{"id": 1, "method": "initialize", "params": {"clientInfo": {"name": "x", "version": "1"}}}\n'


@dataclass
class Server:
    """A running server and its pipes."""

    process: subprocess.Popen[bytes]
    stdin: IO[bytes]
    stdout: IO[bytes]


@pytest.fixture(scope="module")
def program() -> Iterator[tuple[str, ...]]:
    with warm_start() as program:
        yield program


@pytest.fixture
def env(tmp_path: Path) -> dict[str, str]:
    (tmp_path / "codex").mkdir()
    folders = {name: str(tmp_path) for name in ("HOME", "TMPDIR")}
    return {**folders, "CODEX_HOME": str(tmp_path / "codex"), "PATH": os.defpath}


@contextmanager
def serving(program: tuple[str, ...], env: dict[str, str]) -> Generator[Server]:
    """Provide a server that has answered its first request."""
    with subprocess.Popen(
        [*program, "app-server"], env=env, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    ) as process:
        try:
            assert process.stdin is not None
            assert process.stdout is not None
            process.stdin.write(INITIALIZE)
            process.stdin.flush()
            assert b'"userAgent"' in process.stdout.readline()
            yield Server(process, process.stdin, process.stdout)
        finally:
            process.kill()


@pytest.mark.parametrize("arguments", [["--version"], ["exec", "--help"], ["nonsense"], ["exec", "go on"]])
def test_a_run_says_what_any_other_says_and_ends_as_it_does(
    program: tuple[str, ...], env: dict[str, str], tmp_path: Path, arguments: list[str]
) -> None:
    cold = {**env, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    expected = run(sys.executable, "-m", "codex_trio.testing.command", *arguments, env=cold, cwd=tmp_path)
    assert run(*program, *arguments, env=env, cwd=tmp_path) == expected


def run(*command: str, env: dict[str, str], cwd: Path) -> tuple[int, str, str]:
    """Return exit code, output and complaints of a run with nothing on its input."""
    done = subprocess.run(
        command, env=env, cwd=cwd, input="", capture_output=True, text=True, timeout=PATIENCE, check=False
    )
    return done.returncode, done.stdout, done.stderr


def test_a_server_ends_with_its_input(program: tuple[str, ...], env: dict[str, str]) -> None:
    with serving(program, env) as server:
        server.stdin.close()
        server.stdout.read()
        assert server.process.wait(PATIENCE) == 0
    assert (Path(env["CODEX_HOME"]) / "installation_id").exists()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_signals_reach_a_run_and_its_end_is_told(
    program: tuple[str, ...], env: dict[str, str], number: signal.Signals
) -> None:
    with serving(program, env) as server:
        server.process.send_signal(number)
        server.stdout.read()
        assert server.process.wait(PATIENCE) in (0, 128 + number, -number)


def test_a_run_whose_caller_was_killed_is_gone_before_the_next_one_begins(
    program: tuple[str, ...], env: dict[str, str]
) -> None:
    with serving(program, env) as server:
        server.process.kill()
        assert server.process.wait(PATIENCE) == -signal.SIGKILL
        subprocess.run([*program, "--version"], env=env, stdout=subprocess.DEVNULL, timeout=PATIENCE, check=True)
        os.set_blocking(server.stdout.fileno(), False)  # has no name
        # Raises BlockingIOError while anybody could still write.
        while os.read(server.stdout.fileno(), 1 << 16):
            pass


def test_nothing_is_left_at_the_end(env: dict[str, str]) -> None:
    with contextlib.ExitStack() as stack:
        with warm_start() as program:
            server = stack.enter_context(serving(program, env))
        server.stdout.read()
        assert server.process.wait(PATIENCE) != 0
        assert not Path(program[-2]).parent.exists()
