"""Times two app-server commands side by side.

    python -m benchmarks --ours "codex-trio app-server" --other "codex app-server" --rounds 5
    python -m benchmarks --ours ... --other ... --only turn --only tools --json figures.json

Both serve stdio and talk to the same scripted model, a process of its own. Every sample runs in fresh folders (HOME,
CODEX_HOME, TMPDIR, working directory) with PATH=/usr/bin:/bin. Samples are taken in turns, ours and the other, round by
round; a ratio compares two neighbours, and the table shows the median of the ratios with the smallest and the largest.
So a machine that is busy for a while disturbs both sides, and `spread` says how much a ratio is worth. A server that
fails a figure has none, and the exit code is 1.
"""

import argparse
import contextlib
import shlex
import shutil
import subprocess
import sys
from collections.abc import Generator, Sequence
from pathlib import Path

import msgspec

from benchmarks.driver import MeasurementFailed, open_lab
from benchmarks.figures import FIGURES
from benchmarks.report import HEADER, Series


@contextlib.contextmanager
def open_model() -> Generator[str]:
    """Run the scripted model until the block ends. Yields its base URL."""
    command = [sys.executable, "-m", "benchmarks.model_server"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        yield process.stdout.readline().strip()


def measure(name: str, ours: Sequence[str], other: Sequence[str], model_url: str, rounds: int) -> list[Series]:
    """Take the samples of a figure, in turns. A side that fails is named on stderr and left alone afterwards."""
    sample, values = FIGURES[name]
    series = [Series(value) for value in values]
    sides = {"ours": ours, "other": other}
    for _ in range(rounds):
        for side, command in list(sides.items()):
            try:
                with open_lab(command, model_url) as lab:
                    measured = sample(lab)
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
    parser.add_argument("--only", metavar="NAME", action="append", choices=FIGURES, help=", ".join(FIGURES))
    parser.add_argument("--json", metavar="FILE", type=Path, help="also write every sample to this file")
    options = parser.parse_args(arguments)

    taken: list[Series] = []
    print(HEADER)
    with open_model() as model_url:
        for name in options.only or FIGURES:
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
