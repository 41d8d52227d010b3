"""Which AGENTS.md files a session is given."""

from pathlib import Path

import pytest

from codex_trio.engine.project_docs import ProjectDocs, load_project_docs


@pytest.fixture
def home(tmp_path: Path) -> Path:
    home = tmp_path / "home"
    home.mkdir()
    return home


@pytest.fixture
def deep(tmp_path: Path) -> Path:
    deep = tmp_path / "project" / "sub" / "deep"
    deep.mkdir(parents=True)
    return deep


def load(home: Path, cwd: Path, root: Path, *, max_bytes: int = 32768, names: tuple[str, ...] = ()) -> ProjectDocs:
    return load_project_docs(codex_home=home, cwd=cwd, project_root=root, max_bytes=max_bytes, fallback_names=names)


def test_the_users_own_text_comes_first_and_then_the_folders_from_the_root_down(home: Path, deep: Path) -> None:
    root = deep.parent.parent
    (home / "AGENTS.md").write_text("mine\n\n")
    (root / "AGENTS.md").write_text("root\n")
    (deep / "AGENTS.md").write_text("deep")

    docs = load(home, deep, root)

    assert docs.text == "mine\n\n--- project-doc ---\n\nroot\n\n\ndeep"
    assert docs.sources == (home / "AGENTS.md", root / "AGENTS.md", deep / "AGENTS.md")
    assert docs.warnings == ()


def test_without_any_file_there_is_no_text(home: Path, deep: Path) -> None:
    assert load(home, deep, deep.parent.parent) == ProjectDocs(text=None, sources=(), warnings=())


def test_a_folder_gives_one_file_an_override_before_the_usual_name_before_fallbacks(home: Path, deep: Path) -> None:
    sub = deep.parent
    for folder, names in ((sub.parent, ("CLAUDE.md",)), (sub, ("AGENTS.md", "CLAUDE.md"))):
        for name in names:
            (folder / name).write_text(f"{folder.name} {name}")
    (deep / "AGENTS.md").write_text("usual")
    (deep / "AGENTS.override.md").write_text("override")

    docs = load(home, deep, sub.parent, names=("CLAUDE.md",))

    assert docs.text == "project CLAUDE.md\n\nsub AGENTS.md\n\noverride"


def test_folders_above_the_root_and_beside_the_way_do_not_count(home: Path, deep: Path) -> None:
    root = deep.parent
    (root.parent / "AGENTS.md").write_text("above")
    (root / "other").mkdir()
    (root / "other" / "AGENTS.md").write_text("beside")
    (root / "AGENTS.md").write_text("root")

    assert load(home, deep, root).text == "root"


def test_a_file_over_the_budget_is_cut_and_later_ones_are_left_out_both_with_a_warning(home: Path, deep: Path) -> None:
    root = deep.parent.parent
    (root / "AGENTS.md").write_text("r" * 30)
    (deep.parent / "AGENTS.md").write_text("s" * 30)
    (deep / "AGENTS.md").write_text("never read")

    docs = load(home, deep, root, max_bytes=40)

    assert docs.text == "r" * 30 + "\n\n" + "s" * 10
    assert docs.sources == (root / "AGENTS.md", deep.parent / "AGENTS.md")
    cut, skipped, combined = docs.warnings
    assert cut.startswith(f"Loaded only 10 of 30 bytes from `{deep.parent / 'AGENTS.md'}`")
    assert skipped.startswith(f"Skipped project instructions in environment `local` starting at `{deep / 'AGENTS.md'}`")
    assert combined.startswith("Combined user instructions use 42 bytes, above the 40-byte")


def test_the_users_own_text_is_outside_the_budget_and_zero_leaves_projects_out(home: Path, deep: Path) -> None:
    (home / "AGENTS.md").write_text("m" * 100)
    (deep / "AGENTS.md").write_text("project")

    docs = load(home, deep, deep, max_bytes=0)

    assert docs.text == "m" * 100
    assert docs.sources == (home / "AGENTS.md",)
    assert docs.warnings == ()


def test_a_cut_inside_a_character_leaves_no_broken_character(home: Path, deep: Path) -> None:
    (deep / "AGENTS.md").write_text("aé" * 10, encoding="utf-8")

    assert load(home, deep, deep, max_bytes=2).text == "a"


def test_blank_files_are_no_source(home: Path, deep: Path) -> None:
    (home / "AGENTS.md").write_text(" \n")
    (deep / "AGENTS.md").write_text("\n\n")

    assert load(home, deep, deep) == ProjectDocs(text=None, sources=(), warnings=())
