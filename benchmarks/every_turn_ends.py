"""A drill: many threads turn at once, round after round, and every turn that began must say that it ended.

    python -m benchmarks.every_turn_ends --server "codex-trio app-server"
    python -m benchmarks.every_turn_ends --server ... --threads 1000 --rounds 30 --busy 4

One line a round: its seconds, how the turns ended, how many did not, the processor time of the server for each turn,
and what a small request (`account/read`, one every 20 ms) took meanwhile: half of them, and 99 of 100, no longer than
that. With --busy, as many processes run beside the server that only keep the machine busy. The exit code is 1 when a
turn was refused, failed or did not end, or when a thread is not idle afterwards.
"""

from __future__ import annotations

import argparse
import contextlib
import shlex
import subprocess
import sys
from collections.abc import Generator
from pathlib import Path

from benchmarks.__main__ import open_model
from benchmarks.connection import milliseconds, percentile
from benchmarks.driver import HomeTemplate, Server, open_lab
from benchmarks.model_server import SAY
from benchmarks.wire import MeasurementFailed

_BUSY = "while True: pass"


def main(arguments: list[str]) -> int:
    """Run the drill."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.every_turn_ends")
    parser.add_argument("--server", required=True, help="the app-server's command")
    parser.add_argument("--threads", type=int, default=1000)
    parser.add_argument("--rounds", type=int, default=30)
    parser.add_argument("--busy", type=int, default=0, help="processes that keep the machine busy meanwhile")
    parser.add_argument("--patience", type=float, default=120.0, help="seconds that a round may take")
    options = parser.parse_args(arguments)
    try:
        lost = _drill(options)
    except (MeasurementFailed, OSError) as error:
        print(error, file=sys.stderr)
        return 1
    return 1 if lost else 0


def _drill(options: argparse.Namespace) -> int:
    """Return how many turns, and threads, are not as they should be."""
    homes = HomeTemplate(Path(), threads=0, big_bytes=0)
    with open_model() as url, open_lab(shlex.split(options.server), url, homes) as lab, lab.server() as server:
        server.initialize()
        threads = [server.connection.start_thread(lab.work) for _ in range(options.threads)]
        with _busy(options.busy):
            lost = sum(_round(server, threads, number, options.patience) for number in range(options.rounds))
        return lost + _not_idle(server, threads)


def _round(server: Server, threads: list[str], number: int, patience: float) -> int:
    """Return one turn in each thread; how many did not complete."""
    before = server.busy_seconds()
    done = server.connection.turns(threads, SAY, seconds=patience)
    busy = milliseconds(server.busy_seconds() - before) / len(threads)
    ends = ", ".join(f"{count} {status}" for status, count in sorted(done.statuses.items()))
    lags = (
        " / ".join(f"{milliseconds(percentile(done.lags, share)):.0f}" for share in (0.5, 0.99)) if done.lags else "-"
    )
    print(
        f"round {number + 1}: {done.total:.1f} s, {ends or 'no end'}, {len(done.missing)} without an end, "
        f"{busy:.2f} ms CPU a turn, account/read p50 / p99 {lags} ms",
        flush=True,
    )
    return len(threads) - done.statuses["completed"]


def _not_idle(server: Server, threads: list[str]) -> int:
    """Return how many threads would not take another turn."""
    statuses = [
        server.connection.request("thread/read", {"threadId": thread_id})["thread"]["status"]["type"]
        for thread_id in threads
    ]
    return len(threads) - statuses.count("idle")


@contextlib.contextmanager
def _busy(count: int) -> Generator[None]:
    loops = [subprocess.Popen([sys.executable, "-c", _BUSY]) for _ in range(count)]
    try:
        yield
    finally:
        for loop in loops:
            loop.kill()
            loop.wait()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
