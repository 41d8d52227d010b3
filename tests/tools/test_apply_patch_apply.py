"""Patches do to real files what the established tool does to them."""

import io
import json
from pathlib import Path

import pytest

from codex_trio.files.disk import DiskFiles
from codex_trio.tools.apply_patch.apply import PatchOutcome, apply_blocking
from codex_trio.tools.apply_patch.matching import MatchError, update_text
from codex_trio.tools.apply_patch.parser import Chunk, UpdateHunk, parse
from codex_trio.tools.apply_patch.standalone import main
from codex_trio.tools.apply_patch.verify import verify

DATA = Path(__file__).parent.parent / "data" / "apply_patch_cases.jsonl"
CASES = [json.loads(line) for line in DATA.read_text().splitlines()]


def fill(folder: Path, files: dict[str, str | bytes]) -> None:
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else content.encode())


def contents(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def run(folder: Path, *arguments: str, stdin: bytes = b"") -> tuple[int, str, str]:
    """Return the standalone command in `folder`: exit code, stdout, stderr."""
    out, err = io.StringIO(), io.StringIO()
    code = main(arguments, cwd=str(folder), stdin=io.BytesIO(stdin), stdout=out, stderr=err)
    return code, out.getvalue(), err.getvalue()


def update(*lines: str) -> str:
    return "\n".join(["*** Begin Patch", "*** Update File: f", *lines, "*** End Patch"])


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["name"])
def test_a_recorded_patch_has_its_recorded_effect(case, tmp_path):
    def local(text: str) -> str:
        return text.replace("$CWDNAME", tmp_path.name).replace("$CWD", str(tmp_path))

    fill(tmp_path, case["files"])
    assert run(tmp_path, local(case["patch"])) == (case["exit"], local(case["stdout"]), local(case["stderr"]))
    assert contents(tmp_path) == {name: content.encode() for name, content in case["after"].items()}


@pytest.mark.parametrize(
    ("before", "lines", "after"),
    [
        ("a\r\nb\r\n", ["@@", " a", "+n"], "a\r\nn\r\nb\r\n"),
        ("a\r\nb\nc\r\n", ["@@", " a", " b", "-c", "+d"], "a\r\nb\nd\r\n"),
        ("a\nb\r\n", ["@@", "+n"], "a\nb\r\nn\r\n"),
        ("a\r\nb", ["@@", "-b", "+n"], "a\r\nn\r\n"),
        ("a\r\nb\n", ["@@", "-b", "+B"], "a\r\nB\n"),
        ("#!x\na\r\nb\r\n", ["@@", " a", "+n", "-b", "+B"], "#!x\na\r\nn\r\nB\r\n"),
        ("a\r\nb\n", ["@@", "-a", "-b", "+A", "+B", "+C"], "a\r\nb\n".upper() + "C\n"),
        ("a\nb\r\n", ["@@", "+n", " a"], "n\na\nb\r\n"),
        ("a\r\nb\n", ["@@", "-a", " b"], "b\n"),
        ("a\rb\r", ["@@", "-b", "+d", "+e"], "a\rd\re\r"),
        ("a\rb\nc\n", ["@@", "-c", "+d"], "a\rb\nd\n"),
        ("a\rb\nc\n", ["@@", "-a\rb", "+A\rb", "+n", " c"], "A\rb\nn\nc\n"),
        ("10%\r20%\nok\n", ["@@", " 10%\r20%", "+n"], "10%\r20%\nn\nok\n"),
        ("1%\r2%\r3%\nok\n", ["@@", "-1%\r2%\r3%", "+n"], "n\nok\n"),
        ("1%\r2%\r3%\r\nok\n", ["@@", "-1%\r2%\r3%", "+n", "+m"], "n\r\nm\r\nok\n"),
        ("1%\r2%\r3%\nok\n", ["@@", "-1%", "-2%", "+n"], "n\r3%\nok\n"),
        ("1%\r2%\r3%\nok\n", ["@@", "-2%", "+n", "+m"], "1%\rn\nm\r3%\nok\n"),
        ("1%\r2%\nok\n", ["@@", "-1%\r2%", "+3%\r4%"], "3%\r4%\nok\n"),
        ("a\r\r\nb\r\r\nc\r\r\n", ["@@", " a", "-b", "+B", " c"], "a\r\r\nB\r\r\nc\r\r\n"),
        ("a\r\r\nb\r\r\n", ["@@", " a", "+n"], "a\r\r\nn\r\r\nb\r\r\n"),
        ("a\r\r\n\r\r\nb", ["@@", " a", " ", "-b", "+B"], "a\r\r\n\r\r\nB\r\r\n"),
    ],
)
def test_a_new_line_ends_as_the_one_it_replaces_or_its_neighbours_and_kept_lines_stay(before, lines, after, tmp_path):
    fill(tmp_path, {"f": before})
    assert run(tmp_path, update(*lines))[0] == 0
    assert contents(tmp_path)["f"] == after.encode()


@pytest.mark.parametrize(
    ("before", "lines", "after"),
    [
        ("a\nb", ["@@", "-a", "+A", " b"], "A\nb"),
        ("a\nb", ["@@", "-a"], "b"),
        ("a\r\nb\r\nc", ["@@", " a", "-b", "+B"], "a\r\nB\r\nc"),
        ("a\nb", ["@@", "+n", " b"], "a\nn\nb"),
        ("a\nb", ["@@", " b", "*** End of File"], "a\nb"),
        ("a\nb \t", ["@@", "-a", "+A", " b"], "A\nb \t"),
        # The patch language has no last line without an ending: what it puts there is a whole line.
        ("a\nb", ["@@", "-b", "+B"], "a\nB\n"),
        ("a\nb", ["@@", " b", "+c"], "a\nb\nc\n"),
        ("a\r\nb", ["@@", "+c"], "a\r\nb\r\nc\r\n"),
        ("a", ["@@", "+c"], "a\nc\n"),
        ("a", ["@@", "+c", "@@", "+d"], "a\nc\nd\n"),
        ("a", ["@@", " a", "@@", "+c"], "a\nc\n"),
        ("a\nb", ["@@", "-b", "@@", "+d"], "a\nd\n"),
        ("a\nb", ["@@", "-a", "@@", "+d"], "b\nd\n"),
        ("a\nb", ["@@", "-b"], "a\n"),
        ("a\nb\n\n\n", ["@@", "-a", "+A"], "A\nb\n\n\n"),
    ],
)
def test_the_end_of_a_file_stays_as_it_was_unless_the_patch_changes_it(before, lines, after, tmp_path):
    fill(tmp_path, {"f": before})
    assert run(tmp_path, update(*lines))[0] == 0
    assert contents(tmp_path)["f"] == after.encode()


@pytest.mark.parametrize(
    ("before", "lines", "after"),
    [
        ("a\nb\n", ["@@", "-a", "+A", " b"], "\ufeffA\nb\n"),
        ("a\nb\n", ["@@ a", "-b", "+B"], "\ufeffa\nB\n"),
        ("a\nb\n", ["@@", "+n", " a"], "\ufeffn\na\nb\n"),
        ("a\r\nb", ["@@", "-a", "+A"], "\ufeffA\r\nb"),
        ("a\nb\n", ["@@", "-a"], "\ufeffb\n"),
        # Written with the mark, the patch says itself what becomes of it.
        ("a\nb\n", ["@@", "-\ufeffa", "+\ufeffA"], "\ufeffA\nb\n"),
        ("a\nb\n", ["@@", "-\ufeffa", "+A"], "A\nb\n"),
        ("a\nb\n", ["@@", "-a", "+\ufeffA"], "\ufeffA\nb\n"),
    ],
)
def test_a_byte_order_mark_is_no_part_of_the_first_line_and_stays(before, lines, after, tmp_path):
    fill(tmp_path, {"f": "\ufeff" + before})
    assert run(tmp_path, update(*lines))[0] == 0
    assert contents(tmp_path)["f"] == after.encode()


def test_what_is_not_in_a_file_with_a_byte_order_mark_is_told_as_in_any_other(tmp_path):
    fill(tmp_path, {"f": "\ufeffa\n"})
    assert run(tmp_path, update("@@", "-x"))[2] == f"Failed to find expected lines in {tmp_path}/f:\nx\n"


@pytest.mark.parametrize(
    ("before", "lines", "after"),
    [
        ("one  \ntwo\n", ["@@", " one", "-two", "+x"], "one  \nx\n"),
        ("a\u2013b\ntwo\n", ["@@", " a-b", "-two", "+x"], "a\u2013b\nx\n"),
        ("a\nb\nc\n", ["@@", " a", "-b", "-", "+x"], "a\nx\nc\n"),
        ("a\n", ["@@", "-a", "+b", "-", "+"], "b\n"),
        ("a\nb\n", ["@@", "+c", "@@", "-a", "+d"], "d\nb\nc\n"),
        ("a\nb\nc\n", ["@@", "-b", "+B", "@@", "+c", "@@", "-c", "+C"], "a\nB\nC\nc\n"),
        ("a\nb\na\nb\n", ["@@ a", "-b", "+d", "*** End of File"], "a\nb\na\nd\n"),
        ("\n\n", ["@@", "-", "-"], ""),
        ("", ["@@", "+x"], "x\n"),
        ("a", ["@@", "-a", "+"], "\n"),
    ],
)
def test_lines_are_found_loosely_but_what_is_kept_is_the_files_own(before, lines, after, tmp_path):
    fill(tmp_path, {"f": before})
    assert run(tmp_path, update(*lines))[0] == 0
    assert contents(tmp_path)["f"] == after.encode()


@pytest.mark.parametrize(
    ("content", "cause"),
    [
        (b"a\xff\n", "invalid utf-8 sequence of 1 bytes from index 1"),
        (b"abc\xe2\x82", "incomplete utf-8 byte sequence from index 3"),
    ],
)
def test_a_file_that_is_not_text_is_named_with_the_place_of_the_bad_bytes(content, cause, tmp_path):
    fill(tmp_path, {"f": content})
    code, _, err = run(tmp_path, update("@@", "-a"))
    assert (code, err) == (1, f"Failed to read file to update {tmp_path}/f: {cause}\n")


def test_a_folder_is_not_taken_for_a_file(tmp_path):
    (tmp_path / "f").mkdir()
    assert run(tmp_path, update("@@", "-a"))[2].endswith(f"/f: path `{tmp_path}/f` is not a file\n")
    add = "*** Begin Patch\n*** Add File: f\n+x\n*** End Patch"
    assert run(tmp_path, add)[1:] == ("", f"Failed to write file {tmp_path}/f\n")


def test_moving_a_file_onto_itself_only_changes_it(tmp_path):
    fill(tmp_path, {"f": "a\n"})
    assert run(tmp_path, update("*** Move to: ./f", "@@", "-a", "+b")) == (
        0,
        "Success. Updated the following files:\nM ./f\n",
        "",
    )
    assert contents(tmp_path) == {"f": b"b\n"}


def test_a_failure_tells_what_was_changed_before_it(tmp_path):
    fill(tmp_path, {"a": "one\n", "dir/x": ""})
    outcome = apply_blocking(
        parse("*** Begin Patch\n*** Add File: a\n+new\n*** Add File: dir\n+x\n*** Add File: c\n+x\n*** End Patch"),
        str(tmp_path),
        DiskFiles(),
    )
    assert (outcome.exit_code, outcome.stdout, outcome.stderr) == (1, "", f"Failed to write file {tmp_path}/dir\n")
    assert [(edit.path, edit.before, edit.after) for edit in outcome.edits] == [
        (f"{tmp_path}/a", b"one\n", b"new\n"),
    ]
    assert not (tmp_path / "c").exists()


def test_a_verified_patch_is_applied_to_files_that_changed_meanwhile(tmp_path):
    fill(tmp_path, {"f": "a\nb\n"})
    verified = verify(parse(update("@@", "-b", "+c")), str(tmp_path), DiskFiles())
    fill(tmp_path, {"f": "typed by the user\na\nb\n"})
    outcome = apply_blocking(verified.patch, verified.cwd, DiskFiles(), expected=verified.edits)
    assert outcome.exit_code == 0
    assert (tmp_path / "f").read_text() == "typed by the user\na\nc\n"


def test_the_model_is_told_exit_code_time_and_report():
    outcome = PatchOutcome(stdout="", stderr="Failed\n", exit_code=1, edits=())
    assert outcome.for_model(0.04) == "Exit code: 1\nWall time: 0 seconds\nOutput:\nFailed\n"
    assert outcome.for_model(1.26) == "Exit code: 1\nWall time: 1.3 seconds\nOutput:\nFailed\n"


def test_the_command_reads_one_argument_or_stdin(tmp_path):
    patch = "*** Begin Patch\n*** Add File: x\n+1\n*** End Patch\n"
    assert run(tmp_path, stdin=patch.encode()) == (0, "Success. Updated the following files:\nA x\n", "")
    assert run(tmp_path)[0] == 2
    assert run(tmp_path, "a", "b") == (2, "", "Error: apply_patch accepts exactly one argument.\n")
    assert run(tmp_path, stdin=b"\xff")[0] == 1
    assert run(tmp_path, "--help")[2].startswith("Invalid patch: The first line")


class GaveUp(Exception):
    """What the caller of a search gives up with."""


def test_a_search_looks_at_no_line_much_more_often_than_once():
    """Each of 2,000 wanted lines is nearly everywhere in the file: compared place by place that is 10^8 comparisons."""
    compared = 0

    class Line(str):
        __hash__ = str.__hash__

        def __eq__(self, other: object) -> bool:
            nonlocal compared
            compared += 1
            return str.__eq__(self, other)

    wanted = [Line("a")] * 2_000 + [Line("b")]
    chunk = Chunk(context=None, lines=(*((" ", line) for line in wanted), ("+", "new")))
    with pytest.raises(MatchError):
        update_text("a\n" * 50_000, [chunk])
    assert 50_000 < compared < 2_000_000
    text = "a\n" * 50_000 + "b\n"
    assert update_text(text + "a\n", [chunk]) == text + "new\na\n"


def test_a_search_can_be_given_up():
    def check() -> None:
        raise GaveUp

    [hunk] = parse(update("@@", "-a")).hunks
    assert isinstance(hunk, UpdateHunk)
    with pytest.raises(GaveUp):
        update_text("a\n", hunk.chunks, check)


@pytest.mark.parametrize("chunks", [1, 12])
def test_many_chunks_are_found_in_their_order_however_the_search_is_done(chunks, tmp_path):
    fill(tmp_path, {"f": "".join(f"{number}\nsame \n" for number in range(50))})
    lines = [line for number in range(chunks) for line in ("@@", f" {number * 3}", "-same", f"+changed {number}")]
    assert run(tmp_path, update(*lines))[0] == 0
    after = "".join(
        f"{number}\n" + ("same \n" if number % 3 or number >= chunks * 3 else f"changed {number // 3}\n")
        for number in range(50)
    )
    assert contents(tmp_path)["f"] == after.encode()
