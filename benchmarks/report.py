"""From samples to a table and to JSON. Pure; called by `__main__`."""

import statistics
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from benchmarks.figures import Value

_HEADER = f"{'figure':<32}{'unit':<5}{'ours':>10}{'other':>10}{'ratio':>8}   {'spread':<14}target"


@dataclass
class Series:
    """The samples of one value: `ours[n]` and `other[n]` were taken one after the other."""

    value: Value
    ours: list[float] = field(default_factory=list[float])
    other: list[float] = field(default_factory=list[float])

    def ratios(self) -> list[float]:
        """Ours to the other, round by round."""
        return [ours / other for ours, other in zip(self.ours, self.other, strict=False)]

    def to_json(self) -> dict[str, Any]:
        """Everything measured, and the medians."""
        ratios = self.ratios()
        return {
            "name": self.value.name,
            "unit": self.value.unit,
            "target": self.value.target,
            "ours": self.ours,
            "other": self.other,
            "ratio": statistics.median(ratios) if ratios else None,
        }


def render(series: Sequence[Series]) -> str:
    """The table: medians, the median of the pairwise ratios, and their smallest and largest."""
    return "\n".join([_HEADER, *(_row(one) for one in series)])


def _row(series: Series) -> str:
    value = series.value
    row = f"{value.name:<32}{value.unit:<5}{_median(series.ours):>10}{_median(series.other):>10}"
    ratios = series.ratios()
    if not ratios:
        return row
    ratio = statistics.median(ratios)
    row += f"{ratio:>8.2f}   {f'{min(ratios):.2f}..{max(ratios):.2f}':<14}"
    if value.target is None:
        return row.rstrip()
    return row + f"{value.target:.2f} {'met' if ratio <= value.target else 'MISSED'}"


def _median(samples: list[float]) -> str:
    return f"{statistics.median(samples):.2f}" if samples else "failed"
