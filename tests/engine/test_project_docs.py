"""Which AGENTS.md files a session is given."""

import errno
import os
from pathlib import Path
from typing import Any

import pytest

from codex_trio.engine.project_docs import ProjectDocs, load_project_docs
from codex_trio.environments.errors import UnreachableFile
from codex_trio.environments.local.git import LocalRepositories
from codex_trio.environments.selection import LOCAL
from codex_trio.files.disk import DiskFiles
from codex_trio.files.local import LocalFiles
from codex_trio.testing.environments import MemoryEnvironment


class ThisMachine(MemoryEnvironment):
    """The disk and its repositories; nothing runs there."""

    def __init__(self) -> None:
        super().__init__(LOCAL)
        self.files: Any = LocalFiles()
        self.repositories: Any = LocalRepositories(environ={}, tmpdir=None)


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
    return load_project_docs(
        codex_home=home,
        own_files=DiskFiles(),
        environment=ThisMachine(),
        cwd=cwd,
        project_root=root,
        max_bytes=max_bytes,
        fallback_names=names,
    )


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


@pytest.mark.parametrize("name", ["AGENTS.md", "AGENTS.override.md", "CLAUDE.md"])
@pytest.mark.parametrize("leads", ["up", "absolute", "through a folder", "twice"])
def test_a_link_out_of_the_project_is_not_followed_and_told_of(home: Path, deep: Path, name: str, leads: str) -> None:
    root = deep.parent.parent
    secret = root.parent / "secret"
    secret.mkdir()
    (secret / "key").write_text("SECRET")
    if leads == "through a folder":
        (root / "inside").symlink_to(secret)
        (deep / name).symlink_to("../../inside/key")
    elif leads == "twice":
        (root / "inside").symlink_to(secret / "key")
        (deep / name).symlink_to("../../inside")
    else:
        (deep / name).symlink_to(secret / "key" if leads == "absolute" else "../../../secret/key")
    (root / "AGENTS.md").write_text("root")

    docs = load(home, deep, root, names=("CLAUDE.md",))

    assert docs.text == "root"
    assert docs.sources == (root / "AGENTS.md",)
    [warning] = docs.warnings
    assert warning.startswith(
        f"Ignored the instructions in `{deep / name}`: it is a link that leads out of the project"
    )
    assert str(secret / "key") in warning


def test_the_next_name_counts_where_a_link_is_not_followed(home: Path, deep: Path) -> None:
    (home.parent / "secret").write_text("SECRET")
    (deep / "AGENTS.override.md").symlink_to("../../../secret")
    (deep / "AGENTS.md").write_text("own")

    assert load(home, deep, deep.parent.parent).text == "own"


def test_links_inside_the_project_and_the_users_own_are_followed(home: Path, deep: Path) -> None:
    root = deep.parent.parent
    (root.parent / "mine").write_text("mine")
    (home / "AGENTS.md").symlink_to("../mine")
    (root / "docs").mkdir()
    (root / "docs" / "rules.md").write_text("rules")
    (root / "AGENTS.md").symlink_to("docs/rules.md")
    (deep / "AGENTS.md").symlink_to("../../docs/rules.md")

    assert load(home, deep, root).text == "mine\n\n--- project-doc ---\n\nrules\n\nrules"
    # The folder that a thread works in may itself be a link.
    (root.parent / "way").symlink_to(root)
    assert load(home, root.parent / "way", root.parent / "way").sources[-1] == root.parent / "way" / "AGENTS.md"


def test_a_link_to_elsewhere_in_the_repository_of_a_smaller_project_is_followed(home: Path, deep: Path) -> None:
    root = deep.parent.parent
    (root / ".git").mkdir()
    (root / ".git" / "HEAD").write_text("ref: refs/heads/main\n")
    (root / "shared.md").write_text("shared")
    (deep / "AGENTS.md").symlink_to("../../shared.md")

    assert load(home, deep, deep).text == "shared"


@pytest.mark.parametrize(
    ("target", "told"), [("pipe", "is a named pipe"), ("AGENTS.md", "Too many levels"), ("x", "nowhere")]
)
def test_what_is_no_file_is_told_of_at_once(home: Path, deep: Path, target: str, told: str) -> None:
    os.mkfifo(deep / "pipe")
    (deep / "AGENTS.md").symlink_to(target)

    docs = load(home, deep, deep)

    assert docs.text is None
    assert told in docs.warnings[0]


def test_a_folder_of_that_name_is_none_of_the_files(home: Path, deep: Path) -> None:
    (deep / "AGENTS.md").mkdir()

    assert load(home, deep, deep) == ProjectDocs(text=None, sources=(), warnings=())


def test_a_byte_order_mark_is_no_part_of_the_text_nor_of_the_budget(home: Path, deep: Path) -> None:
    (home / "AGENTS.md").write_bytes(b"\xef\xbb\xbfmine")
    (deep / "AGENTS.md").write_bytes(b"\xef\xbb\xbf0123456789")

    whole, cut = load(home, deep, deep, max_bytes=10), load(home, deep, deep, max_bytes=9)

    assert whole.text == "mine\n\n--- project-doc ---\n\n0123456789"
    assert cut.text == "mine\n\n--- project-doc ---\n\n012345678"
    assert any(warning.startswith("Loaded only 9 of ") for warning in cut.warnings)


class Away(DiskFiles):
    """Files of a machine that can no longer be asked where links lead, and of which `lost` is not even told."""

    def __init__(self, lost: Path | None = None) -> None:
        super().__init__()
        self._lost = lost

    def blocking(self) -> DiskFiles:
        return self

    def leads_to(self, path: str) -> str:
        raise UnreachableFile(errno.EHOSTUNREACH, "is away", path)

    def status(self, path: str) -> os.stat_result:
        if self._lost is not None and path == str(self._lost):
            raise UnreachableFile(errno.EHOSTUNREACH, "is away", path)
        return super().status(path)


def load_away(home: Path, cwd: Path, root: Path, files: Away) -> ProjectDocs:
    environment = ThisMachine()
    environment.files = files
    return load_project_docs(
        codex_home=home, own_files=DiskFiles(), environment=environment, cwd=cwd, project_root=root, max_bytes=32768
    )


def test_where_nothing_is_a_link_nobody_asks_where_it_leads(home: Path, deep: Path) -> None:
    root = deep.parent.parent
    (root / "AGENTS.md").write_text("root")
    assert load_away(home, deep, root, Away()).text == "root"


def test_a_machine_that_is_lost_on_the_way_is_said_once_and_not_for_each_file(home: Path, deep: Path) -> None:
    root = deep.parent.parent
    (root / "AGENTS.md").write_text("root")
    with pytest.raises(UnreachableFile):
        load_away(home, deep, root, Away(lost=deep / "AGENTS.md"))
