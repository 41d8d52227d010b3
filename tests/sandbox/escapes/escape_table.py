"""The table of `docs/security.md`: what each launcher stops, out of the probes and the list of gaps.

`python tests/sandbox/escapes/escape_table.py` writes it into the page.
"""

from pathlib import Path

from escape_gaps import BEFORE_LANDLOCK_6, LANDLOCK_DOES_NOT_STOP, NONE_STOPS
from escape_program import PROBES

BEGIN, END = "<!-- begin: escapes -->\n", "<!-- end: escapes -->\n"

_CLOSED = {
    "always": "always",
    "offline": "without network access",
    "writes": "where folders can be written",
    "denied": "where reading is denied",
    "denied-writes": "where reading is denied",
}


def table() -> str:
    """Return the table and its notes."""
    reasons = list(dict.fromkeys((*NONE_STOPS.values(), *LANDLOCK_DOES_NOT_STOP.values(), *BEFORE_LANDLOCK_6.values())))
    lines = ["| Attempt to … | Closed | bubblewrap, namespaces | Landlock |", "| --- | --- | --- | --- |"]
    for probe in PROBES:
        for_all = NONE_STOPS.get(probe.name)
        landlock = for_all or LANDLOCK_DOES_NOT_STOP.get(probe.name) or BEFORE_LANDLOCK_6.get(probe.name)
        cells = [_cell(for_all, reasons), _cell(landlock, reasons)]
        if probe.name in BEFORE_LANDLOCK_6:
            cells[1] = f"stopped ({reasons.index(BEFORE_LANDLOCK_6[probe.name]) + 1})"
        elif probe.when.startswith("denied"):
            cells[1] = "runs nothing"
        lines.append(f"| {probe.what} | {_CLOSED[probe.when]} | {' | '.join(cells)} |")
    notes = [f"{number}. {reason}" for number, reason in enumerate(reasons, 1)]
    return "\n".join([*lines, "", *notes, ""])


def _cell(reason: str | None, reasons: list[str]) -> str:
    return "stopped" if reason is None else f"**open** ({reasons.index(reason) + 1})"


def main() -> None:
    """Write the table into the page."""
    page = Path(__file__).parents[3] / "docs" / "security.md"
    before, _, rest = page.read_text().partition(BEGIN)
    page.write_text(before + BEGIN + table() + END + rest.partition(END)[2])


if __name__ == "__main__":
    main()
