"""Writes down what a release of the established app-server changes.

    python -m release_facts 0.172.0
    python -m release_facts 0.172.0 --from 0.169.0 --scenarios codex_trio/conformance/scenarios/test_turn.py
    CODEX_REFERENCE=/path/to/codex python -m release_facts 0.172.0 --scenarios ""

The binaries of both releases are run in fresh folders with a scripted model. They are looked for in
`~/.cache/codex-reference/RELEASE`; where none is, it is said how to get one. What was found is kept beside the report
as `facts-RELEASE.json` and can be compared with later, without the binary. `docs/releases.md` says what to do with the
report.
"""

import argparse
import functools
import os
import shlex
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import msgspec
import trio

from codex_trio.version import PROTOCOL_RELEASE
from release_facts.binaries import NoBinary, find_binary, release_of
from release_facts.facts import Facts, load, save
from release_facts.gather import gather
from release_facts.report import Comparison, report
from release_facts.scenarios import Outcome, ScenariosBroken, run_scenarios

_OURS = "ours"
_SCENARIOS = "codex_trio/conformance/scenarios"


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; the exit status."""
    options = _parser().parse_args(arguments)
    cache: Path = options.cache.expanduser()
    target = Path(options.out or f"build/release-facts/{options.release}.md").resolve()
    folder = target.parent
    folder.mkdir(parents=True, exist_ok=True)
    try:
        binary = find_binary(options.release, given=os.environ.get("CODEX_REFERENCE"), cache=cache)
        new = _gather(options.release, [str(binary)], folder)
        ours = _gather(_OURS, [sys.executable, "-m", "codex_trio"], folder, tools=False)
        old, why_alone = _earlier(options.earlier, options.release, cache, folder)
    except (NoBinary, OSError, subprocess.SubprocessError, msgspec.DecodeError) as error:
        print(f"release_facts: {error}", file=sys.stderr)
        return 1
    scenarios = _judge(binary, options.scenarios.split(), folder / f"scenarios-{options.release}.xml")
    target.write_text(report(Comparison(new, old, why_alone, ours, scenarios)))
    print(target)
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m release_facts", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("release", metavar="RELEASE", help="the release to look at")
    parser.add_argument(
        "--from",
        dest="earlier",
        metavar="RELEASE|FILE",
        help=f"the earlier one: a release, a binary, or kept facts (default: {PROTOCOL_RELEASE}, which is spoken here)",
    )
    parser.add_argument(
        "--scenarios",
        metavar="PATHS",
        default=_SCENARIOS,
        help="the conformance scenarios to run, '' for none (default: all)",
    )
    parser.add_argument("--out", metavar="FILE", help="the report (default: build/release-facts/RELEASE.md)")
    parser.add_argument(
        "--cache",
        metavar="FOLDER",
        type=Path,
        default=Path("~/.cache/codex-reference"),
        help="where binaries are kept by release (default: ~/.cache/codex-reference)",
    )
    return parser


def _gather(release: str, program: Sequence[str], folder: Path, *, tools: bool = True) -> Facts:
    print(f"Asking {shlex.join(program)} what it is like.", file=sys.stderr)
    facts = trio.run(functools.partial(gather, release, program, folder, tools=tools))
    save(facts, folder / f"facts-{release}.json")
    return facts


def _earlier(wanted: str | None, looked_at: str, cache: Path, folder: Path) -> tuple[Facts | None, str]:
    """The facts of the earlier release; without one that was asked for by name, why there are none."""
    if wanted is None and looked_at == PROTOCOL_RELEASE:
        return None, f"{looked_at} is the one that is spoken here; `--from` names an earlier one."
    path = Path(wanted or "").expanduser()
    if path.suffix == ".json":
        return load(path), ""
    if path.is_file():
        return _gather(release_of(path), [str(path.resolve())], folder), ""
    release = wanted or PROTOCOL_RELEASE
    kept = folder / f"facts-{release}.json"
    try:
        return _gather(release, [str(find_binary(release, given=None, cache=cache))], folder), ""
    except NoBinary as error:
        if kept.exists():
            return load(kept), ""
        if wanted is not None:
            raise
        print(f"Comparing with our own protocol package alone: {error}", file=sys.stderr)
        return None, str(error)


def _judge(binary: Path, paths: Sequence[str], xml: Path) -> Outcome | str:
    if not paths:
        return "Not run."
    print("Running the scenarios against it; all of them take some minutes.", file=sys.stderr)
    try:
        return run_scenarios(binary, paths, xml)
    except ScenariosBroken as error:
        return f"They could not be run: {error}"


if __name__ == "__main__":
    sys.exit(main())
