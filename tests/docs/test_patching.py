"""Tests go in through public seams: they may imitate the system, but replace nothing of the program."""

import ast
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

CHECKOUT = Path(__file__).parents[2]
FOLDERS = ("tests", "codex_trio/conformance", "codex_trio/testing", "benchmarks", "examples")

KILL_THEMSELVES = ("tests/e2e/dying_compressor.py", "tests/e2e/dying_server.py")
"""Servers that die at one step: nothing but the step itself can tell when."""


def replacements(tree: ast.Module) -> Iterator[tuple[int, str]]:
    """Yield the lines that replace something of another module than the standard library's, and how."""
    imported = {
        name.asname or name.name.partition(".")[0]: (node.module or "")
        if isinstance(node, ast.ImportFrom)
        else name.name
        for node in ast.walk(tree)
        if isinstance(node, ast.Import | ast.ImportFrom)
        for name in node.names
    }
    system = {name for name, module in imported.items() if module.partition(".")[0] in sys.stdlib_module_names}
    for node in ast.walk(tree):
        match node:
            case ast.Call(func=ast.Attribute(attr="setattr" | "delattr"), args=[ast.Name(name), *_]) if name in system:
                pass
            case ast.Call(func=ast.Attribute(attr="setattr" | "delattr")) | ast.Call(func=ast.Name("setattr")):
                yield node.lineno, ast.unparse(node)
            case ast.Assign(targets=[ast.Attribute(value=ast.Name(name))]) if name in imported.keys() - system:
                yield node.lineno, ast.unparse(node)
            case ast.Import(names=[ast.alias(name="unittest.mock"), *_]) | ast.ImportFrom(module="unittest.mock"):
                yield node.lineno, ast.unparse(node)
            case _:
                pass


def test_nothing_of_the_program_is_replaced() -> None:
    found = [
        f"{path}:{line}: {how}"
        for folder in FOLDERS
        for source in sorted((CHECKOUT / folder).rglob("*.py"))
        if (path := source.relative_to(CHECKOUT).as_posix()) not in KILL_THEMSELVES
        for line, how in replacements(ast.parse(source.read_text(encoding="utf-8")))
    ]
    assert found == []


@pytest.mark.parametrize(
    "text",
    [
        "from codex_trio.model import sse\nmonkeypatch.setattr(sse, 'MAX_EVENT_BYTES', 1)",
        "from codex_trio.model import sse\nsse.MAX_EVENT_BYTES = 1",
        "patch.setattr('codex_trio.model.sse.MAX_EVENT_BYTES', 1)",
        "patch.setattr(live.recorder, 'append', refuse)",
        "setattr(kind, name, other)",
        "from unittest.mock import patch",
    ],
)
def test_a_replacement_is_found(text: str) -> None:
    assert len([*replacements(ast.parse(text))]) == 1


def test_the_system_may_be_imitated() -> None:
    text = "import os\nfrom codex_trio.testing import disk\nmonkeypatch.setattr(os, 'fsync', disk.fsync)\nself.x = 1"
    assert [*replacements(ast.parse(text))] == []
