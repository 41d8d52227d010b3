"""What is mounted, in which order, for a policy's folders."""

from pathlib import Path

from codex_trio.sandbox.policy import WorkspaceWrite
from codex_trio.sandbox.protected import PROTECTED_NAMES
from codex_trio.sandbox.roots import GuardedPaths, RootAnchors
from codex_trio.sandbox.view import View, build_view

NARROW = WorkspaceWrite(exclude_slash_tmp=True)


def view_of(cwd: Path, *roots: Path, guarded: GuardedPaths = GuardedPaths()) -> View:  # noqa: B008  # it is frozen
    policy = WorkspaceWrite(writable_roots=tuple(map(str, roots)), exclude_slash_tmp=True)
    anchors = RootAnchors(guarded)
    return build_view(anchors.roots(policy, cwd=str(cwd), tmpdir=None), anchors)


def kinds(view: View, top: Path) -> dict[str, str]:
    names = {f"{name}" for name in PROTECTED_NAMES}
    found = {str(Path(mount.path).relative_to(top)): mount.kind for mount in view.mounts}
    return {path: kind for path, kind in found.items() if Path(path).name not in names}


def make_repository(folder: Path) -> None:
    (folder / ".git").mkdir(parents=True)
    (folder / ".git" / "HEAD").write_text("ref: refs/heads/main\n")


def test_the_folders_between_a_root_and_what_lies_deeper_are_pinned(tmp_path: Path) -> None:
    workspace, home = tmp_path / "a" / "b" / "ws", tmp_path / "c" / "home"
    workspace.mkdir(parents=True)
    home.mkdir(parents=True)
    view = view_of(workspace, tmp_path, guarded=GuardedPaths(read_only=(str(home),)))
    assert kinds(view, tmp_path) == {
        ".": "write",
        "a": "pin",
        "a/b": "pin",
        "a/b/ws": "write",
        "c": "pin",
        "c/home": "protect",
    }
    depths = [len(Path(mount.path).parts) for mount in view.mounts]
    assert depths == sorted(depths), "what is mounted later covers what was mounted before"


def test_links_are_kept_and_what_they_lead_to_is_protected_where_it_could_be_written(tmp_path: Path) -> None:
    (tmp_path / "deep" / "real").mkdir(parents=True)
    (tmp_path / "step").symlink_to("deep/real")
    for name, target in {".git": "step", ".codex": "/etc", ".agents": ".", ".aws": ".aws"}.items():
        (tmp_path / name).symlink_to(target)
    view = view_of(tmp_path)
    assert {Path(mount.path).name for mount in view.mounts if mount.kind == "link"} == {*PROTECTED_NAMES, "step"}
    assert kinds(view, tmp_path) == {".": "write", "deep": "pin", "deep/real": "protect", "step": "link"}


def test_what_a_broken_link_leads_to_cannot_be_made(tmp_path: Path) -> None:
    (tmp_path / ".codex").symlink_to("settings/codex")
    assert str(tmp_path / "settings") in view_of(tmp_path).placeholders


def test_nothing_stands_in_for_missing_settings_below_the_root_of_a_repository(tmp_path: Path) -> None:
    app = tmp_path / "packages" / "app"
    app.mkdir(parents=True)
    (app / ".codex").mkdir()
    assert {Path(path).name for path in view_of(app).placeholders} == {".git", ".agents", ".aws"}
    make_repository(tmp_path)
    view = view_of(app)
    assert view.placeholders == ()
    assert view.absent == tuple(str(app / name) for name in (".agents", ".aws", ".git"))
    assert str(app / ".codex") in {mount.path for mount in view.mounts if mount.kind == "protect"}
    assert {Path(path).name for path in view_of(tmp_path).placeholders} == {".codex", ".agents", ".aws"}


def test_an_empty_git_folder_above_makes_no_repository(tmp_path: Path) -> None:
    app = tmp_path / "app"
    app.mkdir()
    (tmp_path / ".git").mkdir()
    assert view_of(app).absent == ()


def test_what_does_not_exist_needs_no_hiding(tmp_path: Path) -> None:
    guarded = GuardedPaths(read_only=(str(tmp_path / "gone"),), hidden=(f"{tmp_path}/*.sock", f"{tmp_path}/gone"))
    assert kinds(view_of(tmp_path, guarded=guarded), tmp_path) == {".": "write"}
    (tmp_path / "a.sock").touch()
    assert kinds(view_of(tmp_path, guarded=guarded), tmp_path) == {".": "write", "a.sock": "hide"}
