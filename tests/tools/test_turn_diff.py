"""The diff of a turn adds up what its patches did, as git would show it."""

from pathlib import Path

from codex_trio.files.disk import DiskFiles
from codex_trio.tools.apply_patch.apply import apply_blocking
from codex_trio.tools.apply_patch.parser import parse
from codex_trio.tools.turn_diff import TurnDiffTracker

ABSENT = "0" * 40
OID = {  # git hash-object
    "x\n": "587be6b4c3f93f93c489c0111bba5596147a26cb",
    "hi\n": "45b983be36b73c0788dc9cbcb76cbb80fc7bb057",
    "x": "c1b0730e0133447badcfd47fd144e254807b06e1",
    "": "e69de29bb2d1d6434b8b29ae775ad8c2e48c5391",
    "one\n1\n": "48462505de158d237de5bc733705912b8ec8bb55",
    "two\n1\n": "171f3992a4d9749be6d88ccc2d1c060112c4fa38",
    "two\n2\n": "990594dcb3f1fd830d1981ee4658d764f11eead1",
    "one\n1c\n": "99b2003d9211d363bbf53520108ee8c136b0226b",
}


class Turn:
    """A turn in `folder`: patches in, diff out."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.tracker = TurnDiffTracker(lambda: str(folder))

    def patch(self, *lines: str) -> str:
        outcome = apply_blocking(
            parse("\n".join(["*** Begin Patch", *lines, "*** End Patch"])), str(self.folder), DiskFiles()
        )
        self.tracker.observe(outcome.edits)
        return self.tracker.text


def new_file(name: str, content: str, *body: str) -> str:
    head = f"diff --git a/{name} b/{name}\nnew file mode 100644\nindex {ABSENT}..{OID[content]}\n"
    return head + (f"--- /dev/null\n+++ b/{name}\n" + "\n".join(body) + "\n" if body else "")


def deleted_file(name: str, content: str, *body: str) -> str:
    head = f"diff --git a/{name} b/{name}\ndeleted file mode 100644\nindex {OID[content]}..{ABSENT}\n"
    return head + (f"--- a/{name}\n+++ /dev/null\n" + "\n".join(body) + "\n" if body else "")


def changed_file(old: str, new: str, before: str, after: str, *body: str) -> str:
    head = f"diff --git a/{old} b/{new}\nindex {OID[before]}..{OID[after]}\n--- a/{old}\n+++ b/{new}\n"
    return head + "\n".join(body) + "\n"


MOVED = changed_file("a", "b", "one\n1\n", "two\n1\n", "@@ -1,2 +1,2 @@", "-one", "+two", " 1")


def test_new_changed_and_deleted_files_are_shown_with_full_blob_ids(tmp_path):
    (tmp_path / "a.txt").write_text("x")
    (tmp_path / "gone").write_text("x\n")
    diff = Turn(tmp_path).patch(
        "*** Update File: a.txt", "@@", "-x", "+hi", "*** Add File: n/b", "+x", "*** Delete File: gone"
    )
    assert diff == (
        changed_file("a.txt", "a.txt", "x", "hi\n", "@@ -1 +1 @@", "-x", "\\ No newline at end of file", "+hi")
        + deleted_file("gone", "x\n", "@@ -1 +0,0 @@", "-x")
        + new_file("n/b", "x\n", "@@ -0,0 +1 @@", "+x")
    )


def test_empty_files_have_no_hunks(tmp_path):
    (tmp_path / "e").write_text("")
    turn = Turn(tmp_path)
    assert turn.patch("*** Delete File: e", "*** Add File: n") == deleted_file("e", "") + new_file("n", "")


def test_only_the_difference_to_the_start_of_the_turn_counts(tmp_path):
    (tmp_path / "a").write_text("one\n1\n")
    turn = Turn(tmp_path)
    turn.patch("*** Add File: new", "+y")
    assert turn.patch("*** Update File: new", "@@", "-y", "+x") == new_file("new", "x\n", "@@ -0,0 +1 @@", "+x")
    assert turn.patch("*** Delete File: new") == ""
    assert turn.patch("*** Update File: a", "@@", "-one", "+two").startswith("diff --git a/a b/a\n")
    assert turn.patch("*** Update File: a", "@@", "-two", "+one") == ""


def test_a_moved_file_is_one_change_under_both_names(tmp_path):
    (tmp_path / "a").write_text("one\n1\n")
    turn = Turn(tmp_path)
    assert turn.patch("*** Update File: a", "*** Move to: b", "@@", " one") == ""
    assert turn.patch("*** Update File: b", "@@", "-one", "+two") == MOVED


def test_a_move_is_followed_until_its_old_name_is_used_again(tmp_path):
    (tmp_path / "a").write_text("one\n1\n")
    turn = Turn(tmp_path)
    assert turn.patch("*** Update File: a", "*** Move to: b", "@@", "-one", "+two") == MOVED
    reused = turn.patch("*** Add File: a", "+x")
    assert reused.startswith("diff --git a/a b/a\nindex ")
    assert new_file("b", "two\n1\n", "@@ -0,0 +1,2 @@", "+two", "+1") in reused
    assert turn.patch("*** Delete File: a") == MOVED
    gone = deleted_file("a", "one\n1\n", "@@ -1,2 +0,0 @@", "-one", "-1")
    assert turn.patch("*** Delete File: b") == gone
    assert turn.patch("*** Add File: b", "+x") == gone + new_file("b", "x\n", "@@ -0,0 +1 @@", "+x")


def test_a_move_over_another_file_deletes_one_and_changes_the_other(tmp_path):
    (tmp_path / "a").write_text("one\n1\n")
    (tmp_path / "b").write_text("two\n2\n")
    assert Turn(tmp_path).patch("*** Update File: a", "*** Move to: b", "@@", "-1", "+1c") == (
        deleted_file("a", "one\n1\n", "@@ -1,2 +0,0 @@", "-one", "-1")
        + changed_file("b", "b", "two\n2\n", "one\n1c\n", "@@ -1,2 +1,2 @@", "-two", "-2", "+one", "+1c")
    )


def test_files_swapped_in_three_moves_are_two_changes_in_place(tmp_path):
    (tmp_path / "a").write_text("one\n1\n")
    (tmp_path / "b").write_text("two\n2\n")
    turn = Turn(tmp_path)
    turn.patch("*** Update File: a", "*** Move to: c", "@@", "-1", "+1c")
    turn.patch("*** Update File: b", "*** Move to: a", "@@", "-2", "+2a")
    diff = turn.patch("*** Update File: c", "*** Move to: b", "@@", "-1c", "+1d")
    assert [line for line in diff.splitlines() if line.startswith("diff")] == [
        "diff --git a/a b/a",
        "diff --git a/b b/b",
    ]


def test_files_are_in_order_of_name_and_those_outside_keep_their_full_path(tmp_path):
    inside = tmp_path / "work"
    inside.mkdir()
    names = ["z", "../out", "a/b", "a-b", "Z"]
    diff = Turn(inside).patch(*(line for name in names for line in (f"*** Add File: {name}", "+x")))
    assert [line.split(" ")[3] for line in diff.splitlines() if line.startswith("diff")] == [
        f"b/{tmp_path}/out",
        "b/Z",
        "b/a-b",
        "b/a/b",
        "b/z",
    ]


def test_a_change_through_a_link_is_shown_where_the_content_is(tmp_path):
    (tmp_path / "f").write_text("one\n1\n")
    (tmp_path / "link").symlink_to("f")
    assert Turn(tmp_path).patch("*** Update File: link", "@@", "-one", "+two") == changed_file(
        "f", "f", "one\n1\n", "two\n1\n", "@@ -1,2 +1,2 @@", "-one", "+two", " 1"
    )


def test_content_that_is_no_text_is_only_said_to_differ(tmp_path):
    (tmp_path / "bin").write_bytes(b"\xff")
    diff = Turn(tmp_path).patch("*** Add File: bin", "+x", "*** Add File: n", "+x")
    assert "Binary files a/bin and b/bin differ\n" in diff
    assert diff.endswith(new_file("n", "x\n", "@@ -0,0 +1 @@", "+x"))
