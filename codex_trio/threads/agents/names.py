"""What agents are called: paths that their parents choose, and nicknames that people can tell apart."""

from __future__ import annotations

import random
import re
from collections.abc import Collection, Sequence

from codex_trio.tools.calls import ToolFailure

ROOT = "/root"

_NAME = re.compile(r"[a-z0-9_]+\Z")

_NICKNAMES = (
    "Abel",
    "Ampere",
    "Banach",
    "Bohr",
    "Boole",
    "Born",
    "Cantor",
    "Carson",
    "Curie",
    "Dalton",
    "Darwin",
    "Dirac",
    "Erdos",
    "Euclid",
    "Euler",
    "Faraday",
    "Fermat",
    "Fermi",
    "Fourier",
    "Franklin",
    "Galileo",
    "Galois",
    "Gauss",
    "Germain",
    "Goodall",
    "Hamming",
    "Hawking",
    "Hilbert",
    "Hooke",
    "Hopper",
    "Hubble",
    "Hypatia",
    "Jacobi",
    "Joule",
    "Kepler",
    "Lagrange",
    "Laplace",
    "Leavitt",
    "Leibniz",
    "Lovelace",
    "Maxwell",
    "McClintock",
    "Meitner",
    "Mendel",
    "Nash",
    "Newton",
    "Nightingale",
    "Noether",
    "Ohm",
    "Pascal",
    "Pauli",
    "Planck",
    "Poincare",
    "Ramanujan",
    "Riemann",
    "Rubin",
    "Sagan",
    "Shannon",
    "Tesla",
    "Turing",
    "Volta",
    "Wu",
    "Yalow",
    "Zeno",
)


def path_below(parent: str, name: str) -> str:
    """Return the path of a new agent. Raises ToolFailure for a name that no path can have."""
    if not name:
        raise ToolFailure("agent_name must not be empty")
    if name == "root":
        raise ToolFailure("agent_name `root` is reserved")
    if _NAME.match(name) is None:
        raise ToolFailure("agent_name must use only lowercase letters, digits, and underscores")
    return f"{parent}/{name}"


def absolute(path: str, *, below: str) -> str:
    """Return a path that a model has given, from the root on."""
    return path if path.startswith("/") else f"{below}/{path}"


def nickname(taken: Collection[str], candidates: Sequence[str] = ()) -> str:
    """Return a nickname that nobody has yet; a numbered one when all are taken."""
    names = candidates or _NICKNAMES
    free = [name for name in names if name not in taken]
    if free:
        return random.choice(free)
    number = 2
    while True:
        free = [name for name in (f"{one} {number}" for one in names) if name not in taken]
        if free:
            return free[0]
        number += 1
