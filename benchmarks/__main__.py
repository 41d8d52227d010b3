"""Times two app-server commands side by side.

    python -m benchmarks --ours "codex-trio app-server" --other "codex app-server" --rounds 5
    python -m benchmarks --ours ... --other ... --family connections
    python -m benchmarks --ours ... --other ... --only turn --only tools --json figures.json

Families of figures (all of one with --family, single ones with --only; less is better everywhere):

    turns        start-up, a turn's own cost, deltas, tool calls, memory, over stdio
    connections  eight small methods over stdio and websocket: round trips (p50, p99), the time that a request takes
                 in a burst of at most 100 unanswered ones; memory of an idle websocket connection

Both talk to the same scripted model, a process of its own. Samples are taken in turns, ours and the other, round by
round, in folders of their own (HOME, CODEX_HOME, TMPDIR, working directory) with PATH=/usr/bin:/bin. A ratio compares
two neighbours, and the table shows the median of the ratios with the smallest and the largest. So a machine that is
busy for a while disturbs both sides, and `spread` says how much a ratio is worth. A server that fails a figure has
none, and the exit code is 1.
"""

import argparse
import contextlib
import shlex
import shutil
import subprocess
import sys
from collections.abc import Generator, Sequence
from contextlib import ExitStack
from pathlib import Path

import msgspec

from benchmarks import connections, turns
from benchmarks.driver import open_lab
from benchmarks.figures import Sampler
from benchmarks.report import HEADER, Series
from benchmarks.wire import MeasurementFailed

FAMILIES = {"turns": turns.FIGURES, "connections": connections.FIGURES}
FIGURES = {name: figure for family in FAMILIES.values() for name, figure in family.items()}


@contextlib.contextmanager
def open_model() -> Generator[str]:
    """Run the scripted model until the block ends. Yields its base URL."""
    command = [sys.executable, "-m", "benchmarks.model_server"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        yield process.stdout.readline().strip()


def measure(name: str, ours: Sequence[str], other: Sequence[str], model_url: str, rounds: int) -> list[Series]:
    """Take the samples of a figure, in turns. A side that fails is named on stderr and left alone afterwards."""
    figure = FIGURES[name]
    series = [Series(value) for value in figure.values]
    sides = {"ours": ours, "other": other}
    open_samplers: dict[str, Sampler] = {}

    def set_up(stack: ExitStack, command: Sequence[str]) -> Sampler:
        return stack.enter_context(figure.open(stack.enter_context(open_lab(command, model_url))))

    with ExitStack() as whole:
        for _ in range(rounds):
            for side, command in list(sides.items()):
                try:
                    with ExitStack() as single:
                        if side not in open_samplers:
                            open_samplers[side] = set_up(whole if figure.lasting else single, command)
                        measured = open_samplers[side]()
                        if not figure.lasting:
                            del open_samplers[side]
                except (MeasurementFailed, OSError) as error:
                    print(f"{name}: {side} failed: {error}", file=sys.stderr)
                    del sides[side]
                    continue
                for one, amount in zip(series, measured, strict=True):
                    getattr(one, side).append(amount)
    return series


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure and print. Returns the exit code."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--ours", metavar="CMD", type=_command, required=True, help="command of our server")
    parser.add_argument("--other", metavar="CMD", type=_command, required=True, help="command to compare with")
    parser.add_argument("--rounds", metavar="N", type=int, default=5, help="samples of each side (default: 5)")
    parser.add_argument("--family", metavar="NAME", action="append", choices=FAMILIES, help=", ".join(FAMILIES))
    parser.add_argument("--only", metavar="NAME", action="append", choices=FIGURES, help=", ".join(FIGURES))
    parser.add_argument("--json", metavar="FILE", type=Path, help="also write every sample to this file")
    options = parser.parse_args(arguments)
    families: list[str] = options.family or []
    only: list[str] = options.only or []
    names = [*only, *(name for family in families for name in FAMILIES[family])]

    taken: list[Series] = []
    print(HEADER)
    with open_model() as model_url:
        for name in names or FIGURES:
            series = measure(name, options.ours, options.other, model_url, options.rounds)
            print("\n".join(one.row() for one in series), flush=True)
            taken += series
    if options.json is not None:
        document = {
            "ours": shlex.join(options.ours),
            "other": shlex.join(options.other),
            "figures": [series.to_json() for series in taken],
        }
        options.json.write_bytes(msgspec.json.format(msgspec.json.encode(document)) + b"\n")
    return 0 if all(len(one.ours) == len(one.other) == options.rounds for one in taken) else 1


def _command(text: str) -> list[str]:
    """The argument vector of a command line, its program as an absolute path: servers run with a PATH of their own."""
    program, *arguments = shlex.split(text)
    return [str(Path(shutil.which(program) or program).absolute()), *arguments]


if __name__ == "__main__":
    sys.exit(main())
