"""Rule files are read and evaluated within bounds, whatever they are; one that cannot be used is never no rule."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest
import trio

from codex_trio.execpolicy.bash import Bash
from codex_trio.execpolicy.decision import CommandPolicy
from codex_trio.execpolicy.programs import NoWork, Programs
from codex_trio.execpolicy.rule_loading import MAX_FILE_BYTES, MAX_FILES, is_plain, load_rules, read_rule_files
from codex_trio.execpolicy.rules import PolicyRules, RuleFile, RulesError

SYSTEM = Programs("/usr/bin:/bin", "/", NoWork())

FORBID = 'prefix_rule(["curl"], "forbidden")\n'


async def load(folder: Path, *sources: str) -> PolicyRules:
    for number, source in enumerate(sources):
        (folder / f"{number}.rules").write_text(source)
    return await load_rules(await read_rule_files([folder]))


async def refused(folder: Path, *sources: str) -> RulesError:
    with pytest.raises(RulesError) as caught:
        await load(folder, *sources)
    return caught.value


@pytest.mark.parametrize(
    "source",
    [
        'prefix_rule(pattern=["git", ["a", "b"]], decision="allow")\n\n# why\nprefix_rule(["x"], match=[\'x "y"\'])',
        'network_rule(host="a", protocol="http", decision="deny", justification=None)',
        'host_executable(name="git", paths=["/usr/bin/git"])',
        "",
        "# for i in range(10): pass",
        '"""text"""',
    ],
)
def test_lists_of_rules_are_evaluated_without_a_process(source):
    assert is_plain([RuleFile("a", source)])


@pytest.mark.parametrize(
    "source",
    [
        "[x for x in y]",
        "def match(): pass",
        "for host in [1]: pass",
        '"a" * 1000000000',
        "prefix_rule(*[])",
        'f"{1}"',
        "[" * 17 + "]" * 17,
        '"open',
        "x",
        'prefix_rule(["a"])\n' * 2000,
    ],
)
def test_programs_are_not(source):
    assert not is_plain([RuleFile("a", source)])


async def test_what_a_program_makes_is_the_same_as_a_list_of_it(tmp_path):
    program = (
        'host_executable(name="b", paths=["/x/b"])\n'
        'network_rule("h", "http", "deny", justification="n")\n'
        'for name in ["a", "b"]:\n    prefix_rule([name, ["c", "d"]], decision="prompt", justification="why")\n'
    )
    plain = (
        'host_executable(name="b", paths=["/x/b"])\n'
        'network_rule("h", "http", "deny", justification="n")\n'
        'prefix_rule(["a", ["c", "d"]], decision="prompt", justification="why")\n'
        'prefix_rule(["b", ["c", "d"]], decision="prompt", justification="why")\n'
    )
    (tmp_path / "program").mkdir()
    (tmp_path / "plain").mkdir()
    made, listed = await load(tmp_path / "program", program), await load(tmp_path / "plain", plain)
    for argv in (["a", "c"], ["b", "d"], ["/x/b", "c"], ["/y/b", "c"], ["a"]):
        assert made.check(argv) == listed.check(argv)
    assert made.network_rules() == listed.network_rules()


@pytest.mark.parametrize(
    "source",
    [
        "def f():\n    for a in range(1000000000):\n        pass\nf()\n",
        "x = [1]\nfor i in range(40):\n    x = x + x\n",
        'x = "a" * 1000000000\n',
        'for i in range(100000000):\n    prefix_rule(["a" + str(i)])\n',
        'prefix_rule(["a" * 9000000])\n',
    ],
)
async def test_a_program_that_takes_too_much_is_refused(source, tmp_path):
    with trio.fail_after(60):
        error = await refused(tmp_path, FORBID, source)
    assert error.problem.path == f"{tmp_path}/1.rules"
    assert f"{tmp_path}/1.rules" in str(error)


def _fifo(path: Path) -> None:
    os.mkfifo(path)


def _endless(path: Path) -> None:
    path.symlink_to("/dev/zero")


def _dangling(path: Path) -> None:
    path.symlink_to("nowhere")


def _circle(path: Path) -> None:
    path.symlink_to(path)


def _no_text(path: Path) -> None:
    path.write_bytes(b"# a\n# \xff\n")


def _nested(path: Path) -> None:
    path.write_text("x = " + "[" * 20_000 + "]" * 20_000)


def _large(path: Path) -> None:
    with path.open("wb") as file:
        file.truncate(MAX_FILE_BYTES + 1)


@pytest.mark.parametrize(
    ("make", "cause"),
    [
        (_fifo, "a named pipe"),
        (_endless, "a device"),
        (_dangling, "No such file or directory"),
        (_large, "is larger than 1048576 bytes"),
        (_circle, "Too many levels of symbolic links"),
        (_no_text, "not valid UTF-8 (byte 6)"),
        (_nested, "nested too deeply"),
    ],
)
async def test_a_file_that_cannot_be_read_as_one_is_refused(make: Callable[[Path], None], cause, tmp_path):
    make(tmp_path / "b.rules")
    with trio.fail_after(20):
        error = await refused(tmp_path, FORBID)
    assert error.problem.path == f"{tmp_path}/b.rules"
    assert cause in error.problem.details


async def test_text_that_is_none_is_told_with_its_place_and_a_byte_order_mark_is_fine(tmp_path: Path) -> None:
    (tmp_path / "a.rules").write_text("\ufeff" + FORBID)
    assert [match.decision for match in (await load(tmp_path)).check(["curl"])] == ["forbidden"]
    _no_text(tmp_path / "b.rules")
    assert f"the command rules at {tmp_path}/b.rules:2:3 cannot be used" in str(await refused(tmp_path))


async def test_a_folder_with_too_many_files_is_refused(tmp_path):
    for number in range(MAX_FILES + 1):
        (tmp_path / f"{number}.rules").touch()
    assert f"more than {MAX_FILES}" in str(await refused(tmp_path))


@pytest.mark.parametrize(
    ("source", "start"),
    [
        ('x = 1\nprefix_rule(["a"], decision="forbidden"\n\n', (2, 40)),
        ('prefix_rule(["a"]', (1, 18)),
        ('# c\n\nprefix_rule(["a]\n', (3, 14)),
        ("a = 1\n\nnot a rule\n", (3, 7)),
    ],
)
async def test_an_error_names_the_file_and_the_place(source, start, tmp_path):
    error = await refused(tmp_path, FORBID, source)
    line, column = start
    assert error.problem.start == start
    assert f" --> {tmp_path}/1.rules:{line}:{column}\n" in error.problem.details.replace("\n--> ", "\n --> ")
    assert f"the command rules at {tmp_path}/1.rules:{line}:{column} cannot be used" in str(error)


async def test_changes_of_the_files_are_taken_up_and_a_broken_one_changes_nothing(tmp_path):
    file = tmp_path / "a.rules"
    policy = await CommandPolicy.load([tmp_path], bash=Bash(), amendments=file)

    def kind() -> str:
        return policy.decide(
            ["bash", "-c", "curl x"], programs=SYSTEM, approval_policy="on-request", sandboxed=True
        ).kind

    await policy.refresh()
    assert kind() == "allow"
    file.write_text(FORBID)
    await policy.refresh()
    assert kind() == "forbid"
    file.write_text("prefix_rule(")
    for _ in range(2):
        with pytest.raises(RulesError):
            await policy.refresh()
        assert kind() == "forbid"
    file.unlink()
    await policy.refresh()
    assert kind() == "allow"
