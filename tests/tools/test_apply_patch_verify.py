"""A patch is checked, and its changes worked out, before anything is written."""

import os
import tempfile
from itertools import chain
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from codex_trio.domain.items import AddChange, DeleteChange, UpdateChange
from codex_trio.files.disk import DiskFiles
from codex_trio.tools.apply_patch.apply import apply_blocking
from codex_trio.tools.apply_patch.parser import PatchError, parse
from codex_trio.tools.apply_patch.verify import VerificationError, VerifiedPatch, failure_for_model, verify


def checked(folder: Path, *lines: str) -> VerifiedPatch:
    return verify(parse("\n".join(["*** Begin Patch", *lines, "*** End Patch"])), str(folder), DiskFiles())


def told(folder: Path, *lines: str) -> str:
    """Return what the model is told about a patch that does not fit."""
    with pytest.raises(VerificationError) as caught:
        checked(folder, *lines)
    return failure_for_model(caught.value)


def test_changes_carry_contents_and_diffs_with_one_line_of_context(tmp_path):
    (tmp_path / "a").write_text("".join(f"line{number}\n" for number in range(40)))
    (tmp_path / "gone").write_text("bye\n")
    verified = checked(
        tmp_path,
        "*** Update File: a",
        "*** Move to: sub/b",
        "@@",
        "-line10",
        "+line10x",
        "@@",
        "-line30",
        "*** Delete File: gone",
        "*** Add File: ./new",
        "+hi",
    )
    assert verified.changes == {
        f"{tmp_path}/a": UpdateChange(
            unified_diff=(
                "@@ -10,3 +10,3 @@\n line9\n-line10\n+line10x\n line11\n@@ -30,3 +30,2 @@\n line29\n-line30\n line31\n"
            ),
            move_path=f"{tmp_path}/sub/b",
        ),
        f"{tmp_path}/gone": DeleteChange(content="bye\n"),
        f"{tmp_path}/new": AddChange(content="hi\n"),
    }
    assert verified.written_paths() == [f"{tmp_path}/{name}" for name in ("a", "gone", "new", "sub/b")]
    assert not (tmp_path / "new").exists()


def test_a_missing_final_newline_shows_in_the_diff(tmp_path):
    (tmp_path / "f").write_text("aa\nbb")
    changes = checked(tmp_path, "*** Update File: f", "@@", "-bb", "+cc").changes
    assert changes[f"{tmp_path}/f"] == UpdateChange(
        unified_diff="@@ -1,2 +1,2 @@\n aa\n-bb\n\\ No newline at end of file\n+cc\n"
    )


def test_what_does_not_fit_is_told_in_words_that_models_know(tmp_path):
    (tmp_path / "f").write_text("a\nb\n")
    (tmp_path / "sub").mkdir()
    (tmp_path / "bin").write_bytes(b"\xff\xfe")
    failed = "apply_patch verification failed: "
    missing = "No such file or directory (os error 2)"
    assert told(tmp_path) == "patch rejected: empty patch"
    assert told(tmp_path, "*** Update File: f", "@@", "-x", " y") == (
        f"{failed}Failed to find expected lines in {tmp_path}/f:\nx\ny"
    )
    assert told(tmp_path, "*** Update File: f", "@@ x", "-a") == f"{failed}Failed to find context 'x' in {tmp_path}/f"
    assert told(tmp_path, "*** Update File: q", "@@", "-a") == (
        f"{failed}Failed to read file to update {tmp_path}/q: {missing}"
    )
    assert told(tmp_path, "*** Delete File: q") == f"{failed}Failed to read {tmp_path}/q: {missing}"
    assert told(tmp_path, "*** Delete File: sub") == (
        f"{failed}Failed to read {tmp_path}/sub: path `{tmp_path}/sub` is not a file"
    )
    assert told(tmp_path, "*** Update File: bin", "@@", "-a") == (
        f"{failed}Failed to read file to update {tmp_path}/bin: invalid utf-8 sequence of 1 bytes from index 0"
    )
    assert told(tmp_path, "*** Add File: n", "+a", "*** Update File: ./n", "@@", "-a") == (
        f"{failed}invalid patch: multiple operations target {tmp_path}/n"
    )
    with pytest.raises(PatchError) as caught:
        parse("nope")
    assert failure_for_model(caught.value).startswith(f"{failed}invalid patch: ")


LINE = st.sampled_from(["a", "b", "", "  c", "c ", "d\te", "ü"])
ENDING = st.sampled_from(["\n", "\n", "\r\n"])
FILE = st.builds(
    lambda lines, last: "".join(line + ending for line, ending in lines) + last,
    st.lists(st.tuples(LINE, ENDING), max_size=6),
    st.sampled_from(["", "", "tail"]),
)
CHUNK = st.builds(
    lambda header, lines: [header, *lines],
    st.sampled_from(["@@", "@@ a"]),
    st.lists(st.builds(str.__add__, st.sampled_from([" ", "-", "+"]), LINE), min_size=1, max_size=5),
)
HUNK = st.one_of(
    st.builds(
        lambda name, lines: [f"*** Add File: {name}", *(f"+{line}" for line in lines)],
        st.sampled_from("fgh"),
        st.lists(LINE, max_size=3),
    ),
    st.sampled_from("fgh").map(lambda name: [f"*** Delete File: {name}"]),
    st.builds(
        lambda name, move, chunks: [f"*** Update File: {name}", *move, *chain.from_iterable(chunks)],
        st.sampled_from("fgh"),
        st.sampled_from([[], [], ["*** Move to: g"], ["*** Move to: new/f"]]),
        st.lists(CHUNK, min_size=1, max_size=2),
    ),
)


@given(files=st.dictionaries(st.sampled_from("fg"), FILE), hunks=st.lists(HUNK, min_size=1, max_size=3))
@settings(max_examples=150, deadline=None)
def test_applying_does_exactly_what_verifying_promised(files, hunks):
    with tempfile.TemporaryDirectory() as folder:
        for name, text in files.items():
            Path(folder, name).write_bytes(text.encode())
        patch = parse("\n".join(["*** Begin Patch", *chain.from_iterable(hunks), "*** End Patch"]))
        before = _contents(folder)
        try:
            verified = verify(patch, folder, DiskFiles())
        except VerificationError:
            assert _contents(folder) == before
            return
        assert _contents(folder) == before
        outcome = apply_blocking(patch, folder, DiskFiles())
        assert outcome.exit_code == 0
        assert outcome.edits == verified.edits
        expected = dict(before)
        for edit in verified.edits:
            expected.pop(edit.path, None)
            if edit.after is not None:
                expected[edit.move_to or edit.path] = edit.after
        assert _contents(folder) == expected


def _contents(folder: str) -> dict[str, bytes]:
    return {str(path): path.read_bytes() for path in Path(folder).rglob("*") if os.path.isfile(path)}
