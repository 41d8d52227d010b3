"""What was measured of one value, as a row of the table and as JSON."""

import statistics
from dataclasses import dataclass, field

from benchmarks.figures import Value

HEADER = f"{'figure':<44}{'unit':<5}{'ours':>10}{'other':>10}{'ratio':>8}   {'spread':<14}target"


@dataclass
class Series:
    """The samples of one value: `ours[n]` and `other[n]` were taken one after the other."""

    value: Value
    ours: list[float] = field(default_factory=list[float])
    other: list[float] = field(default_factory=list[float])

    def ratios(self) -> list[float]:
        """Our to the other, round by round."""
        return [ours / other for ours, other in zip(self.ours, self.other, strict=False)]

    def to_json(self) -> dict[str, object]:
        """Return every sample, and the ratio of the table."""
        ratios = self.ratios()
        ratio = statistics.median(ratios) if ratios else None
        return {**self.value._asdict(), "ours": self.ours, "other": self.other, "ratio": ratio}

    def row(self) -> str:
        """Median, the median of the pairwise ratios, the smallest and the largest of them, and the target."""
        medians = [f"{statistics.median(side):.2f}" if side else "-" for side in (self.ours, self.other)]
        row = f"{self.value.name:<44}{self.value.unit:<5}{medians[0]:>10}{medians[1]:>10}"
        ratios = self.ratios()
        if not ratios:
            return row
        ratio = statistics.median(ratios)
        row += f"{ratio:>8.2f}   {f'{min(ratios):.2f}..{max(ratios):.2f}':<14}"
        if self.value.target is None:
            return row.rstrip()
        return row + f"{self.value.target:.2f} {'met' if ratio <= self.value.target else 'MISSED'}"
