"""Times two app-server commands side by side.

    python -m benchmarks --ours "codex-trio app-server" --other "codex app-server" --rounds 5
    python -m benchmarks --ours ... --other ... --family connections
    python -m benchmarks --ours ... --other ... --only turn --only tools --json figures.json
    python -m benchmarks --ours ... --only paging --threads 100000 --big 2GB

Families of figures (all of one with --family, single ones with --only; less is better everywhere):

    turns        start-up, a turn's own cost, deltas, tool calls, agents, scripts, a compaction,
                 memory, over stdio
    connections  eight small methods over stdio and websocket: round trips (p50, p99), the time that a request takes
                 in a burst of at most 100 unanswered ones; memory of an idle websocket connection
    history      a generated home of many threads, one of them big (--threads, --big): cold start; once the server has
                 come to rest, warm start, lists, searches, reading and resuming the big one, memory after;
                 restarts that are used at once, after the first list of a new home and at rest;
                 `python -m benchmarks.home` writes such a home by itself
                 paging (with --only, for homes that not every server bears): start and pages of lists alone
                 index (with --only): bytes written to disk, until a server that is left alone comes to rest
    machine      commands, one after the other and at once, free and in a sandbox (by the bubblewrap of --path);
                 50 MB of output, memory of a stream that nobody reads;
                 files, a watch, searches for files in a tree of 50,000
                 search_big (with --only): the same searches in 500,000
    extensions   lists of 200 skills, 20 hooks and 20 plugins, the first one and later ones

with --only settings: reading and writing a configuration of ten layers and 200 projects, and starting threads in it;
and with --only idle or idle_empty: processor time and wake-ups of a server that nobody asks for anything, for two
minutes, with a thread loaded and without; with --only mcp: threads with five MCP servers, and a hundred of them.

`python -m benchmarks.launchers` times what confines commands, by launcher.
`python -m benchmarks.first_hits` times, by itself, the first threads of a streamed search in an index of 100,000.

Both talk to the same scripted model, a process of its own. Samples are taken in turns, ours and the other, round by
round, in folders of their own (HOME, CODEX_HOME, TMPDIR, working directory) with PATH=/usr/bin:/bin, behind --path. A
ratio compares two neighbours, and the table shows the median of the ratios with the smallest and the largest. So a
machine that is busy for a while disturbs both sides, and `spread` says how much a ratio is worth. A server that fails
a figure has none, and the exit code is 1. Without --other there are ours and no ratios.
"""

import argparse
import contextlib
import shlex
import shutil
import subprocess
import sys
from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack
from functools import partial
from pathlib import Path

import msgspec

from benchmarks import connections, extensions, history, idle, machine, mcp, settings, turns
from benchmarks.driver import HomeTemplate, Lab, open_folder, open_lab
from benchmarks.figures import Sampler
from benchmarks.home import parse_size
from benchmarks.report import HEADER, Series
from benchmarks.wire import MeasurementFailed

FAMILIES = {
    "turns": turns.FIGURES,
    "connections": connections.FIGURES,
    "history": history.FIGURES,
    "machine": machine.FIGURES,
    "extensions": extensions.FIGURES,
}
Opener = Callable[[], AbstractContextManager[Lab]]
_BY_NAME = (*FAMILIES.values(), history.SCALE, idle.FIGURES, machine.SCALE, mcp.FIGURES, settings.FIGURES)
FIGURES = {name: figure for family in _BY_NAME for name, figure in family.items()}


@contextlib.contextmanager
def open_model() -> Generator[str]:
    """Run the scripted model until the block ends. Yields its base URL."""
    command = [sys.executable, "-m", "benchmarks.model_server"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        yield process.stdout.readline().strip()


def measure(name: str, sides: Mapping[str, Opener], rounds: int) -> list[Series]:
    """Take the samples of a figure, in turns. A side that fails is named on stderr and left alone afterwards."""
    figure = FIGURES[name]
    series = [Series(value) for value in figure.values]
    open_labs = dict(sides)
    samplers: dict[str, Sampler] = {}
    with ExitStack() as whole:
        for _ in range(rounds):
            for side, opened in list(open_labs.items()):
                try:
                    with ExitStack() as single:
                        if side not in samplers:
                            stack = whole if figure.lasting else single
                            samplers[side] = stack.enter_context(figure.open(stack.enter_context(opened())))
                        measured = samplers[side]()
                except (MeasurementFailed, OSError) as error:
                    print(f"{name}: {side} failed: {error}", file=sys.stderr)
                    del open_labs[side]
                    continue
                if not figure.lasting:
                    del samplers[side]
                for one, amount in zip(series, measured, strict=True):
                    getattr(one, side).append(amount)
    return series


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure and print. Returns the exit code."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--ours", metavar="CMD", type=_command, required=True, help="command of our server")
    parser.add_argument("--other", metavar="CMD", type=_command, help="command to compare with")
    parser.add_argument("--rounds", metavar="N", type=int, default=5, help="samples of each side (default: 5)")
    parser.add_argument("--family", metavar="NAME", action="append", choices=FAMILIES, help=", ".join(FAMILIES))
    parser.add_argument("--only", metavar="NAME", action="append", choices=FIGURES, help=", ".join(FIGURES))
    parser.add_argument("--threads", metavar="N", type=int, default=5000, help="in a generated home (default: 5000)")
    parser.add_argument("--big", metavar="SIZE", type=parse_size, default="40MB", help="of its big one (default: 40MB)")
    parser.add_argument("--path", metavar="DIR", action="append", default=[], help="first on PATH, as for a bwrap")
    parser.add_argument("--json", metavar="FILE", type=Path, help="also write every sample to this file")
    options = parser.parse_args(arguments)
    families: list[str] = options.family or []
    only: list[str] = options.only or []
    names = [*only, *(name for family in families for name in FAMILIES[family])]

    commands = {"ours": options.ours, "other": options.other}
    taken: list[Series] = []
    print(HEADER)
    with open_model() as model_url, open_folder() as folder:
        homes = HomeTemplate(folder / "home", threads=options.threads, big_bytes=options.big)
        sides = {
            side: partial(open_lab, command, model_url, homes, more_path=options.path)
            for side, command in commands.items()
            if command
        }
        for name in names or (name for family in FAMILIES.values() for name in family):
            series = measure(name, sides, options.rounds)
            print("\n".join(one.row() for one in series), flush=True)
            taken += series
    if options.json is not None:
        document = {
            "ours": shlex.join(options.ours),
            "other": shlex.join(options.other or ()),
            "figures": [series.to_json() for series in taken],
        }
        options.json.write_bytes(msgspec.json.format(msgspec.json.encode(document)) + b"\n")
    complete = all(len(getattr(one, side)) == options.rounds for one in taken for side in sides)
    return 0 if complete else 1


def _command(text: str) -> list[str]:
    """Return the argument vector of a command line, its program as an absolute path: servers run with a PATH of their
    own.
    """
    program, *arguments = shlex.split(text)
    return [str(Path(shutil.which(program) or program).absolute()), *arguments]


if __name__ == "__main__":
    sys.exit(main())
