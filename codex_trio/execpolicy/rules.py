"""Rules about commands: which prefixes are allowed, asked about or forbidden.

Owns: the rule types, matching, adding a rule at run time.
Does not own: reading files (`rule_loading`), writing them (`amendments`), or the decision (`decision`).
"""

import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Literal

import msgspec

from codex_trio.execpolicy.script_words import Word, names
from codex_trio.execpolicy.words import join

RuleDecision = Literal["allow", "prompt", "forbidden"]
NetworkProtocol = Literal["http", "https", "socks5_tcp", "socks5_udp"]

_STRICTNESS: dict[RuleDecision, int] = {"allow": 0, "prompt": 1, "forbidden": 2}


class PrefixRule(msgspec.Struct, frozen=True, kw_only=True):
    """Applies to commands that start with `program` and then one of the alternatives at each place of `rest`."""

    program: str
    rest: tuple[tuple[str, ...], ...] = ()
    decision: RuleDecision = "allow"
    justification: str | None = None

    def matched_prefix(self, argv: Sequence[str]) -> list[str] | None:
        """Return the words of `argv` that the rule covers, its first word taken as given; None when it
        does not apply.
        """
        words = argv[1 : len(self.rest) + 1]
        if len(words) < len(self.rest):
            return None
        if any(word not in allowed for word, allowed in zip(words, self.rest, strict=True)):
            return None
        return [self.program, *words]

    def may_match(self, args: Sequence[Word]) -> bool | None:
        """Return whether it applies to a command with these words behind the program; None when that cannot be told."""
        for index, alternatives in enumerate(self.rest):
            if index >= len(args):
                return False
            word = args[index]
            if word.is_several:
                return None
            if not any(map(word.may_be, alternatives)):
                return False
            if not word.is_known:
                rest = PrefixRule(program=self.program, rest=self.rest[index + 1 :])
                return None if rest.may_match(args[index + 1 :]) is not False else False
        return True


class NetworkRule(msgspec.Struct, frozen=True, kw_only=True):
    """What to do about connections to one host over one protocol."""

    host: str
    protocol: NetworkProtocol
    decision: RuleDecision
    justification: str | None = None


class RuleMatch(msgspec.Struct, frozen=True, kw_only=True, rename="camel", omit_defaults=True):
    """One rule that applies. `resolved_program` is the path that was matched by its base name.

    Encodes to the `prefixRuleMatch` of the execpolicy command's report.
    """

    matched_prefix: list[str]
    decision: RuleDecision
    resolved_program: str | None = None
    justification: str | None = None


class RulesContent(msgspec.Struct, frozen=True, kw_only=True):
    """What rule files hold, as values."""

    prefix_rules: Sequence[PrefixRule] = ()
    network_rules: Sequence[NetworkRule] = ()
    host_executables: Mapping[str, tuple[str, ...]] = {}


class RulesProblem(msgspec.Struct, frozen=True, kw_only=True):
    """Why rule files cannot be used. `start` and `end` are 1-based (line, column), the end exclusive.

    Protocol source: `configWarning` with summary `SUMMARY`.
    """

    path: str
    details: str
    start: tuple[int, int] | None = None
    end: tuple[int, int] | None = None


class RuleFile(msgspec.Struct, frozen=True):
    """A rule file that was read."""

    path: str
    source: str


class Evaluation(msgspec.Struct, frozen=True, kw_only=True):
    """What came of evaluating files: what they hold, or why they cannot be used."""

    content: RulesContent | None = None
    problem: RulesProblem | None = None


SUMMARY = "Error parsing rules; custom rules not applied."


class RulesError(Exception):
    """Rule files cannot be used: no command may run then, since one of them may forbid it. The text is for the user."""

    def __init__(self, problem: RulesProblem) -> None:
        place = problem.path if problem.start is None else "{}:{}:{}".format(problem.path, *problem.start)
        super().__init__(
            f"the command rules at {place} cannot be used, and without them commands that they forbid would run: "
            f"correct or remove the file. {problem.details}"
        )
        self.problem = problem


def strictest(decisions: Iterable[RuleDecision]) -> RuleDecision | None:
    """Forbidden before prompt before allow; None for none at all."""
    return max(decisions, key=_STRICTNESS.__getitem__, default=None)


class PolicyRules:
    """A set of rules. One per thread; `allow_prefix` changes it in place, also while another thread judges by it."""

    def __init__(self) -> None:
        self._prefix_rules: dict[str, list[PrefixRule]] = {}
        self._network_rules: list[NetworkRule] = []
        self._known: set[PrefixRule | NetworkRule] = set()
        self._has_limits = False
        self._host_executables: dict[str, tuple[str, ...]] = {}

    @classmethod
    def of(cls, content: RulesContent) -> "PolicyRules":
        """Return the rules that files were found to hold."""
        rules = cls()
        for prefix_rule in content.prefix_rules:
            rules.add_prefix(prefix_rule)
        for network_rule in content.network_rules:
            rules.add_network(network_rule)
        for name, paths in content.host_executables.items():
            rules.limit_executable(name, paths)
        return rules

    @property
    def content(self) -> RulesContent:
        """Everything that is in the set."""
        return RulesContent(
            prefix_rules=[rule for rules in self._prefix_rules.values() for rule in rules],
            network_rules=self._network_rules,
            host_executables=self._host_executables,
        )

    def add_prefix(self, rule: PrefixRule) -> None:
        """Add one rule, unless it is there already."""
        if rule not in self._known:
            self._known.add(rule)
            self._prefix_rules.setdefault(rule.program, []).append(rule)
            self._has_limits = self._has_limits or rule.decision != "allow"

    def add_network(self, rule: NetworkRule) -> None:
        """Add a rule about a host, unless it is there already."""
        if rule not in self._known:
            self._known.add(rule)
            self._network_rules.append(rule)

    def limit_executable(self, name: str, paths: Sequence[str]) -> None:
        """Let only these absolute paths match rules for the bare program `name`; replaces an earlier limit."""
        self._host_executables[name] = tuple(paths)

    def allow_prefix(self, prefix: Sequence[str]) -> None:
        """Allow commands that start with these literal words, from now on."""
        self.add_prefix(PrefixRule(program=prefix[0], rest=tuple((word,) for word in prefix[1:])))

    def without_rules(self) -> "PolicyRules":
        """Return a set with the same limits on executables and no rules."""
        empty = PolicyRules()
        empty._host_executables = dict(self._host_executables)
        return empty

    def network_rules(self) -> tuple[NetworkRule, ...]:
        """Return the rules about hosts, in file order."""
        return tuple(self._network_rules)

    def check(self, argv: Sequence[str], *, resolve_host_executables: bool = True, folder: str = "") -> list[RuleMatch]:
        """Return every rule that applies to this one command.

        A program given by path is matched as written first, and else by its base name. Relative paths begin at
        `folder`, where that is given.
        """
        if not argv:
            return []
        matches = self._match(argv[0], argv)
        if matches or not resolve_host_executables or "/" not in argv[0]:
            return matches
        return self._match_base_name(os.path.normpath(os.path.join(folder, argv[0])), argv)

    @property
    def has_limits(self) -> bool:
        """Whether any rule forbids commands or wants a question."""
        return self._has_limits

    @property
    def count(self) -> int:
        """How many rules there are: for how long judging by them takes."""
        return len(self._known)

    def limits(self, words: Sequence[Word], script: str) -> list[RuleMatch]:
        """Return the rules that forbid, or want a question about, a command anywhere in `script`.

        Wider than `check`: a program by any path counts, options of git in front of its subcommand do not. Where it
        cannot be told what runs a question is wanted, but about a program that nothing is known of only if the rule's
        is mentioned at all, or its arguments are.
        """
        forms = [words]
        if words and words[0].base_name == "git" and (bare := _without_git_options(words)) != words:
            forms.append(bare)
        return [
            match
            for form in forms
            if form
            for rule in self._strict_rules(form[0])
            if (match := self._limit(rule, form)) is not None
            and (_is_told_apart(rule, form) or os.path.basename(rule.program) in script)
        ] + self._handed_on(words)

    def _handed_on(self, words: Sequence[Word]) -> list[RuleMatch]:
        """Return the rules of more than one word whose words a program is given one after the other: it may well run
        them.
        """
        if len(words) < 3 or words[0].base_name in _TELLS_ONLY:
            return []
        return [
            match
            for at, word in enumerate(words[1:_HANDED_WORDS], start=1)
            if word.is_known and word.base_name
            for rule in self._prefix_rules.get(word.base_name, ())
            if rule.rest and rule.decision != "allow" and rule.may_match(words[at + 1 :])
            if (match := self._limit(rule, [Word(word.start, is_known=False), *words[at + 1 :]])) is not None
        ]

    def _strict_rules(self, program: Word) -> Iterator[PrefixRule]:
        names = dict.fromkeys((program.text, program.base_name)) if program.is_known else tuple(self._prefix_rules)
        for name in names:
            if name is not None and (
                program.is_known or program.may_be(name) or program.may_lead_to(name) or program.base_name == name
            ):
                yield from (rule for rule in self._prefix_rules.get(name, ()) if rule.decision != "allow")

    @staticmethod
    def _limit(rule: PrefixRule, words: Sequence[Word]) -> RuleMatch | None:
        applies = None if words[0].is_several and words[0].base_name is None else rule.may_match(words[1:])
        if applies is False:
            return None
        prefix = [rule.program, *(alternatives[0] for alternatives in rule.rest)]
        is_certain = applies and (words[0].is_known or words[0].base_name == rule.program)
        if not is_certain:
            verb = "forbids" if rule.decision == "forbidden" else "wants a question about"
            why = f"it may run `{join(prefix)}`, and a rule {verb} that"
            return RuleMatch(matched_prefix=prefix, decision="prompt", justification=why)
        written = [word.text or prefix[index] for index, word in enumerate(words[: len(prefix)])]
        return RuleMatch(
            matched_prefix=[rule.program, *written[1:]], decision=rule.decision, justification=rule.justification
        )

    def _match(self, program: str, argv: Sequence[str], *, resolved: str | None = None) -> list[RuleMatch]:
        return [
            RuleMatch(
                matched_prefix=prefix,
                decision=rule.decision,
                resolved_program=resolved,
                justification=rule.justification,
            )
            for rule in self._prefix_rules.get(program, ())
            if (prefix := rule.matched_prefix(argv)) is not None
        ]

    def _match_base_name(self, path: str, argv: Sequence[str]) -> list[RuleMatch]:
        name = os.path.basename(path)
        allowed = self._host_executables.get(name)
        if allowed is not None and path not in allowed:
            return []
        matches = self._match(name, argv, resolved=path)
        if os.path.isabs(path):
            return matches
        # A relative path may lead to anything in the working tree: good enough to be strict about, not to be trusted.
        return [match for match in matches if match.decision != "allow"]


def _is_told_apart(rule: PrefixRule, words: Sequence[Word]) -> bool:
    """Return whether more speaks for a rule than that nothing is known of a program."""
    program = words[0]
    if program.start or program.end or program.is_known or program.is_hidden:
        return True
    return bool(rule.rest) and rule.may_match(words[1:]) is True


_HANDED_WORDS = 32
_TELLS_ONLY = names(
    ". [ [[ ag apropos ash awk bash cat command compgen dash echo egrep export fgrep file find git grep hash head help "
    "info ksh locate ls make man printf read rg sed set sh source tail test tldr touch type unset wc whatis whereis "
    "which xargs zsh"
)
"""Programs that look for words or print them, and those whose commands are found otherwise."""

_GIT_VALUES = frozenset({"-C", "-c", "--config-env", "--exec-path", "--git-dir", "--namespace", "--work-tree"})


def _without_git_options(words: Sequence[Word]) -> list[Word]:
    """Return a git command without what stands in front of its subcommand."""
    at = 1
    while at < len(words) and words[at].start.startswith("-"):
        at += 2 if words[at].text in _GIT_VALUES else 1
    return [words[0], *words[at:]]
