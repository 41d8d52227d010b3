"""A prefix that the user allows for good is one line in the rules file, and holds at once."""

import fcntl
import os
import resource
import subprocess
import sys

import pytest

from codex_trio.execpolicy.amendments import AmendmentError, append_prefix_rule
from codex_trio.execpolicy.bash import Bash
from codex_trio.execpolicy.decision import CommandPolicy
from codex_trio.execpolicy.programs import NoWork, Programs
from codex_trio.execpolicy.rule_loading import MAX_FILE_BYTES, load_rules, read_rule_files
from codex_trio.execpolicy.rules import PolicyRules

SYSTEM = Programs("/usr/bin:/bin", "/", NoWork())

LINE = 'prefix_rule(pattern=["git", "push"], decision="allow")\n'


async def test_an_amendment_is_stored_and_holds_at_once(tmp_path):
    file = tmp_path / "rules" / "default.rules"
    policy = CommandPolicy(rules=PolicyRules(), bash=Bash(), amendments=file)
    await policy.amend(["git", "push"])
    await policy.amend(["git", "push"])
    assert file.read_text() == LINE
    decision = policy.decide(["bash", "-lc", "git push x"], programs=SYSTEM, approval_policy="never", sandboxed=True)
    assert (decision.kind, decision.bypass_sandbox) == ("allow", True)
    later = await load_rules(await read_rule_files([file.parent]))
    assert later.check(["git", "push", "x"])


async def test_any_words_are_read_back_as_they_were(tmp_path):
    file = tmp_path / "default.rules"
    controls = "".join(map(chr, (*range(32), 127, 0x85, 0x2028)))
    prefix = ["a b", 'q"x', "n\nl", "\u00fc\u4e2d", "\\", "", controls]
    await CommandPolicy(rules=PolicyRules(), bash=Bash(), amendments=file).amend(prefix)
    rules = await load_rules(await read_rule_files([tmp_path]))
    assert [match.matched_prefix for match in rules.check(prefix)] == [prefix]


def test_what_is_in_the_file_stays_even_without_a_final_newline(tmp_path):
    file = tmp_path / "default.rules"
    file.write_text("# mine")
    append_prefix_rule(str(file), ["git", "push"])
    assert file.read_text() == f"# mine\n{LINE}"


async def test_an_empty_prefix_is_refused_and_nothing_changes(tmp_path):
    file = tmp_path / "default.rules"
    policy = CommandPolicy(rules=PolicyRules(), bash=Bash(), amendments=file)
    with pytest.raises(AmendmentError) as caught:
        await policy.amend([])
    assert str(caught.value) == f"failed to update rules file {file}: prefix rule requires at least one token"
    assert not file.exists()


async def test_a_file_that_cannot_be_written_changes_nothing_in_memory(tmp_path):
    (tmp_path / "rules").write_text("in the way")
    policy = CommandPolicy(rules=PolicyRules(), bash=Bash(), amendments=tmp_path / "rules" / "default.rules")
    with pytest.raises(AmendmentError):
        await policy.amend(["git", "push"])
    decision = policy.decide(["bash", "-lc", "git push x"], programs=SYSTEM, approval_policy="never", sandboxed=True)
    assert not decision.bypass_sandbox


def test_a_rule_is_refused_that_would_make_the_file_too_large_to_be_read(tmp_path):
    file = tmp_path / "default.rules"
    file.write_text("#" * (MAX_FILE_BYTES - 20))
    with pytest.raises(AmendmentError, match="larger than"):
        append_prefix_rule(str(file), ["git", "push"])
    assert file.stat().st_size == MAX_FILE_BYTES - 20


def test_a_huge_file_is_not_even_read(tmp_path):
    file = tmp_path / "default.rules"
    with file.open("wb") as made:
        made.truncate(1 << 40)
    with pytest.raises(AmendmentError, match="larger than"):
        append_prefix_rule(str(file), ["git", "push"])


def test_a_rule_that_can_be_written_by_half_is_taken_back(tmp_path):
    file = tmp_path / "default.rules"
    file.write_text("# mine")
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (20, hard))
    try:
        with pytest.raises(AmendmentError, match="failed to update rules file"):
            append_prefix_rule(str(file), ["git", "push"])
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert file.read_text() == "# mine"


@pytest.mark.parametrize("make", [os.mkfifo, os.mkdir])
def test_what_is_no_file_is_left_alone(make, tmp_path):
    file = tmp_path / "default.rules"
    make(file)
    with pytest.raises(AmendmentError, match="it is no regular file"):
        append_prefix_rule(str(file), ["git", "push"])


def test_several_processes_can_add_rules_at_once(tmp_path):
    file = tmp_path / "default.rules"
    code = (
        "import sys\n"
        "from codex_trio.execpolicy.amendments import append_prefix_rule\n"
        "for number in range(20):\n"
        "    append_prefix_rule(sys.argv[1], ['tool', str(number)])\n"
        "    append_prefix_rule(sys.argv[1], ['tool', sys.argv[2], str(number)])\n"
    )
    environment = {"HOME": str(tmp_path), "TMPDIR": str(tmp_path), "PATH": "/usr/bin:/bin"}
    commands = [[sys.executable, "-c", code, str(file), name] for name in ("a", "b", "c")]
    writers = [subprocess.Popen(command, env=environment) for command in commands]
    assert [writer.wait(timeout=60) for writer in writers] == [0, 0, 0]
    lines = file.read_text().splitlines()
    assert len(lines) == len(set(lines)) == 80


def test_a_file_that_somebody_keeps_locked_is_not_waited_for_without_end(tmp_path):
    file = tmp_path / "default.rules"
    file.write_text("# mine\n")
    with file.open() as held:
        fcntl.flock(held, fcntl.LOCK_SH)
        with pytest.raises(AmendmentError, match="another process keeps it locked"):
            append_prefix_rule(str(file), ["git", "push"], lock_seconds=0.05)
    assert file.read_text() == "# mine\n"
    append_prefix_rule(str(file), ["git", "push"])
    assert file.read_text() == "# mine\n" + LINE
