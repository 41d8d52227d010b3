"""`CLAUDE.md` as `AGENTS.md`."""

from __future__ import annotations

from functools import partial

from codex_trio.migration.reading import read_text
from codex_trio.migration.values import MigrationPlace, MigrationPlan, MigrationStep
from codex_trio.migration.wording import reworded
from codex_trio.migration.writing import write_file


def plan_instructions(place: MigrationPlace) -> MigrationPlan | None:
    """Return what is to be done for AGENTS_MD. Raises MigrationProblem."""
    sources = [place.claude / "CLAUDE.md"]
    if place.cwd is not None:
        sources.insert(0, place.root / "CLAUDE.md")
    source, text = next(((one, found) for one in sources if (found := read_text(place, one))), (sources[0], ""))
    target = place.instructions
    if not text.strip() or target.is_symlink() or (read_text(place, target) or "").strip():
        return None
    step = MigrationStep(source=str(source), target=str(target), do=partial(write_file, place, target, reworded(text)))
    return MigrationPlan(kind="AGENTS_MD", place=place, description=f"Migrate {source} to {target}", steps=(step,))
