"""A patch changes what it says of a file, and nothing else about it; and no other file, whatever happens meanwhile."""

import errno
import os
import resource
import signal
import socket
import stat
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from codex_trio.domain.items import DeleteChange
from codex_trio.files.disk import DiskFiles
from codex_trio.tools.apply_patch.apply import PatchOutcome, apply_blocking
from codex_trio.tools.apply_patch.parser import parse
from codex_trio.tools.apply_patch.verify import VerificationError, verify
from codex_trio.tools.turn_diff import TurnDiffTracker

UPDATE = ("*** Update File: f", "@@", "-a", "+b")
MOVE = ("*** Update File: f", "*** Move to: new/g", "@@", "-a", "+b")
PURE_MOVE = ("*** Update File: f", "*** Move to: new/g", "@@", " a")
ADD = ("*** Add File: f", "+b")
DELETE = ("*** Delete File: f",)


def patch(folder: Path, *lines: str, files: DiskFiles | None = None) -> PatchOutcome:
    return apply_blocking(
        parse("\n".join(["*** Begin Patch", *lines, "*** End Patch"])), str(folder), files or DiskFiles()
    )


def applied(folder: Path, *lines: str) -> None:
    outcome = patch(folder, *lines)
    assert (outcome.exit_code, outcome.stderr) == (0, "")


def refused(folder: Path, *lines: str, files: DiskFiles | None = None) -> str:
    outcome = patch(folder, *lines, files=files)
    assert outcome.exit_code == 1
    return outcome.stderr


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "f"
    path.write_text("a\n")
    return path


@pytest.mark.parametrize("mode", [0o755, 0o600, 0o444, 0o4711, 0o2755], ids=oct)
@pytest.mark.parametrize(("lines", "name"), [(UPDATE, "f"), (MOVE, "new/g"), (PURE_MOVE, "new/g"), (ADD, "f")])
def test_a_file_keeps_its_mode_and_owner(file: Path, lines: tuple[str, ...], name: str, mode: int) -> None:
    if os.geteuid() == 0:
        os.chown(file, 1234, 4321)
    elif mode == 0o444:
        mode = 0o644
    file.chmod(mode)
    before = file.stat()
    applied(file.parent, *lines)
    after = (file.parent / name).stat()
    assert stat.S_IMODE(after.st_mode) == mode
    assert (after.st_uid, after.st_gid) == (before.st_uid, before.st_gid)


@pytest.mark.parametrize(("lines", "name"), [(UPDATE, "f"), (MOVE, "new/g"), (PURE_MOVE, "new/g"), (ADD, "f")])
def test_a_file_keeps_its_extended_attributes(file: Path, lines: tuple[str, ...], name: str) -> None:
    os.setxattr(file, "user.origin", b"here")
    applied(file.parent, *lines)
    assert os.getxattr(file.parent / name, "user.origin") == b"here"


@pytest.mark.parametrize(("lines", "name"), [(UPDATE, "f"), (MOVE, "new/g"), (PURE_MOVE, "new/g"), (ADD, "f")])
def test_all_names_of_a_file_go_on_to_mean_it(file: Path, lines: tuple[str, ...], name: str) -> None:
    os.link(file, file.parent / "other")
    applied(file.parent, *lines)
    assert (file.parent / name).samefile(file.parent / "other")
    assert (file.parent / name).read_text() == ("a\n" if lines is PURE_MOVE else "b\n")
    assert file.exists() == (name == "f")


def test_a_new_file_has_the_mode_that_others_made_here_have(tmp_path: Path) -> None:
    (tmp_path / "usual").touch()
    applied(tmp_path, "*** Add File: f", "+b")
    assert (tmp_path / "f").stat().st_mode == (tmp_path / "usual").stat().st_mode
    assert sorted(os.listdir(tmp_path)) == ["f", "usual"]


def test_a_link_stays_and_what_it_leads_to_changes(file: Path) -> None:
    (file.parent / "sub").mkdir()
    link = file.parent / "sub" / "link"
    link.symlink_to("../f")
    folder = file.parent / "folder"
    folder.symlink_to("sub")
    applied(file.parent, "*** Update File: folder/link", "@@", "-a", "+b")
    assert link.is_symlink()
    assert file.read_text() == "b\n"
    applied(file.parent, "*** Update File: folder/link", "*** Move to: folder/g", "@@", "-b", "+c")
    assert not link.is_symlink()
    assert (file.read_text(), (file.parent / "sub" / "g").read_text()) == ("b\n", "c\n")


def test_a_dangling_link_is_written_through(tmp_path: Path) -> None:
    (tmp_path / "f").symlink_to("sub/real")
    applied(tmp_path, *ADD)
    assert (tmp_path / "f").is_symlink()
    assert (tmp_path / "sub" / "real").read_text() == "b\n"


def test_a_move_over_another_file_is_a_rename(file: Path) -> None:
    file.chmod(0o755)
    target = file.parent / "g"
    target.write_text("old\n")
    os.link(target, file.parent / "other")
    applied(file.parent, "*** Update File: f", "*** Move to: g", "@@", "-a", "+b")
    assert (target.read_text(), stat.S_IMODE(target.stat().st_mode)) == ("b\n", 0o755)
    assert (file.parent / "other").read_text() == "old\n"


def test_a_move_onto_another_name_of_the_same_file_leaves_one(file: Path) -> None:
    os.link(file, file.parent / "g")
    applied(file.parent, "*** Update File: f", "*** Move to: g", "@@", "-a", "+b")
    assert os.listdir(file.parent) == ["g"]
    assert (file.parent / "g").read_text() == "b\n"


@pytest.mark.parametrize("lines", [MOVE, PURE_MOVE])
def test_a_move_to_another_file_system_keeps_mode_and_content(
    file: Path, lines: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    file.chmod(0o755)
    os.link(file, file.parent / "other")

    def rename(source: str, target: str, **_where: int) -> None:
        raise OSError(errno.EXDEV, os.strerror(errno.EXDEV))

    with monkeypatch.context() as other_file_system:
        other_file_system.setattr(os, "rename", rename)
        applied(file.parent, *lines)
    target = file.parent / "new" / "g"
    assert target.read_text() == ("b\n" if lines is MOVE else "a\n")
    assert stat.S_IMODE(target.stat().st_mode) == 0o755
    assert not file.exists()


def test_what_changes_nothing_writes_nothing(file: Path) -> None:
    os.utime(file, (1, 1))
    applied(file.parent, "*** Update File: f", "@@", " a")
    assert file.stat().st_mtime == 1


# --- no room, no time, no life


def limited(folder: Path, script: str, *, size: int) -> subprocess.CompletedProcess[str]:
    """`script` in a process that may not write more than `size` bytes to a file."""
    return subprocess.run(
        [sys.executable, "-c", script],
        cwd=folder,
        check=False,
        capture_output=True,
        text=True,
        timeout=60,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (size, size)),
    )


@pytest.mark.parametrize("names", [1, 2])
def test_without_room_for_the_new_content_the_old_stays(file: Path, names: int) -> None:
    """A file with one name and one that is written in place."""
    if names == 2:
        os.link(file, file.parent / "other")
    lines = ["*** Begin Patch", "*** Update File: f", "@@", "-a", "+" + "b" * 9_000, "*** End Patch"]
    script = (
        "import os\n"
        "from codex_trio.files.disk import DiskFiles\n"
        "from codex_trio.tools.apply_patch.apply import apply_blocking\n"
        "from codex_trio.tools.apply_patch.parser import parse\n"
        f"print(apply_blocking(parse({chr(10).join(lines)!r}), os.getcwd(), DiskFiles()).stderr)\n"
    )
    done = limited(file.parent, script, size=4_096)
    assert done.stdout.startswith(f"Failed to write file {file}: File too large"), done.stderr
    assert file.read_text() == "a\n"
    assert len(os.listdir(file.parent)) == names


def test_a_new_file_that_there_is_no_room_for_is_not_there(tmp_path: Path) -> None:
    script = (
        "import os\n"
        "from codex_trio.files.disk import DiskFiles\n"
        "try: DiskFiles().write(os.getcwd() + '/f', b'x' * 9_000)\n"
        "except OSError as error: print(error.strerror)\n"
    )
    assert limited(tmp_path, script, size=4_096).stdout == "File too large\n"
    assert os.listdir(tmp_path) == []


def test_a_crash_leaves_the_old_file_or_the_new_one(tmp_path: Path) -> None:
    texts = {b"a" * 3_000_000, b"b" * 3_000_000}
    (tmp_path / "f").write_bytes(b"a" * 3_000_000)
    script = (
        "import os, itertools\n"
        "from codex_trio.files.disk import DiskFiles\n"
        "files, path = DiskFiles(), os.getcwd() + '/f'\n"
        "for letter in itertools.cycle((b'b', b'a')):\n"
        "    files.write(path, letter * 3_000_000)\n"
        "    print(flush=True)\n"
    )
    for round_number in range(6):
        with subprocess.Popen([sys.executable, "-c", script], cwd=tmp_path, stdout=subprocess.PIPE) as process:
            assert process.stdout is not None
            process.stdout.readline()
            try:
                process.wait(0.003 * round_number)
            except subprocess.TimeoutExpired:
                process.send_signal(signal.SIGKILL)
        assert (tmp_path / "f").read_bytes() in texts


# --- what is no file


def named_pipe(path: Path) -> None:
    os.mkfifo(path)


def bound_socket(path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as listening:
        here = os.getcwd()
        try:
            os.chdir(path.parent)
            listening.bind(path.name)
        finally:
            os.chdir(here)


def device(path: Path) -> None:
    path.symlink_to("/dev/full")


@pytest.mark.parametrize(
    ("make", "kind"),
    [(named_pipe, "named pipe"), (bound_socket, "socket"), (device, "device")],
    ids=lambda value: value,
)
def test_what_is_no_file_is_refused_at_once_by_name(tmp_path: Path, make: Callable[[Path], None], kind: str) -> None:
    make(tmp_path / "f")
    (tmp_path / "g").write_text("a\n")
    for lines in (UPDATE, ADD, ("*** Update File: g", "*** Move to: f", "@@", "-a", "+b")):
        assert f"{kind}, not a regular file" in refused(tmp_path, *lines)
    if kind != "device":
        assert "Failed to delete file" in refused(tmp_path, *DELETE)
    assert os.path.lexists(tmp_path / "f")
    assert (tmp_path / "g").read_text() == "a\n"


def test_a_folder_is_neither_written_nor_removed_nor_moved_over(file: Path) -> None:
    (file.parent / "d").mkdir()
    assert refused(file.parent, "*** Add File: d", "+x") == f"Failed to write file {file.parent}/d\n"
    assert refused(file.parent, "*** Delete File: d").startswith(f"Failed to delete file {file.parent}/d")
    assert refused(file.parent, "*** Update File: f", "*** Move to: d", "@@", "-a", "+b").startswith("Failed to write")
    assert file.read_text() == "a\n"


def test_a_file_without_an_end_is_too_big_to_be_changed(tmp_path: Path) -> None:
    with open(tmp_path / "f", "wb") as sparse:
        sparse.truncate(6 << 30)
    assert "is larger than" in refused(tmp_path, *UPDATE)
    applied(tmp_path, *ADD)
    assert (tmp_path / "f").read_text() == "b\n"


def test_a_path_that_is_none_is_refused(tmp_path: Path) -> None:
    assert "no NUL" in refused(tmp_path, "*** Update File: a\0b", "@@", "-a")
    assert "no NUL" in refused(tmp_path, "*** Add File: a\0b", "+a")


# --- removing


def verified(folder: Path, *lines: str) -> dict[str, object]:
    return dict(
        verify(parse("\n".join(["*** Begin Patch", *lines, "*** End Patch"])), str(folder), DiskFiles()).changes
    )


@pytest.mark.parametrize("content", [b"\xff\xfe\0", b"a\x00b", "caf\u00e9".encode("latin-1")])
def test_a_file_that_is_no_text_can_be_removed(file: Path, content: bytes) -> None:
    file.write_bytes(content)
    shown = content.decode() if content.isascii() else ""
    assert verified(file.parent, *DELETE) == {str(file): DeleteChange(content=shown)}
    outcome = patch(file.parent, *DELETE)
    assert outcome.stdout.endswith("D f\n")
    assert not file.exists()
    tracker = TurnDiffTracker(lambda: str(file.parent))
    tracker.observe(outcome.edits)
    assert tracker.text.startswith("diff --git a/f b/f\ndeleted file mode 100644\n")


def test_a_file_too_big_to_be_remembered_can_be_removed(file: Path) -> None:
    with open(file, "wb") as sparse:
        sparse.truncate(6 << 30)
    assert verified(file.parent, *DELETE) == {str(file): DeleteChange(content="")}
    outcome = patch(file.parent, *DELETE)
    assert not file.exists()
    tracker = TurnDiffTracker(lambda: str(file.parent))
    tracker.observe(outcome.edits)
    assert tracker.text == ("diff --git a/f b/f\ndeleted file mode 100644\nBinary files a/f and /dev/null differ\n")


def test_a_file_that_may_not_be_read_can_be_removed(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    system_open = os.open

    def open_unless_to_read(path: str, flags: int, *how: int, **where: int | None) -> int:
        if os.path.basename(path) == file.name and not flags & (os.O_PATH | os.O_WRONLY):
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))
        return system_open(path, flags, *how, **where)

    with monkeypatch.context() as unreadable:
        # Whoever is root may read any file.
        unreadable.setattr(os, "open", open_unless_to_read)
        with pytest.raises(PermissionError):
            DiskFiles().read(str(file))
        assert verified(file.parent, *DELETE) == {str(file): DeleteChange(content="")}
        applied(file.parent, *DELETE)
    assert not file.exists()


@pytest.mark.parametrize("target", ["missing", ".", "f/x"])
def test_a_link_can_be_removed_wherever_it_leads(file: Path, target: str) -> None:
    link = file.parent / "link"
    link.symlink_to(target)
    assert verified(file.parent, "*** Delete File: link") == {str(link): DeleteChange(content="")}
    applied(file.parent, "*** Delete File: link")
    assert not link.is_symlink()
    with pytest.raises(VerificationError, match="No such file"):
        verified(file.parent, "*** Delete File: link")


# --- folders that become links meanwhile


class Swapping:
    """A gate that admits places below a folder, and swaps a folder for a link once it has admitted one."""

    def __init__(self, workspace: Path, outside: Path) -> None:
        self._workspace = workspace
        self._outside = outside

    def admits(self, place: str) -> bool:
        admitted = place.startswith(f"{self._workspace}/")
        folder = self._workspace / "d"
        if admitted and not folder.is_symlink():
            folder.rename(self._workspace / "away")
            folder.symlink_to(self._outside)
        return admitted

    def admits_beside(self, place: str) -> bool:
        return True


@pytest.mark.parametrize(
    "lines",
    [
        ("*** Add File: d/new", "+x"),
        ("*** Add File: d/sub/deep/new", "+x"),
        ("*** Update File: d/f", "@@", "-a", "+b"),
        ("*** Update File: d/f", "*** Move to: d/g", "@@", "-a", "+b"),
        ("*** Update File: g", "*** Move to: d/g", "@@", "-a", "+b"),
        ("*** Delete File: d/f",),
    ],
)
def test_a_folder_swapped_for_a_link_leads_nowhere(tmp_path: Path, lines: tuple[str, ...]) -> None:
    workspace, outside = tmp_path / "workspace", tmp_path / "outside"
    for folder in (workspace, workspace / "d", outside):
        folder.mkdir()
        (folder / "f").write_text("a\n")
    (workspace / "g").write_text("a\n")
    assert refused(workspace, *lines, files=DiskFiles(Swapping(workspace, outside)))
    assert os.listdir(outside) == ["f"]
    assert (outside / "f").read_text() == "a\n"
    # Checked as it is by now, it leads outside.
    assert "which may not be written" in refused(workspace, *lines, files=DiskFiles(Swapping(workspace, outside)))
    assert os.listdir(outside) == ["f"]
