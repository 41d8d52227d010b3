"""Reading is safe, forced removal is dangerous, wherever it hides."""

import json
from pathlib import Path

import pytest

from codex_trio.execpolicy.bash import Bash
from codex_trio.execpolicy.danger import is_dangerous
from codex_trio.execpolicy.programs import NoWork, Programs
from codex_trio.execpolicy.safe import is_known_safe

DATA = Path(__file__).parent.parent / "data" / "command_cases.jsonl"
CASES = [json.loads(line) for line in DATA.read_text().splitlines()]
BASH = Bash()
SYSTEM = Programs("/usr/bin:/bin", "/", NoWork())

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


def is_safe(script: str, system: Programs = SYSTEM) -> bool:
    segments = BASH.segments(["/bin/bash", "-c", script])
    return segments is not None and all(is_known_safe(words, BASH, system) for words in segments)


def machine(folder: Path, *names: str) -> Programs:
    """Return a system with these programs, whether or not this machine has them."""
    for name in names:
        (folder / name).touch(mode=0o755)
    return Programs(f"{folder}:/usr/bin:/bin", "/", NoWork())


def test_the_recorded_commands_are_safe_or_not_as_recorded(tmp_path):
    system = machine(tmp_path, *{case["first"][0] for case in CASES if case["first"] and case["safe"]}, "rg", "sh")
    found = {case["cmd"]: is_safe(case["cmd"], system) for case in CASES}
    # Unquoted globs and tildes are no longer taken apart, so they are no longer known. Neither are programs by a path,
    # and git, which runs what a repository says.
    no_longer = ("ls *.txt", "ls ~", "/bin/ls", "./ls", "/usr/bin/cat a.txt")
    expected = {
        case["cmd"]: case["safe"] and case["cmd"] not in no_longer and not case["cmd"].startswith("git ")
        for case in CASES
    }
    assert found == expected


@pytest.mark.parametrize(
    "script",
    [
        *["find . -fprint x", "find . -ok ls", "rg --pre=x y", "rg --pr x y", "rg -z x", "rg -iz x", "rg --search x y"],
        *["base64 --output=x", "base64 --out x", "base64 -Do x", "sed -n 1,5p a b", "uniq in out", "uniq - out"],
        *["uniq -- in -out", "uniq -c - -", "ls | tee x", "bash -c 'tee x'", "git status", "git log -p", "git", ""],
        *["./ls", "d/ls", "/bin/ls", "../bin/ls", "./bash -c ls", "/bin/bash -c ls", "no-such-program"],
    ],
)
def test_flags_that_write_or_run_things_and_other_programs_are_not_safe(script, tmp_path):
    assert not is_safe(script, machine(tmp_path, "rg", "git"))


@pytest.mark.parametrize(
    "script", ["ls -la", "cat a | uniq -c", "uniq -", "uniq -c -- -x", "rg -i x", "bash -c 'ls; id'"]
)
def test_bare_names_of_the_system_are_safe(script, tmp_path):
    assert is_safe(script, machine(tmp_path, "rg"))
