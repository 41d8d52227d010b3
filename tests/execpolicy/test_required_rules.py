"""Rules that an administrator requires hold beside those of all files, and as they are now."""

import pytest

from codex_trio.config.errors import ConfigLoadError
from codex_trio.config.requirements import Required, RequiredRule, Requirements
from codex_trio.execpolicy.bash import Bash
from codex_trio.execpolicy.decision import CommandPolicy, Decision
from codex_trio.execpolicy.programs import NoWork, Programs
from codex_trio.execpolicy.required_rules import required_rules
from codex_trio.execpolicy.rules import RulesError

SYSTEM = Programs("/usr/bin:/bin", "/", NoWork())


def requiring(*rules: RequiredRule) -> Requirements:
    return Requirements(rules=Required(rules, "/etc/codex/requirements.toml"), shown={"rules": {}})


FORBID = requiring(
    RequiredRule(pattern=(("git", "hg"), ("push", 'p"\\\n')), decision="forbidden", justification='not "here"')
)


def decide(policy: CommandPolicy, *argv: str, model: str = "m", escalate: bool = False) -> Decision:
    return policy.decide(
        argv, programs=SYSTEM, approval_policy="on-request", sandboxed=True, model=model, escalate=escalate
    )


class Office:
    """What is required at the moment; None while nobody can tell."""

    def __init__(self, requirements: Requirements | None) -> None:
        self.requirements = requirements

    def read(self) -> Requirements:
        if self.requirements is None:
            raise ConfigLoadError("failed to parse requirements layer")
        return self.requirements

    async def policy(self, folder) -> CommandPolicy:
        return await CommandPolicy.load(
            [folder], bash=Bash(), amendments=folder / "default.rules", required=lambda: required_rules(self.read)
        )


async def test_they_forbid_what_the_user_allows(tmp_path):
    (tmp_path / "default.rules").write_text('prefix_rule(pattern=["git"], decision="allow")\n')
    policy = await Office(FORBID).policy(tmp_path)

    assert decide(policy, "git", "status").kind == "allow"
    for argv in (("git", "push"), ("hg", "push", "x"), ("git", 'p"\\\n')):
        refused = decide(policy, *argv)
        assert refused.kind == "forbid"
        assert 'not "here"' in str(refused.reason)


async def test_no_rule_allows_commands_of_models_that_are_named_and_others_hold_for_them(tmp_path):
    (tmp_path / "default.rules").write_text(
        'prefix_rule(pattern=["git"], decision="allow")\nprefix_rule(pattern=["hg"], decision="forbidden")\n'
        'prefix_rule(pattern=["make"], decision="prompt")\n'
    )
    office = Office(Requirements())
    policy = await office.policy(tmp_path)
    assert decide(policy, "git", "status").bypass_sandbox
    office.requirements = Requirements(unruled_models=Required(["m"], "/etc/codex/requirements.toml"))
    await policy.refresh()
    for model in ("m", "vendor/m"):
        inside = decide(policy, "git", "status", model=model)
        assert (inside.kind, inside.bypass_sandbox, inside.proposed_amendment) == ("allow", False, None)
        asked = decide(policy, "git", "status", model=model, escalate=True)
        assert (asked.kind, asked.proposed_amendment) == ("prompt", None)
        assert [decide(policy, name, model=model).kind for name in ("hg", "make")] == ["forbid", "prompt"]
    assert decide(policy, "git", "status", model="other").bypass_sandbox


async def test_those_of_later_count_from_the_next_turn_on(tmp_path):
    office = Office(requiring())
    policy = await office.policy(tmp_path)
    assert decide(policy, "git", "push").kind == "allow"

    office.requirements = FORBID
    await policy.refresh()
    assert decide(policy, "git", "push").kind == "forbid"

    office.requirements = None
    with pytest.raises(RulesError, match="failed to parse requirements layer"):
        await policy.refresh()
    assert decide(policy, "git", "push").kind == "forbid"
