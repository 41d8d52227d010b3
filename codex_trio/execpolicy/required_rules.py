"""What an administrator requires of command rules: some of their own, and that others do not count for some models.

Owns: the translation of the former to the form of the rule files that everybody else writes. Does not own: the
requirements (config), or evaluating rules (`rule_loading`).
"""

import json
from collections.abc import Callable, Sequence

import msgspec

from codex_trio.config.errors import ConfigLoadError
from codex_trio.config.requirements import Required, RequiredRule, Requirements
from codex_trio.execpolicy.rules import RuleFile, RulesError, RulesProblem


class RequiredRules(msgspec.Struct, frozen=True):
    """Rules that hold beside all others, and of which models commands may be allowed by rules."""

    files: Sequence[RuleFile] = ()
    may_allow: Callable[[str], bool] = lambda _: True


def no_required_rules() -> RequiredRules:
    """Return that nothing is required."""
    return RequiredRules()


def required_rules(requirements: Callable[[], Requirements]) -> RequiredRules:
    """Return what is required now. Raises RulesError when that cannot be told."""
    try:
        required = requirements()
    except ConfigLoadError as error:
        path = "requirements" if error.path is None else str(error.path)
        raise RulesError(RulesProblem(path=path, details=error.message)) from None
    return RequiredRules(
        () if required.rules is None else (_file(required.rules),), may_allow=required.counts_allowing_rules
    )


def _file(required: Required) -> RuleFile:
    rules: Sequence[RequiredRule] = required.value
    return RuleFile(f"requirements ({required.source})", "\n".join(map(_source, rules)))


def _source(rule: RequiredRule) -> str:
    arguments = {"pattern": [list(words) for words in rule.pattern], "decision": rule.decision}
    if rule.justification is not None:
        arguments["justification"] = rule.justification
    given = ", ".join(f"{name}={json.dumps(value, ensure_ascii=False)}" for name, value in arguments.items())
    return f"prefix_rule({given})"
