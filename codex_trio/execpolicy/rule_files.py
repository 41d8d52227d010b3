"""The rule language: Starlark files that call `prefix_rule`, `network_rule` and `host_executable`.

Owns: the three functions, checking their arguments and examples, the place and wording of errors.
Does not own: matching; the rules go into a `PolicyRules`. Nor keeping a file from running for ever or taking all
memory: see `rule_loading`, which is to be used for anything but text that is known to be harmless.
"""

import os
import re
from collections.abc import Iterable, Sequence
from typing import cast

import starlark

from codex_trio.config.host_lists import normal_host
from codex_trio.execpolicy.rules import (
    NetworkProtocol,
    NetworkRule,
    PolicyRules,
    PrefixRule,
    RuleDecision,
    RuleFile,
    RuleMatch,
    RulesError,
    RulesProblem,
)
from codex_trio.execpolicy.words import join, split
from codex_trio.util.visible import with_unseen

MAX_RULES = 20_000
"""What a file that makes rules in a loop may come to."""

_MAX_DETAILS = 20_000
_DECISIONS: dict[str, RuleDecision] = {"allow": "allow", "prompt": "prompt", "forbidden": "forbidden"}
_NETWORK_DECISIONS: dict[str, RuleDecision] = {**_DECISIONS, "deny": "forbidden"}
_PROTOCOLS: dict[str, NetworkProtocol] = {
    "http": "http",
    "https": "https",
    "https_connect": "https",
    "socks5_tcp": "socks5_tcp",
    "socks5_udp": "socks5_udp",
}
_WITH_PORT = re.compile(r"(\[[^\]]*\]|[^:]+):[0-9]+")
_LOCATION = re.compile(r"^ *--> .*:(\d+):(\d+)$", re.MULTILINE)
# An error without a place is shown at the very beginning, above no line of the file.
_NOWHERE = re.compile(r"^ *--> .*:1:1\n *\|\n(?: *\|\n)?\Z", re.MULTILINE)
_LAST_LINE = re.compile(r"^(\d+) \| \| .*$", re.MULTILINE)
_ONE_LINE_MARK = re.compile(r"^ *\| ( *)(\^+)$", re.MULTILINE)
_LAST_LINE_MARK = re.compile(r"^ *\| \|(_+)\^$", re.MULTILINE)


class _Refused(Exception):
    """A call with bad arguments. Starlark adds the place, and this class's name, which is taken out again."""


def evaluate(files: Iterable[RuleFile]) -> PolicyRules:
    """Return the rules of `files`, evaluated in this process and without limits. Raises `RulesError`."""
    rules = PolicyRules()
    for file in files:
        read_rules(file.path, file.source, rules)
    return rules


def read_rules(path: str, source: str, rules: PolicyRules) -> None:
    """Run the file and add its rules.

    Raises `RulesError`; `rules` may then hold part of the file.
    """
    dialect = starlark.Dialect.extended()
    dialect.enable_f_strings = True
    module = starlark.Module()
    builtins = _Builtins(rules)
    for function in (builtins.prefix_rule, builtins.network_rule, builtins.host_executable):
        module.add_callable(function.__name__, function)
    try:
        starlark.eval(module, starlark.parse(path, source, dialect), starlark.Globals.standard())
    except starlark.StarlarkError as error:
        text = _with_end(str(error).replace(f"error: {_Refused.__name__}: ", "error: ", 1), path, source)
        cause = builtins.failed_example or f"starlark error: {text}"
        start, end = _span(text)
        details = f"failed to parse rules file {path}: {cause}"
        problem = RulesProblem(path=path, details=details[:_MAX_DETAILS], start=start, end=end)
        raise RulesError(problem) from None


def _with_end(text: str, path: str, source: str) -> str:
    """Return an error report with the end of the file for its place where it has none, as when a bracket stays open."""
    lines = source.rstrip().split("\n")
    return _NOWHERE.sub(lambda _: f" --> {path}:{len(lines)}:{len(lines[-1]) + 1}\n", text)


def _span(text: str) -> tuple[tuple[int, int] | None, tuple[int, int] | None]:
    """Start and end of the code that an error report points at."""
    location = _LOCATION.search(text)
    if location is None:
        return None, None
    line, column = int(location[1]), int(location[2])
    if mark := _ONE_LINE_MARK.search(text):
        return (line, column), (line, column + len(mark[2]))
    last_lines, mark = _LAST_LINE.findall(text), _LAST_LINE_MARK.search(text)
    if last_lines and mark:
        return (line, column), (int(last_lines[-1]), len(mark[1]) + 1)
    return (line, column), (line, column)


class _Builtins:
    """The functions that rule files call."""

    def __init__(self, rules: PolicyRules) -> None:
        self._rules = rules
        self.failed_example: str | None = None
        self._count = 0

    def prefix_rule(self, *args: object, **kwargs: object) -> None:
        """prefix_rule(pattern, decision="allow", match=[], not_match=[], justification=None)"""
        names = ("pattern", "decision", "match", "not_match", "justification")
        given = _Arguments("prefix_rule", names, args, kwargs, decision="allow", match=[], not_match=[])
        first, *rest = _pattern(given.items("pattern"))
        decision = _one_of(_DECISIONS, given.text("decision"))
        justification = given.justification()
        matching = [_example(value) for value in given.items("match")]
        not_matching = [_example(value) for value in given.items("not_match")]
        rules = [
            PrefixRule(program=program, rest=tuple(rest), decision=decision, justification=justification)
            for program in first
        ]
        self._check_examples(rules, matching, not_matching)
        self._add(len(rules))
        for rule in rules:
            self._rules.add_prefix(rule)

    def network_rule(self, *args: object, **kwargs: object) -> None:
        """network_rule(host, protocol, decision, justification=None)"""
        given = _Arguments("network_rule", ("host", "protocol", "decision", "justification"), args, kwargs)
        host = _host(given.text("host"))
        protocol = given.text("protocol")
        if protocol not in _PROTOCOLS:
            known = "http, https, socks5_tcp, socks5_udp"
            raise _Refused(f"invalid rule: network_rule protocol must be one of {known} (got {protocol})")
        decision = _one_of(_NETWORK_DECISIONS, given.text("decision"))
        justification = given.justification()
        self._add(1)
        self._rules.add_network(
            NetworkRule(host=host, protocol=_PROTOCOLS[protocol], decision=decision, justification=justification)
        )

    def host_executable(self, *args: object, **kwargs: object) -> None:
        """host_executable(name, paths)"""
        given = _Arguments("host_executable", ("name", "paths"), args, kwargs)
        name = given.text("name")
        if not name:
            raise _Refused("invalid rule: host_executable name cannot be empty")
        if "/" in name or name in (".", ".."):
            raise _Refused(f"invalid rule: host_executable name must be a bare executable name (got {name})")
        paths = [_executable_path(value, name) for value in given.items("paths")]
        self._add(1)
        self._rules.limit_executable(name, paths)

    def _add(self, count: int) -> None:
        self._count += count
        if self._count > MAX_RULES:
            raise _Refused(f"invalid rule: a file may hold at most {MAX_RULES} rules")

    def _check_examples(
        self, rules: Sequence[PrefixRule], matching: Sequence[list[str]], not_matching: Sequence[list[str]]
    ) -> None:
        own = self._rules.without_rules()
        for rule in rules:
            own.add_prefix(rule)
        unmatched = [join(example) for example in matching if not own.check(example)]
        if unmatched:
            listed, missed = _listed(map(_show_rule, rules)), _listed(unmatched)
            self._fail(
                f"expected every example to match at least one rule. rules: {listed}; unmatched examples: {missed}"
            )
        for example in not_matching:
            for match in own.check(example):
                self._fail(f"expected example to not match rule `{_show_match(match)}`: {join(example)}")

    def _fail(self, text: str) -> None:
        self.failed_example = text
        raise _Refused(text)


class _Arguments:
    """The arguments of one call, by name."""

    def __init__(
        self,
        function: str,
        names: Sequence[str],
        args: Sequence[object],
        kwargs: dict[str, object],
        **defaults: object,
    ) -> None:
        self._function = function
        if len(args) > len(names):
            raise _Refused(f"Found {len(args) - len(names)} extra positional argument(s) for call to {function}")
        if unknown := [f"`{name}`" for name in kwargs if name not in names]:
            raise _Refused(f"Found {' '.join(unknown)} extra named parameter(s) for call to {function}")
        self._values: dict[str, object] = {**defaults, **dict(zip(names, args, strict=False)), **kwargs}

    def text(self, name: str) -> str:
        value = self._get(name)
        if not isinstance(value, str):
            raise self._mismatch(name, "str", value)
        return value

    def items(self, name: str) -> list[object]:
        value = self._get(name)
        if not isinstance(value, list):
            raise self._mismatch(name, "list", value)
        return cast("list[object]", value)

    def justification(self) -> str | None:
        if self._values.get("justification") is None:
            return None
        text = self.text("justification")
        if not text.strip():
            raise _Refused("invalid rule: justification cannot be empty")
        return text

    def _get(self, name: str) -> object:
        if name not in self._values:
            raise _Refused(f"Missing parameter `{name}` for call to `{self._function}`")
        return self._values[name]

    @staticmethod
    def _mismatch(name: str, expected: str, value: object) -> _Refused:
        shown = _quoted(value) if isinstance(value, str) else repr(value)
        actual = f"{_type_name(value)} (repr: {shown})"
        return _Refused(f"Type of parameter `{name}` doesn't match, expected `{expected}`, actual `{actual}`")


def _pattern(elements: Sequence[object]) -> list[tuple[str, ...]]:
    if not elements:
        raise _Refused("invalid pattern element: pattern cannot be empty")
    return [_alternatives(element) for element in elements]


def _alternatives(element: object) -> tuple[str, ...]:
    if isinstance(element, str):
        return (element,)
    if not isinstance(element, list):
        got = _type_name(element)
        raise _Refused(f"invalid pattern element: pattern element must be a string or list of strings (got {got})")
    words = cast("list[object]", element)
    if not words:
        raise _Refused("invalid pattern element: pattern alternatives cannot be empty")
    return tuple(_string(word, "invalid pattern element: pattern alternative must be a string") for word in words)


def _example(value: object) -> list[str]:
    if isinstance(value, str):
        words = split(value)
        if words is None:
            raise _Refused("invalid example: example string has invalid shell syntax")
        if not words:
            raise _Refused("invalid example: example cannot be an empty string")
        return words
    if not isinstance(value, list):
        raise _Refused(f"invalid example: example must be a string or list of strings (got {_type_name(value)})")
    words = cast("list[object]", value)
    if not words:
        raise _Refused("invalid example: example cannot be an empty list")
    return [_string(word, "invalid example: example tokens must be strings") for word in words]


def _host(host: str) -> str:
    host = host.strip().lower()
    if not host:
        raise _Refused("invalid rule: network_rule host cannot be empty")
    if any(char.isspace() for char in host):
        raise _Refused("invalid rule: network_rule host cannot contain whitespace")
    if "://" in host or "/" in host:
        raise _Refused("invalid rule: network_rule host must be a hostname or IP literal (without scheme or path)")
    if "*" in host:
        raise _Refused("invalid rule: network_rule host must be a specific host; wildcards are not allowed")
    try:
        # A port says nothing: a rule holds for all of them.
        with_port = _WITH_PORT.fullmatch(host)
        return normal_host(host if with_port is None else with_port[1])
    except ValueError:
        # Such a rule would hold for nothing, also where it forbids.
        raise _Refused(f"invalid rule: network_rule host `{with_unseen(host)}` is no hostname or IP literal") from None


def _executable_path(value: object, name: str) -> str:
    path = _string(value, "invalid rule: host_executable paths must be strings")
    if not os.path.isabs(path):
        raise _Refused(f"invalid rule: host_executable paths must be absolute (got {path})")
    path = os.path.normpath(path)
    if os.path.basename(path) != name:
        raise _Refused(f"invalid rule: host_executable path `{path}` must have basename `{name}`")
    return path


def _string(value: object, complaint: str) -> str:
    if not isinstance(value, str):
        raise _Refused(f"{complaint} (got {_type_name(value)})")
    return value


def _one_of(known: dict[str, RuleDecision], decision: str) -> RuleDecision:
    if decision not in known:
        raise _Refused(f"invalid decision: {decision}")
    return known[decision]


# --- values and rules as the reference's messages show them ---------------------------------------------------------


def _type_name(value: object) -> str:
    if value is None or isinstance(value, str):
        return "NoneType" if value is None else "string"
    return type(value).__name__


def _quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n").replace("\t", "\\t")
    return f'"{escaped}"'


def _listed(texts: Iterable[str]) -> str:
    return f"[{', '.join(map(_quoted, texts))}]"


def _show_rule(rule: PrefixRule) -> str:
    rest = ", ".join(
        f"Single({_quoted(word[0])})" if len(word) == 1 else f"Alts({_listed(word)})" for word in rule.rest
    )
    pattern = f"PrefixPattern {{ canonical_matching: false, first: {_quoted(rule.program)}, rest: [{rest}] }}"
    return f"PrefixRule {{ pattern: {pattern}, decision: {rule.decision.capitalize()}, {_show_reason(rule)} }}"


def _show_match(match: RuleMatch) -> str:
    path = match.resolved_program
    program = "None" if path is None else f"Some(AbsolutePathBuf({_quoted(path)}))"
    prefix, decision = _listed(match.matched_prefix), match.decision.capitalize()
    start = f"PrefixRuleMatch {{ matched_prefix: {prefix}, decision: {decision}, resolved_program: {program}"
    return f"{start}, {_show_reason(match)} }}"


def _show_reason(rule: PrefixRule | RuleMatch) -> str:
    text = rule.justification
    return f"justification: {'None' if text is None else f'Some({_quoted(text)})'}"
