"""Instructions of the other program as `AGENTS.md`."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from pathlib import Path

from codex_trio.migration.reading import read_text
from codex_trio.migration.values import MigrationPlace, MigrationPlan, MigrationStep, NoCounterpart
from codex_trio.migration.wording import reworded
from codex_trio.migration.writing import write_file


def plan_instructions(place: MigrationPlace) -> MigrationPlan | None:
    """Return what is to be done for AGENTS_MD. Raises MigrationProblem."""
    sources = [place.kept / "CLAUDE.md"]
    if place.cwd is not None:
        sources.insert(0, place.root / "CLAUDE.md")
    return instructions_plan(place, sources)


def instructions_plan(
    place: MigrationPlace, sources: Sequence[Path], refused: Sequence[NoCounterpart] = ()
) -> MigrationPlan | None:
    """Return what is to be done with the first of these files that says something. Raises MigrationProblem."""
    source, text = next(((one, found) for one in sources if (found := read_text(place, one))), (sources[0], ""))
    target = place.instructions
    steps: tuple[MigrationStep, ...] = ()
    if text.strip() and not target.is_symlink() and not (read_text(place, target) or "").strip():
        write = partial(write_file, place, target, reworded(text, place.program))
        steps = (MigrationStep(source=str(source), target=str(target), do=write),)
    if not steps and not refused:
        return None
    description = f"Migrate {source} to {target}"
    return MigrationPlan(kind="AGENTS_MD", place=place, description=description, steps=steps, refused=tuple(refused))
