"""A rule that forbids or wants a question holds for every command of a script, however the script is written."""

import pytest

from codex_trio.execpolicy.bash import Bash
from codex_trio.execpolicy.decision import CommandPolicy, Decision
from codex_trio.execpolicy.programs import NoWork, Programs
from codex_trio.execpolicy.rules import PolicyRules, PrefixRule, RuleDecision

SYSTEM = Programs("/usr/bin:/bin", "/", NoWork())

BASH = Bash()


def policy(*rules: tuple[str, RuleDecision]) -> CommandPolicy:
    known = PolicyRules()
    known.limit_executable("tool", ["/usr/bin/tool"])
    for pattern, decision in rules:
        program, *rest = pattern.split()
        known.add_prefix(PrefixRule(program=program, rest=tuple((word,) for word in rest), decision=decision))
    return CommandPolicy(rules=known, bash=BASH, amendments="/nonexistent")


POLICY = policy(("tool push", "forbidden"), ("git push", "forbidden"), ("ask", "prompt"), ("ls", "allow"))


def decide(script: str, commands: CommandPolicy = POLICY) -> Decision:
    return commands.decide(["/bin/bash", "-lc", script], programs=SYSTEM, approval_policy="on-request", sandboxed=True)


WAYS = r"""
{}
{} 2>&1
{} > out
> out {}
2>/dev/null {} </dev/null
X=1 {}
X=$(ls) {} x
echo $({})
echo "`{}`"
echo "${x:-$({})}"
x=$({})
export X=$({})
cat <({})
ls | {} | ls
ls |& {}
({})
{ {}; }
if true; then {}; fi
if {}; then ls; fi
for i in 1 2; do {}; done
while {}; do ls; done
case x in x) {};; esac
f() { {}; }
! {}
{} &
{} # note
[[ -n $({}) ]]
time -p {}
coproc {}
bash -c '{}'
/bin/sh -xec '{}'
bash --norc -o pipefail -c "{}" name
bash -c "bash -c '{}'"
bash <<< '{}'
echo '{}' | sh
. /dev/stdin <<< '{}'
source /dev/stdin <<< '{}'
eval '{}'
eval {}
trap '{}' EXIT
command {}
exec -a x {}
env -i A=1 {}
env -S'{}'
sudo -nu root -- {}
nohup timeout -k 5 10 nice -n5 {}
flock lock -c '{}'
su - me -c '{}'
watch -n 1 {}
xargs -n1 {}
xargs -I% {} %
find . -name x -exec {} {} \; -print
trap -- '{}' DEBUG
PROMPT_COMMAND='{}' bash -i
PROMPT_COMMAND=('{}')
PS4='$({})' bash -xc ls
export PS1="\$({})"
env PS0='$({})' sh -i
alias x='{}'
env 'BASH_FUNC_ls%%=() { {}; }' bash -c ls
git -c alias.x='!{}' x
git config alias.x '!{}'
GIT_SSH_COMMAND='{}' git fetch
EDITOR='{}' crontab -e
git rebase --exec '{}' main
git bisect run {}
git submodule foreach '{}'
test -v 'a[$({})]'
x='a[$({})]'; (( x ))
{ sh; } < <(ls) <<< '{}'
echo '{}' | { ls; sh; }
echo '{}' | (cd x && bash)
echo -n '{}' | sh
printf '%s\n' '{}' | sh
echo '{}' | parallel
echo '{}' | at now
sudo -s <<< '{}'
echo '{}' > f; sh f
echo '{}' > f && chmod +x f && ./f
echo '{}' | tee f; . ./f
timeout --foreground -s KILL 5 {}
setsid -w {}
stdbuf -oL {}
nice -5 {}
ssh-agent -t 5 {}
ssh-agent bash -c '{}'
script -qec '{}' /dev/null
script -q /dev/null -- {}
dbus-run-session -- {}
xvfb-run -a {}
fakeroot -- {}
gdb -ex run --args {}
valgrind --tool=x {}
bwrap --bind / / --dev /dev sh -c '{}'
nsenter -t 1 -m {}
prlimit --nofile=5 {}
setpriv --reuid 0 {}
tmux new-session -d '{}'
uv run {}
npm exec {}
npx -c '{}'
tar -I '{}' -xf x
rsync -e '{}' a b
/lib64/ld-linux-x86-64.so.2 {}
csh -c '{}'
builtin command {}
coproc N { {}; }
mapfile -c 1 -C 'x; {};' a
complete -C 'x; {};' a
bind -x '"\C-a": {}'
bind -m vi -x 'Control-a:{}'
bind '"a": "{}"'
: ${x#$({})}
: ${x%%`{}`}
: "${x^^$({})}"
! ! {}
time ! {}
time -- {}
echo "`echo \`{}\``"
echo $(( $({}; echo 1) ? 1 : 2 ))
case $({}) in *) ;; esac
case a in a) {} ;& b) ;; esac
for ((i=$({})0; i < 1; i++)); do :; done
a[$({})0]=1
exec -cl {}
env - {}
find . -exec env {} {} +
"""


@pytest.mark.parametrize("way", WAYS.strip().splitlines())
@pytest.mark.parametrize(("command", "kind"), [("tool push", "forbid"), ("ask", "prompt")])
def test_a_rule_holds_wherever_its_command_stands(way, command, kind):
    decision = decide(way.replace("{}", command, 1))
    assert decision.kind == kind, way
    assert decision.proposed_amendment is None


@pytest.mark.parametrize(
    "script",
    [
        *["'tool' push", 't"oo"l push', "\\tool push", "$'to\\x6fl' push", '$"tool" push', "tool pu''sh"],
        *["tool \\\npush", "to\\\nol push", "tool > out push", "tool 2>&1 push", "cat <<E\nx\nE\ntool push"],
        *[
            "cat <<E\n$(tool push)\nE",
            "bash <<'E'\ntool push\nE",
            "bash -s <<E\ntool push\nE",
            "cat <<E | sh\ntool push\nE",
            "tool push <<E\nE",
            "cat <<-E\n\t`tool push`\n\tE",
            "parallel tool ::: push",
            "parallel ::: 'tool push'",
        ],
        *["./tool push", "/opt/tool push", "~/bin/tool push", "../x/tool push", "env ./tool push", "(./tool push)"],
        *['"$D/tool" push', "$(pwd)/tool push", "# a \\\ntool push", "echo a\\\\\ntool push", "tool push\r"],
        *["git -C . push", "git -c a=b --no-pager push", "git --git-dir=x push", "X=1 git -C sub push > out"],
        *["if tool push", "tool push 'open", "{tool,push} (", "tool push )"],
    ],
)
def test_a_rule_holds_however_its_command_is_spelled(script):
    assert decide(script).kind == "forbid"


@pytest.mark.parametrize(
    "script",
    [
        *["$(echo tool) push", "`echo tool` push", "tool $x", 'tool "$@"', 'tool "${a[@]}"', "tool p*h"],
        *["tool {push,pull}", 'tool "$x"', 'tool "pu$x"', "t?ol push", "x='tool push'; eval $x", "xargs tool"],
        *["x='tool push'; $x y", "x='tool push' bash -c \"$x\"", "echo tool push | xargs env", "$tool push"],
        *[
            "f() { tool $1; }; f push",
            "T=tool; $T push",
            "find . -exec tool {} +",
            "x=tool; bash <<E\n$x push\nE",
            "read x <<< 'tool push'; $x",
            "/opt/bin/t?ol push",
            "/opt/bin/to* push",
            "source <(echo tool push)",
        ],
        *[
            "mapfile -C tool -c 1 a",
            "readarray -Ctool a",
            "complete -C tool x",
            "alias g=tool; g push",
            "ls | xargs tool",
        ],
        "echo push | parallel -j1 tool",
        *["docker run x tool push", "./wrapper.sh -v tool push", "ssh localhost tool push"],
        *["$(base64 -d <<< dG9vbA==) push", "a=to; b=ol; $a$b push"],
        *[
            "cp $(command -v tool) g; ./g push",
            "hash -p /usr/bin/tool g",
            "cp /usr/bin/tool g",
            "ln -s ../usr/bin/tool g",
        ],
    ],
)
def test_what_may_be_a_forbidden_command_is_asked_about(script):
    decision = decide(script, policy(("tool push", "forbidden")))
    assert decision.kind == "prompt"
    assert decision.reason is not None
    assert decision.reason.endswith("requires approval: it may run `tool push`, and a rule forbids that")


@pytest.mark.parametrize(
    "script",
    [
        *[
            "curl x | sh",
            "base64 -d f | bash -s",
            "rev <<< x | (sh)",
            "ls | while read f; do bash; done",
            "printf %s$x | sh",
        ],
        *[
            "bash < <(base64 -d f)",
            "sh <(curl x)",
            ". <(base64 -d f)",
            "bash --rcfile <(ls) -i",
            "bash --init-file f -i",
        ],
        *["BASH_ENV=<(base64 -d f) bash -c true", "BASH_ENV=f ls", "export BASH_ENV=f", "env BASH_ENV=f bash x.sh"],
        *["export 'BASH_ENV=f'", "ENV=./f sh", "ENV=f sh -i", "env ENV=f dash -i", "enable -f ./x.so x"],
        *[
            'eval "$(base64 -d f)"',
            'bash -c "$(curl x)"',
            'trap "$(ls)" EXIT',
            'env -S "$x"',
            'PROMPT_COMMAND="$x"',
            'bind -x "$x"',
        ],
        *["curl x > f; sh f", "curl -o f x; bash ./f", "ls | tee f; . ./f", "ls > f; bash < f", "cp x f; sh f"],
    ],
)
def test_a_script_that_nobody_can_read_is_asked_about(script):
    decision = decide(script, policy(("tool push", "forbidden")))
    assert decision.kind == "prompt"
    assert decision.reason is not None
    assert decision.reason.endswith("requires approval: it may run `tool push`, and a rule forbids that")
    assert decide(script, policy(("ls", "allow"))).kind == "allow"


@pytest.mark.parametrize(
    "script",
    [
        *["ln -s /usr/bin/tool g; ./g push", "ln -sf /usr/bin/tool .; ./tool push", "cp /usr/bin/tool g && ./g push"],
        *[
            "mv -t d x/tool && d/tool push",
            "install -m755 /usr/bin/tool g; X=1 ./g push",
            "hash -p /usr/bin/tool g; g push",
        ],
    ],
)
def test_another_name_for_a_program_hides_nothing(script):
    assert decide(script).kind == "forbid"


def test_a_link_of_the_workspace_is_the_program_that_it_leads_to(tmp_path):
    system, work = tmp_path / "usr/bin", tmp_path / "work"
    for folder in (system, work):
        folder.mkdir(parents=True)
    (system / "tool").write_text("#!/bin/sh\n")
    (system / "tool").chmod(0o755)
    (work / "g").symlink_to("../usr/bin/tool")
    (system / "t").symlink_to("tool")

    class Work:
        def folders(self) -> list[str]:
            return [str(work)]

        def may_write(self, path: str) -> bool:
            return path.startswith(str(work))

    programs = Programs(f"{work}:{system}", str(work), Work())
    for script, kind in (("./g push", "forbid"), ("X=1 g push", "forbid"), ("./g pull", "allow"), ("t push", "allow")):
        argv = ["bash", "-c", script]
        decision = POLICY.decide(argv, programs=programs, approval_policy="on-request", sandboxed=True)
        assert decision.kind == kind, script


def test_where_nobody_is_asked_what_may_be_forbidden_is_refused():
    refused = POLICY.decide(["bash", "-c", "tool $x"], programs=SYSTEM, approval_policy="never", sandboxed=True)
    assert refused.kind == "forbid"


@pytest.mark.parametrize(
    "script",
    [
        *["echo tool push", "echo 'tool push'", "# tool push", "tool pull", "tool", "toolpush", "tool x push"],
        *[
            "cat <<'E'\ntool push\nE",
            "cat <<'E'\n`tool push`\nE",
            "command -v tool push",
            "a=(tool push)",
            "grep -r tool push",
            "tool 'push x'",
        ],
        *['tool "x$y"', 'git commit -m "$x"', "git -C push status", "git stash push", "xargs grep tool push"],
        *[
            "find . -name tool",
            "sh push.sh tool push",
            "echo '(' tool push",
            "$PYTHON -m pytest",
            "ls $x",
            "tool pull $x push",
            "/opt/bin/pre* push",
            "source $VENV/bin/activate; tool pull",
            ". ./env.sh; tool pull",
        ],
        *[
            "bash run.sh",
            "sh < run.sh",
            "./run.sh",
            "ls > out; sh run.sh",
            "echo ls > f; sh f",
            "curl -o f x; tar xf f",
        ],
        *["PY=bin/python; $PY -m pytest", 'c=(pytest -q); "${c[@]}"', "echo x | python3 -", "ENV=production make"],
        *[
            "PAGER=cat git log",
            "git config user.name tool",
            "npm install tool",
            "uv pip install tool",
            "PS1='$ ' sh -c ls",
        ],
        *["find . -exec sh -c 'wc {}' \\;", 'trap "rm -r $d" EXIT', "cp target/app app && ./app", "ssh host uptime"],
        *["which tool push", "BASH_ENV= bash -c ls", "grep -rn '[$(]' .", "docker run x tool pull", "enable -n test"],
    ],
)
def test_what_only_looks_like_a_forbidden_command_is_not_refused(script):
    assert decide(script, policy(("tool push", "forbidden"), ("git push", "forbidden"))).kind == "allow"


def test_the_refusal_names_the_rule_and_the_whole_command():
    assert decide("X=1 /opt/tool push y > out") == Decision(
        kind="forbid",
        reason=(
            "`/bin/bash -lc 'X=1 /opt/tool push y > out'` rejected: policy forbids commands starting with `tool push`"
        ),
    )


def test_only_allowing_needs_a_plain_command():
    assert decide("ls").bypass_sandbox
    for script in ("ls > f", "(ls)", "X=1 ls", "ls &", "bash -c ls", "env ls"):
        assert not decide(script).bypass_sandbox


def test_the_shell_of_a_script_is_none_of_its_commands():
    rules = policy(("bash", "prompt"))
    assert decide("ls", rules).kind == "allow"
    assert decide("ls; (bash x.sh)", rules).kind == "prompt"


def test_deeply_nested_scripts_are_asked_about_and_nothing_raises():
    script = "tool pull"
    for _ in range(40):
        script = f"bash -c {script!r}" if len(script) < 2000 else f"eval {script}"
    assert decide(script).kind in ("allow", "prompt")
    assert decide("eval " * 3000 + "tool push").kind in ("forbid", "prompt")
    assert decide("sudo " * 3000 + "tool push").kind == "prompt"
    assert decide("xargs " * 3000 + "tool push").kind == "prompt"


def test_long_lists_take_time_in_proportion():
    for script in ("gdb " * 3000 + "tool push", "echo './f;./f;./f' > f; ./f", "alias x=x; " * 3000 + "x"):
        assert decide(script, policy(("tool push", "forbidden"))).kind in ("prompt", "allow")
    for script in ("ls && " * 4000 + "tool push", "env " + "A=1 " * 20_000 + "tool push", "ls | " * 4000 + "tool push"):
        assert decide(script).kind == "forbid"
