"""One word, one thing: a public class's name stands for one class in the package."""

from __future__ import annotations

import ast
from collections import defaultdict
from pathlib import Path

import codex_trio

_PACKAGE = Path(codex_trio.__file__).parent


def test_no_two_public_classes_have_one_name() -> None:
    places: defaultdict[str, list[str]] = defaultdict(list)
    for path in sorted(_PACKAGE.rglob("*.py")):
        for statement in ast.parse(path.read_text()).body:
            if isinstance(statement, ast.ClassDef) and not statement.name.startswith("_"):
                places[statement.name].append(str(path.relative_to(_PACKAGE)))
    assert "LiveThread" in places
    assert {name: modules for name, modules in places.items() if len(modules) > 1} == {}
