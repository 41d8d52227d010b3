"""Modules that are kept in one file are the ones that would be found without it."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
VERSION = "codex_trio/version.py"
SHORT_START = ("app-server", "--listen", "off", "--unknown")
"""Imports all of the subcommand, then refuses the last word."""


@pytest.fixture(scope="module")
def tree(tmp_path_factory):
    """The program's sources, to be changed by tests."""
    tree = tmp_path_factory.mktemp("tree")
    left_out = shutil.ignore_patterns("__pycache__", "conformance", "testing")
    shutil.copytree(ROOT / "codex_trio", tree / "codex_trio", ignore=left_out)
    return tree


def run_program(tree, bytecode, *arguments, **environment):
    """Run the program from those sources, with bytecode in that folder. Returns what it wrote."""
    home = str(bytecode.parent)
    environment = {"PYTHONPYCACHEPREFIX": str(bytecode), **environment}
    environment = {"HOME": home, "TMPDIR": home, "PATH": os.defpath, **environment}
    command = [sys.executable, "-m", "codex_trio", *arguments]
    done = subprocess.run(command, env=environment, cwd=tree, capture_output=True, text=True, timeout=60, check=False)
    assert "Traceback" not in done.stderr
    return done.stdout + done.stderr


@pytest.fixture(scope="module")
def after_a_start(tmp_path_factory, tree):
    """The bytecode that a first start leaves."""
    bytecode = tmp_path_factory.mktemp("started") / "bytecode"
    run_program(tree, bytecode, *SHORT_START)
    return bytecode


@pytest.fixture
def bytecode(tmp_path, after_a_start):
    """A copy of that."""
    return shutil.copytree(after_a_start, tmp_path / "bytecode")


@pytest.fixture
def run(tree, bytecode):
    """Run the program with that. Returns what it wrote, which is its version without arguments."""
    return lambda *arguments, **environment: run_program(tree, bytecode, *(arguments or ["--version"]), **environment)


@pytest.fixture
def version(tree):
    """Change the version that the sources have."""
    file = tree / VERSION
    before = file.read_text()

    def change(version):
        text = before.splitlines()
        file.write_text("\n".join([*text, f"__version__ = {version!r}", ""]))

    yield change
    file.write_text(before)


def kept(folder):
    return sorted(folder.rglob("kept_bytecode.*.pyc.*"))


def test_a_second_start_takes_modules_from_what_was_kept_at_the_first(tree, bytecode, run):
    files = {file: file.stat().st_mtime_ns for file in kept(bytecode)}
    assert any(file.name.endswith(".codex_trio.cli.app_server") for file in files)
    for file in bytecode.rglob("trio/**/*.pyc"):
        file.unlink()
    assert "'--unknown'" in run(*SHORT_START)
    assert {file: file.stat().st_mtime_ns for file in kept(bytecode)} == files
    assert list(bytecode.rglob("trio/_core/**/*.pyc")) == []


def test_a_module_that_was_changed_is_read_anew(run, version):
    before = run()
    for changed in ("77.0.1", "77.0.22"):  # of another length: Python itself looks at whole seconds
        version(changed)
        assert changed in run()
        assert changed in run()
    assert before != run()


def test_a_module_that_is_a_package_now_is_found(tree, run, version):
    version("77.0.3")
    folder = tree / "codex_trio" / "version"
    folder.mkdir()
    shutil.move(tree / VERSION, folder / "__init__.py")
    try:
        assert "77.0.3" in run()
        assert "77.0.3" in run()
    finally:
        shutil.move(folder / "__init__.py", tree / VERSION)
        shutil.rmtree(folder)
    version("77.0.4")
    assert "77.0.4" in run()


def test_other_folders_to_look_in_are_looked_in(tmp_path, bytecode, run):
    files = {file: file.read_bytes() for file in kept(bytecode)}
    first = tmp_path / "first"
    first.mkdir()
    (first / "gettext.py").write_text("raise SystemExit('this one is found first')")
    assert "this one is found first" in run(PYTHONPATH=str(first))
    assert {file: file.read_bytes() for file in kept(bytecode)} == files, "one of many, perhaps: it keeps nothing"


@pytest.mark.parametrize("damage", [b"", b"no bytecode", b"\xe9\x01\x00\x00\x00", b"N", b"cut"])
def test_a_damaged_file_is_replaced(bytecode, run, damage):
    before = run()
    [file] = (file for file in kept(bytecode) if file.name.endswith(".codex_trio.cli.command_line"))
    whole = file.read_bytes()
    file.write_bytes(whole[: len(whole) // 2] if damage == b"cut" else damage)
    assert run() == before
    assert len(file.read_bytes()) > len(whole) // 2


def test_nothing_is_kept_where_bytecode_is_not_or_cannot_be(tmp_path, tree):
    bytecode = tmp_path / "bytecode"
    before = run_program(tree, bytecode, "--version", PYTHONDONTWRITEBYTECODE="1")
    assert kept(tmp_path) == []
    bytecode.touch()
    assert run_program(tree, bytecode, "--version") == before
    assert kept(tmp_path) == []
