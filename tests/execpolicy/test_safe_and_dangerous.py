"""Reading is safe, forced removal is dangerous, wherever it hides."""

import json
from pathlib import Path

import pytest

from codex_trio.execpolicy.bash import Bash
from codex_trio.execpolicy.danger import is_dangerous
from codex_trio.execpolicy.safe import is_known_safe

DATA = Path(__file__).parent.parent / "data" / "command_cases.jsonl"
CASES = [json.loads(line) for line in DATA.read_text().splitlines()]
BASH = Bash()

DANGEROUS = r"""
rm -f z
rm -rf z
rm -vf z
rm z -f
rm --force z
rm -i -f z
/bin/rm -f z
./rm -f z
sudo rm -f z
sudo sudo rm -f z
env A=1 rm -f z
bash -c 'rm -f z'
sudo sh -lc 'rm -f z'
bash -c "bash -c 'rm -f z'"
ls | rm -f z
if true; then rm -f z; fi
for i in 1; do rm -f z; done
while a; do rm -f z; done
case a in a) rm -f z;; esac
f() { rm -f z; }
( rm -f z )
{ rm -f z; }
! rm -f z
rm -f z &
rm -f z > out 2>&1
A=1 rm -f z
rm -f *.z ~/z $HOME/z
rm '-rf' z
r"m" -"f" z
echo "$(rm -f z)"
echo `rm -f z`
x=$(rm -f z)
cat <(rm -f z)
[[ -n $(rm -f z) ]]
trap 'rm -f z' EXIT
rm -f z # why not
"""
HARMLESS = r"""
rm z
rm -r z
rm -F z
rm -- -f
rm --force=1 z
rm --interactive=never z
rmdir -f z
git rm -f z
git reset --hard
echo rm -f z
echo 'rm -f z'
# rm -f z
sudo -n ls
$x rm -f z
rm $f z
rm -f 'z
bash -c rm -f z
"""


@pytest.mark.parametrize("script", DANGEROUS.strip().splitlines())
def test_forced_removal_is_dangerous_wherever_it_stands(script):
    assert is_dangerous(["/bin/bash", "-c", script], BASH)


def test_forced_removal_in_a_heredoc_counts_when_the_shell_expands_it():
    assert is_dangerous(["bash", "-c", "cat <<EOF\n$(rm -f z)\nEOF"], BASH)
    assert not is_dangerous(["bash", "-c", "cat <<'EOF'\nrm -f z\nEOF"], BASH)


@pytest.mark.parametrize("script", HARMLESS.strip().splitlines())
def test_what_only_looks_like_it_is_not(script):
    assert not is_dangerous(["/bin/bash", "-c", script], BASH)


def test_a_command_without_a_shell_is_judged_too():
    assert is_dangerous(["rm", "-f", "z"], BASH)
    assert not is_dangerous(["ls"], BASH)
    assert not is_dangerous([], BASH)


def test_the_recorded_commands_are_safe_or_not_as_recorded():
    found = {case["cmd"]: is_known_safe(["/bin/bash", "-c", case["cmd"]], BASH) for case in CASES}
    # Unquoted globs and tildes are no longer taken apart, so they are no longer known.
    expected = {case["cmd"]: case["safe"] and case["cmd"] not in ("ls *.txt", "ls ~") for case in CASES}
    assert found == expected


@pytest.mark.parametrize(
    "script",
    [
        *["find . -fprint x", "find . -ok ls", "rg --pre=x y", "base64 --output=x", "sed -n 1,5p a b", "uniq in out"],
        *[
            "git diff --outp=x",
            "git -c a=b log",
            "git -Cx log",
            "git log --ext-diff",
            "git branch x",
            "git",
            "ls | tee x",
        ],
    ],
)
def test_flags_that_write_or_run_things_take_a_command_off_the_safe_list(script):
    assert not is_known_safe(["bash", "-lc", script], BASH)
