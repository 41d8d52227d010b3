"""Any text is read as a patch or refused with a reason that names the place."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from codex_trio.tools.apply_patch.parser import (
    AddHunk,
    Chunk,
    DeleteHunk,
    Patch,
    PatchError,
    PatchReader,
    UpdateHunk,
    parse,
)

NO_BEGIN = "invalid patch: The first line of the patch must be '*** Begin Patch'"
NO_END = "invalid patch: The last line of the patch must be '*** End Patch'"
SIGNS = "Every line should start with ' ' (context line), '+' (added line), or '-' (removed line)"
HEADERS = "Valid hunk headers: '*** Add File: {path}', '*** Delete File: {path}', '*** Update File: {path}'"
NO_LINES = "Update hunk does not contain any lines"


def framed(*lines: str) -> str:
    return "\n".join(["*** Begin Patch", *lines, "*** End Patch"])


def updated(*lines: str) -> UpdateHunk:
    (hunk,) = parse(framed("*** Update File: f", *lines)).hunks
    assert isinstance(hunk, UpdateHunk)
    return hunk


def complaint(text: str) -> str:
    with pytest.raises(PatchError) as caught:
        parse(text)
    return caught.value.for_model()


def test_hunks_keep_the_order_of_the_text_and_paths_as_written():
    patch = parse(
        framed(
            "*** Environment ID: local",
            "*** Add File: d/n",
            "+one",
            "+",
            "*** Delete File: ../x y",
            "*** Update File: f",
            "*** Move to: g",
            "@@ def f():",
            " kept",
            "-old",
            "+new",
            "*** End of File",
        )
    )
    chunk = Chunk(context="def f():", lines=((" ", "kept"), ("-", "old"), ("+", "new")), at_end=True)
    assert patch == Patch(
        environment_id="local",
        hunks=(
            AddHunk(path="d/n", content="one\n\n"),
            DeleteHunk(path="../x y"),
            UpdateHunk(path="f", move_to="g", chunks=(chunk,)),
        ),
    )


@pytest.mark.parametrize(
    "text",
    [
        "  *** Begin Patch \n\t*** Delete File: f \n*** End Patch\n\n",
        "<<EOF\n*** Begin Patch\n*** Delete File: f\n*** End Patch\nEOF",
        "<<'EOF'\n*** Begin Patch\n*** Delete File: f\n*** End Patch\nEOF",
        '<<"EOF"\n*** Begin Patch\n*** Delete File: f\n*** End Patch\nxEOF\n',
        "*** Begin Patch\r\n*** Delete File: f\r\n*** End Patch\r\n",
        "\u00a0*** Begin Patch\u00a0\n*** Delete File: f\x85\n*** End Patch",
        "*** Begin Patch\n*** Delete File: f\n*** End Patch\n\n*** End Patch",
    ],
)
def test_padding_heredoc_frames_and_line_endings_do_not_matter(text):
    assert parse(text).hunks == (DeleteHunk(path="f"),)


def test_an_empty_line_in_an_update_is_an_empty_kept_line():
    assert updated("@@", " a", "", "-b").chunks[0].lines == ((" ", "a"), (" ", ""), ("-", "b"))
    assert updated("").chunks[0].lines == ((" ", ""),)


def test_only_the_first_chunk_needs_no_header():
    assert [chunk.context for chunk in updated("-a", "@@", "-b", "@@ c", "-d").chunks] == [None, None, "c"]


def test_marker_like_lines_inside_a_file_are_content():
    assert updated("@@", "-a", "  *** End Patch", "+*** End Patch").chunks[0].lines == (
        ("-", "a"),
        (" ", " *** End Patch"),
        ("+", "*** End Patch"),
    )


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", NO_END),
        ("*** Begin Patch", NO_END),
        ("*** begin patch\n*** end patch", NO_BEGIN),
        ("hello\n*** Begin Patch\n*** End Patch", NO_BEGIN),
        ("<<EOF\n*** Begin Patch\nEOF", NO_BEGIN),
        ("<<'EOF'\n*** Begin Patch\n*** Delete File: f\nEOF", NO_END),
        ("\x1c*** Begin Patch\n*** End Patch", NO_BEGIN),
        (framed("*** Delete File: f", "*** End Patch", "*** Add File: x"), NO_END),
        (framed("*** Environment ID:"), "invalid patch: apply_patch environment_id cannot be empty"),
        (
            framed("*** Environment ID: a", "*** Environment ID: b"),
            "invalid patch: apply_patch environment_id cannot be specified more than once",
        ),
        (framed("*** Update File: f"), "invalid hunk at line 2, Update file hunk for path 'f' is empty"),
        (
            framed("*** Update File: f", "*** Move to: g"),
            "invalid hunk at line 2, Update file hunk for path 'f' is empty",
        ),
        (framed("*** Update File: f", "@@"), f"invalid hunk at line 4, {NO_LINES}"),
        (framed("*** Update File: f", "@@", "*** End of File"), f"invalid hunk at line 4, {NO_LINES}"),
        (framed("*** Update File: f", "-a", "@@ b"), f"invalid hunk at line 5, {NO_LINES}"),
        (
            framed("*** Update File: f", "@@", "@@ b", "-a"),
            f"invalid hunk at line 4, Unexpected line found in update hunk: '@@ b'. {SIGNS}",
        ),
        (
            framed("*** Update File: f", "@@", "-a", "*** Foo"),
            "invalid hunk at line 5, Expected update hunk to start with a @@ context marker, got: '*** Foo'",
        ),
        (
            framed("*** Update File: f", "@@", "-a", "*** End of File", "-b"),
            "invalid hunk at line 6, Expected update hunk to start with a @@ context marker, got: '-b'",
        ),
        (
            framed("*** Add File: f", "+a", "", "+b"),
            f"invalid hunk at line 4, '' is not a valid hunk header. {HEADERS}",
        ),
    ],
)
def test_what_is_wrong_with_a_patch_is_said_in_words_that_models_know(text, reason):
    assert complaint(text) == reason


def test_text_that_no_file_could_hold_is_refused():
    assert complaint(framed("*** Add File: f", "+\ud800")).startswith("invalid patch: ")


MARKERS = ["*** Begin Patch", "*** End Patch", "*** Add File: a", "*** Delete File: b", "*** Update File: c"]
MORE_MARKERS = ["*** Move to: d", "*** End of File", "*** Environment ID: e", "@@", "@@ ctx", "<<EOF", "EOF", "***"]
PIECES = st.sampled_from([*MARKERS, *MORE_MARKERS, "", " ", "+", "-", "+x", "-y", " z", "junk", "\t", "\r"])


@given(st.one_of(st.text(), st.lists(st.one_of(PIECES, st.text(max_size=5)), max_size=15).map("\n".join)))
@settings(max_examples=300, deadline=None)
def test_any_text_gives_a_patch_or_a_patch_error(text):
    for candidate in (text, framed(text)):
        try:
            patch = parse(candidate)
        except PatchError:
            continue
        assert isinstance(patch, Patch)


@pytest.mark.parametrize("size", [1, 7, 1000])
def test_a_patch_that_comes_in_pieces_is_read_as_the_whole_one(size: int) -> None:
    lines = ["*** Begin Patch", "*** Environment ID: there", "*** Add File: a", "+x", "+", "*** Delete File: b\r"]
    lines += ["*** Update File: c", "*** Move to: d", "@@ f", " x", "-y", "+z", "*** End of File", "*** End Patch", ""]
    text = "\n".join(lines)
    reader = PatchReader()
    for at in range(0, len(text), size):
        reader.feed(text[at : at + size])
    assert tuple(reader.hunks()) == parse(text).hunks
