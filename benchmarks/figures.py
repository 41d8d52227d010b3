"""What a figure is: values that are measured together, and how a sample of them is taken.

Owns the shapes only. The families (`turns`, `connections`, `history`) define figures; `__main__` takes them.
"""

import contextlib
from collections.abc import Callable, Generator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import NamedTuple

from benchmarks.driver import Lab

MIB = 1 << 20


class Value(NamedTuple):
    """One row of the table. Less is better."""

    name: str
    unit: str
    target: float | None = None
    """The ratio to the other server that ours should not exceed."""


Sample = tuple[float, ...]
Sampler = Callable[[], Sample]


@dataclass(frozen=True)
class Figure:
    """Values that one sample holds, in this order."""

    values: tuple[Value, ...]
    open: Callable[[Lab], AbstractContextManager[Sampler]]
    """Sets up what samples need in a lab's folders."""
    lasting: bool = False
    """Both sides stay set up through all rounds, so that a ratio compares moments that are close together.

    Otherwise every sample has folders and a server of its own.
    """


def single(sample: Callable[[Lab], Sample]) -> Callable[[Lab], AbstractContextManager[Sampler]]:
    """For figures that set everything up in the sample itself."""

    @contextlib.contextmanager
    def opened(lab: Lab) -> Generator[Sampler]:
        yield lambda: sample(lab)

    return opened
