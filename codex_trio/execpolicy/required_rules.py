"""Command rules that an administrator requires, in the form of the rule files that everybody else writes.

Owns: the translation. Does not own: the requirements (config), or evaluating rules (`rule_loading`).
"""

import json
from collections.abc import Callable, Sequence

from codex_trio.config.errors import ConfigLoadError
from codex_trio.config.requirements import RequiredRule, Requirements
from codex_trio.execpolicy.rules import RuleFile, RulesError, RulesProblem


def required_rules(requirements: Callable[[], Requirements]) -> Sequence[RuleFile]:
    """Return the rules that are required now. Raises RulesError when that cannot be told."""
    try:
        required = requirements().rules
    except ConfigLoadError as error:
        path = "requirements" if error.path is None else str(error.path)
        raise RulesError(RulesProblem(path=path, details=error.message)) from None
    if required is None:
        return ()
    rules: Sequence[RequiredRule] = required.value
    return [RuleFile(f"requirements ({required.source})", "\n".join(map(_source, rules)))]


def _source(rule: RequiredRule) -> str:
    arguments = {"pattern": [list(words) for words in rule.pattern], "decision": rule.decision}
    if rule.justification is not None:
        arguments["justification"] = rule.justification
    given = ", ".join(f"{name}={json.dumps(value, ensure_ascii=False)}" for name, value in arguments.items())
    return f"prefix_rule({given})"
