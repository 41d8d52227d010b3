"""Rules from the files of some folders, whatever these files hold.

Owns: which files count, bounds on their size and number, and evaluating them without harm: rule files are programs, a
repository may bring some, and Starlark lets nobody else in the process run meanwhile. What is no more than a list of
rules is evaluated here, anything else in a process of its own with a limit on time and memory.
Does not own: the language (`rule_files`).
"""

import os
import re
import signal
import subprocess
import sys
from collections.abc import Callable, Collection, Iterable, Sequence
from pathlib import Path

import msgspec
import trio

from codex_trio.config.toml_text import position_of_byte
from codex_trio.execpolicy.rules import Evaluation, PolicyRules, RuleFile, RulesContent, RulesError, RulesProblem
from codex_trio.util import decoding
from codex_trio.util.abandonable import abandonable
from codex_trio.util.regular_file import read_whole

MAX_FILE_BYTES = 1 << 20
MAX_FILES = 200
READ_SECONDS = 10.0
EVALUATION_SECONDS = 30.0
"""How long the process may take, which mostly waits for its turn: its own limit is on processor time."""

_PLAIN_BYTES = 16 * 1024
_PLAIN_DEPTH = 16
# Calls of the three functions with literals: no loops, functions or operators, so that evaluating them is quick.
_PLAIN = re.compile(
    r"""(?: [\s\[\](),=]++ | \#[^\n]*+ | "(?:[^"\\\n]|\\.)*+" | '(?:[^'\\\n]|\\.)*+'
        | \b(?:prefix_rule|network_rule|host_executable|pattern|decision|match|not_match|justification
               |host|protocol|name|paths|None)\b )*+""",
    re.VERBOSE,
)
_STARTER = (
    "import sys; sys.path[:] = sys.argv[1:]; from codex_trio.execpolicy.rule_process import main; sys.exit(main())"
)


async def read_rule_files(folders: Iterable[str | os.PathLike[str]]) -> Sequence[RuleFile]:
    """Return all `*.rules` files in `folders`, lowest precedence first; missing folders are fine. Raises RulesError."""
    files, _ = await read_and_judge(folders, tuple)
    return files


async def read_and_judge(
    folders: Iterable[str | os.PathLike[str]], judge: Callable[[], Collection[str]]
) -> tuple[Sequence[RuleFile], Collection[str]]:
    """Return the same, and what `judge` says after they were read, in the same thread: each turn asks.

    Raises RulesError.
    """
    names = [os.fspath(folder) for folder in folders]

    def read() -> tuple[Sequence[RuleFile], Collection[str]]:
        return _read_all(names), judge()

    try:
        return await abandonable(READ_SECONDS, read)
    except TimeoutError as error:
        raise _unreadable(names[-1], str(error.strerror)) from None


async def load_rules(files: Sequence[RuleFile]) -> PolicyRules:
    """Return the rules of `files`. One that cannot be used makes all useless: raises RulesError."""
    if not files:
        return PolicyRules()
    if not is_plain(files):
        return await _evaluate_apart(files)
    # Starlark takes a while to import.
    from codex_trio.execpolicy.rule_files import evaluate

    return await trio.to_thread.run_sync(evaluate, files)


def is_plain(files: Sequence[RuleFile]) -> bool:
    """Return whether the files are lists of rules and no more, and short ones."""
    return sum(len(file.source) for file in files) <= _PLAIN_BYTES and all(
        _PLAIN.fullmatch(file.source) and _depth(file.source) <= _PLAIN_DEPTH for file in files
    )


def _depth(source: str) -> int:
    """At most how deep brackets are nested."""
    deepest = depth = 0
    for char in source:
        depth += (char in "[(") - (char in "])")
        deepest = max(deepest, depth)
    return deepest


async def _evaluate_apart(files: Sequence[RuleFile]) -> PolicyRules:
    command = [sys.executable, "-I", "-c", _STARTER, *filter(None, sys.path)]
    with trio.move_on_after(EVALUATION_SECONDS):
        try:
            done = await trio.run_process(
                command,
                stdin=msgspec.json.encode(files),
                capture_stdout=True,
                stderr=subprocess.DEVNULL,
                check=False,
                cwd="/",
            )
        except OSError as error:
            raise _endless(files, _cause(error)) from None
        if done.returncode:
            crashed = done.returncode == -signal.SIGSEGV
            raise _endless(files, "it is nested too deeply" if crashed else f"its process ended with {done.returncode}")
        return await trio.to_thread.run_sync(_taken, done.stdout)
    raise _endless(files, f"did not end within {EVALUATION_SECONDS:g} s")


def _taken(output: bytes) -> PolicyRules:
    evaluation = decoding.json_decoder(Evaluation).decode(output)
    if evaluation.problem is not None:
        raise RulesError(evaluation.problem)
    return PolicyRules.of(evaluation.content or RulesContent())


def _endless(files: Sequence[RuleFile], how: str) -> RulesError:
    """Say that the files took too much: which of them is not known, but one mostly is more than a list."""
    suspect = next((file.path for file in files if not is_plain([file])), files[-1].path)
    details = f"failed to evaluate rules file {suspect}: it takes too much time or memory ({how})"
    return RulesError(RulesProblem(path=suspect, details=details))


def _read_all(folders: Sequence[str]) -> Sequence[RuleFile]:
    paths = [path for folder in folders for path in _rule_files(folder)]
    if len(paths) > MAX_FILES:
        raise _unreadable(os.path.dirname(paths[-1]), f"there are more than {MAX_FILES} rules files")
    return [RuleFile(path, _read(path)) for path in paths]


def _rule_files(folder: str) -> list[str]:
    try:
        with os.scandir(folder) as entries:
            names = [entry.name for entry in entries if Path(entry.name).suffix == ".rules" and not _is_folder(entry)]
    except FileNotFoundError:
        return []
    except OSError as error:
        raise _unreadable(folder, _cause(error)) from None
    return [os.path.join(folder, name) for name in sorted(names)]


def _is_folder(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_dir()
    except OSError:  # a circle of links: reading it says so, by its name
        return False


def _read(path: str) -> str:
    try:
        return read_whole(path, limit=MAX_FILE_BYTES).decode("utf-8-sig")
    except OSError as error:
        raise _unreadable(path, _cause(error)) from None
    except UnicodeDecodeError as error:
        place = position_of_byte(error.object, error.start)
        raise _unreadable(path, f"not valid UTF-8 (byte {error.start})", (place.line, place.column)) from None


def _cause(error: OSError) -> str:
    return f"{error.strerror} (os error {error.errno})"


def _unreadable(path: str, cause: str, place: tuple[int, int] | None = None) -> RulesError:
    details = f"failed to read rules file {path}: {cause}"
    return RulesError(RulesProblem(path=path, details=details, start=place, end=place))
