"""Every command runs, is asked about, or is refused, for a reason that user and model are told."""

from typing import Any

import pytest

from codex_trio.config.approval import AskForApproval, Granular
from codex_trio.execpolicy.bash import Bash
from codex_trio.execpolicy.decision import CommandPolicy, Decision, rejected_for_model
from codex_trio.execpolicy.programs import NoWork, Programs
from codex_trio.execpolicy.rules import PolicyRules, PrefixRule

SYSTEM = Programs("/usr/bin:/bin", "/", NoWork())

BASH = Bash()
REFUSED = 'exec_command failed: CreateProcess { message: "Rejected(\\"%s\\")" }'


def granular(*, sandbox: bool = True, rules: bool = True) -> Granular:
    return Granular(sandbox_approval=sandbox, rules=rules, mcp_elicitations=True)


def policy_with_rules() -> CommandPolicy:
    rules = PolicyRules()
    for words, decision, why in [
        ("touch", "prompt", "why touch"),
        ("cat", "prompt", None),
        ("who a", "prompt", "short"),
        ("who a b", "prompt", "longer"),
        ("id", "forbidden", None),
        ("id -u", "forbidden", "no id"),
        ("ls", "allow", None),
        ("rm -rf ok", "allow", None),
        ("touch ok", "allow", None),
    ]:
        program, *rest = words.split()
        rules.add_prefix(
            PrefixRule(program=program, rest=tuple((word,) for word in rest), decision=decision, justification=why)
        )
    return CommandPolicy(rules=rules, bash=BASH, amendments="/nonexistent")


def decide(
    script: str,
    policy: AskForApproval = "on-request",
    *,
    ruled: bool = False,
    sandboxed: bool = True,
    unrestricted: bool = False,
    escalate: bool = False,
    justification: str | None = None,
    prefix_rule: list[str] | None = None,
) -> Decision:
    commands = policy_with_rules() if ruled else CommandPolicy(rules=PolicyRules(), bash=BASH, amendments="/x")
    return commands.decide(
        ["/bin/bash", "-c", script],
        programs=SYSTEM,
        approval_policy=policy,
        sandboxed=sandboxed,
        unrestricted=unrestricted,
        escalate=escalate,
        justification=justification,
        prefix_rule=prefix_rule,
    )


def asked(reason: str | None, *amendment: str) -> Decision:
    return Decision(kind="prompt", reason=reason, proposed_amendment=list(amendment) or None)


@pytest.mark.parametrize("policy", ["on-request", "on-failure", "never", granular(), granular(sandbox=False)])
def test_ordinary_commands_run_in_the_sandbox_unasked(policy):
    assert decide("touch a && make", policy) == Decision(kind="allow", proposed_amendment=["touch", "a"])
    assert decide("make > log", policy) == Decision(kind="allow", proposed_amendment=["/bin/bash", "-c", "make > log"])


def test_under_untrusted_only_commands_known_to_read_run_unasked():
    assert decide("ls | wc -l", "untrusted").kind == "allow"
    assert decide("cat a && rm b", "untrusted") == asked(None, "rm", "b")
    assert decide("ls > f", "untrusted") == asked(None, "/bin/bash", "-c", "ls > f")
    assert decide("ls", "untrusted", escalate=True, justification="j") == asked("j", "ls")


@pytest.mark.parametrize("sandboxed", [True, False])
def test_dangerous_commands_are_asked_about_under_every_policy_that_asks(sandboxed):
    for policy in ("on-request", "on-failure", "untrusted", granular(), granular(rules=False)):
        assert decide("ls && rm -f z", policy, sandboxed=sandboxed) == asked(None, "rm", "-f", "z")
        assert decide("(rm -f z)", policy, sandboxed=sandboxed) == asked(None, "/bin/bash", "-c", "(rm -f z)")
    assert decide("rm -f z", granular(sandbox=False), sandboxed=sandboxed) == asked(None)


@pytest.mark.parametrize("sandboxed", [True, False])
def test_dangerous_commands_are_refused_where_nobody_is_asked(sandboxed):
    reason = "`/bin/bash -c 'rm -rf z'` rejected: rm -f style commands are not permitted. Use a safer approach"
    decision = decide("rm -rf z", "never", sandboxed=sandboxed)
    assert decision == Decision(kind="forbid", reason=reason)
    assert decision.for_model() == REFUSED % reason


def test_who_has_switched_everything_off_is_not_refused_what_removes_files():
    everything_off: Any = {"sandboxed": False, "unrestricted": True}
    assert decide("rm -rf build && (rm -f z)", "never", **everything_off).kind == "allow"
    assert decide("rm -rf build", "on-request", **everything_off) == asked(None, "rm", "-rf", "build")
    assert decide("rm -rf build", "never", sandboxed=False).kind == "forbid"
    assert decide("rm -rf build; id", "never", ruled=True, **everything_off).kind == "forbid"


def test_a_wish_to_leave_the_sandbox_is_asked_about_with_its_justification():
    assert decide("touch /a", escalate=True, justification="need it") == asked("need it", "touch", "/a")
    assert decide("cat a && touch /a", escalate=True) == asked(None, "cat", "a")
    assert decide("touch /a", granular(rules=False), escalate=True) == asked(None, "touch", "/a")


def test_without_a_sandbox_there_is_nothing_to_leave():
    assert decide("touch /a", sandboxed=False, escalate=True).kind == "allow"


def test_where_the_policy_rules_out_asking_the_wish_itself_is_refused():
    told = decide("ls", "never", escalate=True).for_model()
    assert told == (
        "approval policy is Never; reject command — you cannot ask for escalated permissions if the approval policy "
        "is Never"
    )
    name = (
        "Granular(GranularApprovalConfig { sandbox_approval: false, rules: true, skill_approval: false, "
        "request_permissions: false, mcp_elicitations: true })"
    )
    assert decide("ls", granular(sandbox=False), escalate=True).for_model() == (
        f"approval policy is {name}; reject command — you cannot ask for escalated permissions if the approval policy "
        f"is {name}"
    )


@pytest.mark.parametrize(
    ("script", "reason"),
    [
        ("touch q", "`/bin/bash -c 'touch q'` requires approval: why touch"),
        ("touch ok", "`/bin/bash -c 'touch ok'` requires approval: why touch"),
        ("/usr/bin/touch q", "`/bin/bash -c '/usr/bin/touch q'` requires approval: why touch"),
        ("who a b", "`/bin/bash -c 'who a b'` requires approval: longer"),
        ("cat x", "`/bin/bash -c 'cat x'` requires approval by policy"),
        ("cat x && touch q", "`/bin/bash -c 'cat x && touch q'` requires approval: why touch"),
        ("touch q && cat x", "`/bin/bash -c 'touch q && cat x'` requires approval by policy"),
        ("cat x && rm -f q", "`/bin/bash -c 'cat x && rm -f q'` requires approval by policy"),
    ],
)
def test_a_rule_that_wants_a_question_gives_its_reason_and_no_proposal(script, reason):
    assert decide(script, ruled=True) == asked(reason)
    assert decide(script, ruled=True, escalate=True, justification="j") == asked(reason)
    assert decide(script, ruled=True, sandboxed=False) == asked(reason)


@pytest.mark.parametrize(
    ("script", "reason"),
    [
        ("id", "`/bin/bash -c id` rejected: policy forbids commands starting with `id`"),
        ("id -u x", "`/bin/bash -c 'id -u x'` rejected: no id"),
        ("ls; touch q; id", "`/bin/bash -c 'ls; touch q; id'` rejected: policy forbids commands starting with `id`"),
        ("rm -f x; id -u", "`/bin/bash -c 'rm -f x; id -u'` rejected: no id"),
    ],
)
@pytest.mark.parametrize("policy", ["on-request", "never", "untrusted", granular(sandbox=False, rules=False)])
def test_a_forbidding_rule_holds_under_every_policy(script, reason, policy):
    assert decide(script, policy, ruled=True) == Decision(kind="forbid", reason=reason)


def test_a_question_that_the_policy_does_not_allow_is_a_refusal():
    assert decide("touch q", "never", ruled=True) == Decision(
        kind="forbid", reason="approval required by policy, but AskForApproval is set to Never"
    )
    assert decide("touch q", granular(rules=False), ruled=True) == Decision(
        kind="forbid", reason="approval required by policy rule, but AskForApproval::Granular.rules is false"
    )


def test_a_command_leaves_the_sandbox_unasked_when_rules_allow_all_of_it():
    assert decide("ls && rm -rf ok", ruled=True) == Decision(kind="allow", bypass_sandbox=True)
    assert decide("ls && pwd", ruled=True) == Decision(kind="allow")
    assert decide("ls", "never", ruled=True) == Decision(kind="allow", bypass_sandbox=True)
    assert decide("rm -rf ok; rm -f other", ruled=True) == asked(None, "rm", "-f", "other")
    assert decide("ls && pwd", ruled=True, escalate=True) == asked(None, "pwd")


@pytest.mark.parametrize(
    ("script", "prefix", "proposed"),
    [
        ("git push x", ["git", "push"], ["git", "push"]),
        ("git push x && git push y", ["git", "push"], ["git", "push"]),
        ("/usr/bin/git push x", ["git", "push"], ["git", "push"]),
        ("git push x && ls -la", ["git", "push"], ["git", "push", "x"]),
        ("git push x", ["git", "pull"], ["git", "push", "x"]),
        ("git push x", [], ["git", "push", "x"]),
        ("git push x", ["git"], ["git", "push", "x"]),
        ("python3 -c 1", ["python3", "-c"], ["python3", "-c", "1"]),
        ("python3 -c 1", ["python3", "-c", "1"], ["python3", "-c", "1"]),
        ("npm run x", ["npm", "run"], ["npm", "run", "x"]),
        ("rm -f z", ["rm", "-f"], ["rm", "-f"]),
        ("cat < a", ["/bin/bash", "-c"], ["/bin/bash", "-c", "cat < a"]),
        ("cat < a", ["cat"], ["/bin/bash", "-c", "cat < a"]),
    ],
)
def test_the_models_prefix_is_proposed_if_it_covers_the_command_and_is_not_too_broad(script, prefix, proposed):
    assert decide(script, escalate=True, prefix_rule=prefix) == asked(None, *proposed)


def test_the_models_prefix_does_not_count_where_rules_match_already():
    assert decide("ls && git push x", ruled=True, escalate=True, prefix_rule=["git", "push"]) == asked(
        None, "git", "push", "x"
    )


def test_refusals_are_escaped_as_clients_know_them():
    assert rejected_for_model("rejected by user") == REFUSED % "rejected by user"
    assert rejected_for_model('say "no"\n') == (
        'exec_command failed: CreateProcess { message: "Rejected(\\"say \\\\\\"no\\\\\\"\\\\n\\")" }'
    )


def test_a_command_without_a_shell_or_without_words_is_decided_too():
    commands = policy_with_rules()
    for argv in (["id"], ["rm", "-f", "x"], [], [""]):
        commands.decide(argv, programs=SYSTEM, approval_policy="on-request", sandboxed=True)
