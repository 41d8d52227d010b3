"""Whether a command runs, is asked about, or is refused.

Owns: the decision over all parts of a command, its wording, the rule proposed along with a question.
Does not own: asking, sandboxing, or remembering answers for a session. Deciding takes well below a millisecond for
usual commands.
"""

import os
from collections.abc import Callable, Collection, Sequence
from typing import Any, Literal

import msgspec

from codex_trio.config.approval import AskForApproval, Granular, describe
from codex_trio.domain.items import ParsedCommand
from codex_trio.execpolicy.actions import command_actions
from codex_trio.execpolicy.amendments import AmendmentError, amend, amend_host
from codex_trio.execpolicy.bash import Bash, shell_script
from codex_trio.execpolicy.danger import is_dangerous
from codex_trio.execpolicy.programs import Programs
from codex_trio.execpolicy.proposals import proposal
from codex_trio.execpolicy.required_rules import RequiredRules, no_required_rules
from codex_trio.execpolicy.rule_loading import load_rules, read_and_judge
from codex_trio.execpolicy.rules import NetworkRule, PolicyRules, RuleDecision, RuleFile, RuleMatch, strictest
from codex_trio.execpolicy.safe import is_known_safe
from codex_trio.execpolicy.script_commands import commands_of
from codex_trio.execpolicy.script_words import Word
from codex_trio.execpolicy.words import join

Doubt = Callable[[], Collection[str]]
"""The folders of rules whose files somebody else may have written just now."""

Required = Callable[[], RequiredRules]
"""What an administrator requires of rules as of now. Raises RulesError."""

_QUICK_EFFORT = 4096 * 8
_RULES_IN_EFFORT = 8
"""How many rules cost as much as taking the script apart does."""

UNPLACED_JUSTIFICATION = (
    "`justification` requires an explicit `sandbox_permissions`; use `sandbox_permissions: "
    '"require_escalated"` for unsandboxed execution, or omit `justification`.'
)
"""The tool output for a call with a justification and no word on permissions."""


class Decision(msgspec.Struct, frozen=True, kw_only=True):
    """What happens to a command.

    `reason`: for prompt, what the user is told (None: nothing to say); for forbid, why, see `for_model`.
    `proposed_amendment`: the prefix that the user is offered to allow for good; for allow, it goes with a later
    question whether to retry outside the sandbox.
    `bypass_sandbox`: every part is allowed by a rule, so the command runs without a sandbox.
    `request_refused`: the model may not even ask to leave the sandbox.
    """

    kind: Literal["allow", "prompt", "forbid"]
    reason: str | None = None
    proposed_amendment: list[str] | None = None
    bypass_sandbox: bool = False
    request_refused: bool = False

    def for_model(self) -> str:
        """Return the tool output for a forbidden command."""
        reason = self.reason or "blocked by policy"
        return reason if self.request_refused else rejected_for_model(reason)


def rejected_for_model(reason: str) -> str:
    """Return the tool output for a command that was refused, by policy or by the user (`rejected by user`)."""
    inner = f"Rejected({_debug(reason)})"
    return f"exec_command failed: CreateProcess {{ message: {_debug(inner)} }}"


async def _read_sound(
    folders: Sequence[str | os.PathLike[str]], doubted: Doubt | None, *, known: Sequence[RuleFile]
) -> Sequence[RuleFile]:
    """Read the rule files; of folders in doubt what was `known` before. Raises RulesError."""
    # Asked after they were read, so that nobody can change them in between.
    files, unsound = await read_and_judge(folders, doubted or tuple)
    if not unsound:
        return files
    sound = [file for file in files if os.path.dirname(file.path) not in unsound]
    return [file for file in known if os.path.dirname(file.path) in unsound] + sound


class CommandPolicy:
    """The rules of one thread, ready to be asked."""

    def __init__(
        self,
        *,
        rules: PolicyRules,
        bash: Bash,
        amendments: str | os.PathLike[str],
        folders: Sequence[str | os.PathLike[str]] = (),
        files: Sequence[RuleFile] = (),
        doubted: Doubt | None = None,
        required: Required = no_required_rules,
        may_allow: Callable[[str], bool] = lambda _: True,
    ) -> None:
        self.bash = bash
        self._rules = rules
        self._amendments = os.fspath(amendments)
        self._folders = folders
        self._files = files
        self._doubted = doubted
        self._required = required
        self._may_allow = may_allow

    @classmethod
    async def load(
        cls,
        folders: Sequence[str | os.PathLike[str]],
        *,
        bash: Bash,
        amendments: str | os.PathLike[str],
        doubted: Doubt | None = None,
        required: Required = no_required_rules,
    ) -> "CommandPolicy":
        """Return the rules in `folders`, lowest precedence first. Raises RulesError.

        `doubted` tells of which of them nothing is to be taken up, as it is not known who wrote it; it may block.
        `required` gives rules that hold beside those of the folders.
        """
        demanded = required()
        files = [*demanded.files, *await _read_sound(folders, doubted, known=())]
        rules = await load_rules(files)
        return cls(
            rules=rules,
            bash=bash,
            amendments=amendments,
            folders=folders,
            files=files,
            doubted=doubted,
            required=required,
            may_allow=demanded.may_allow,
        )

    async def refresh(self) -> None:
        """Take up what has changed in the files. Raises RulesError; what held before then holds on."""
        demanded = self._required()
        files = [*demanded.files, *await _read_sound(self._folders, self._doubted, known=self._files)]
        self._may_allow = demanded.may_allow
        if files != self._files:
            self._rules = await load_rules(files)
            self._files = files

    def decide(
        self,
        argv: Sequence[str],
        *,
        programs: Programs,
        approval_policy: AskForApproval,
        sandboxed: bool,
        model: str = "",
        unrestricted: bool = False,
        escalate: bool = False,
        widen: bool = False,
        justification: str | None = None,
        prefix_rule: Sequence[str] | None = None,
    ) -> Decision:
        """Decide about `argv`, usually `[shell, "-lc", script]`, a few look-ups in the file system included.

        `sandboxed`: the sandbox policy is neither full access nor an external sandbox. `unrestricted`: it is full
        access. `model` wants to run it. `escalate` (to leave the sandbox), `widen` (to do more in it), `justification`
        and `prefix_rule` are what it asked for.
        """
        refusal = _refused_escalation(approval_policy) if escalate or widen else None
        if refusal is None and widen:
            refusal = _refused_widening(approval_policy)
        if refusal is not None:
            return Decision(kind="forbid", reason=refusal, request_refused=True)
        judge = _Judge(
            self._rules,
            self.bash,
            programs,
            approval_policy,
            ask_to_leave=(escalate or widen) and sandboxed,
            guard_removal=not (unrestricted and approval_policy == "never"),
            may_allow=self._may_allow(model),
        )
        return judge.decide(argv, justification=justification, prefix_rule=prefix_rule)

    def is_quick(self, script: str) -> bool:
        """Return whether deciding about a script takes no longer than others can wait."""
        return len(script) * (self._rules.count + _RULES_IN_EFFORT) <= _QUICK_EFFORT

    def parse(self, argv: Sequence[str]) -> list[ParsedCommand]:
        """Return what the command does, for its item; paths of reads are relative to where it runs."""
        return command_actions(argv, self.bash)

    async def amend(self, prefix: Sequence[str]) -> None:
        """Allow commands that start with `prefix`, for later threads and at once.

        Raises `AmendmentError`, with nothing changed.
        """
        await amend(self._rules, prefix, self._amendments)

    def network_rules(self) -> tuple[NetworkRule, ...]:
        """Return the rules about hosts, in file order."""
        return self._rules.network_rules()

    async def amend_host(self, rule: NetworkRule) -> None:
        """Add a rule about a host, for later threads and at once.

        Raises `AmendmentError`, with nothing changed.
        """
        await amend_host(self._rules, rule, self._amendments)


class ConfinedPolicy(CommandPolicy):
    """The rules of another policy for somebody whose commands never leave the sandbox, and who allows nothing."""

    def __init__(self, policy: CommandPolicy) -> None:
        super().__init__(rules=PolicyRules(), bash=policy.bash, amendments="")
        self._policy = policy

    async def refresh(self) -> None:
        await self._policy.refresh()

    def is_quick(self, script: str) -> bool:
        return self._policy.is_quick(script)

    def decide(self, argv: Sequence[str], **more: Any) -> Decision:
        return msgspec.structs.replace(self._policy.decide(argv, **more), bypass_sandbox=False)

    async def amend(self, prefix: Sequence[str]) -> None:
        raise AmendmentError("nothing can be allowed from here")

    def network_rules(self) -> tuple[NetworkRule, ...]:
        return self._policy.network_rules()

    async def amend_host(self, rule: NetworkRule) -> None:
        raise AmendmentError("nothing can be allowed from here")


_MOVES = ("cd", "pushd", "popd")


class _Part(msgspec.Struct, frozen=True):
    """One command of the script with the rules that match it; `decision` is the heuristic's when none does."""

    argv: Sequence[str]
    matches: Sequence[RuleMatch]
    decision: RuleDecision


class _Judge:
    """One decision; the parts of a command are judged one by one, and the strictest verdict holds."""

    def __init__(
        self,
        rules: PolicyRules,
        bash: Bash,
        programs: Programs,
        policy: AskForApproval,
        *,
        ask_to_leave: bool,
        guard_removal: bool,
        may_allow: bool,
    ) -> None:
        self._rules = rules
        self._may_allow = may_allow
        self._programs: Programs | None = programs
        self._allowable: dict[str, bool] = {}
        self._bash = bash
        self._policy: AskForApproval = policy
        self._ask_to_leave = ask_to_leave
        self._guard_removal = guard_removal

    def decide(self, argv: Sequence[str], *, justification: str | None, prefix_rule: Sequence[str] | None) -> Decision:
        parts = [self._judge_next(part) for part in self._bash.segments(argv) or [list(argv)]]
        matches = [match for part in parts for match in part.matches]
        matches += self._limits(argv)
        verdict = strictest([*(part.decision for part in parts), *(match.decision for match in matches)])
        if verdict == "forbidden":
            return Decision(kind="forbid", reason=_forbidden_reason(argv, matches))
        if verdict == "prompt" and any(match.decision == "prompt" for match in matches):
            return _prompt_by_rule(argv, matches, self._policy)
        # Parts that a rule allows need no further one; what remains is allowed or asked about by heuristic.
        open_parts = [part.argv for part in parts if not part.matches and part.decision == verdict]
        if verdict == "prompt":
            proposed = None if _is_mute(self._policy) or not self._may_allow else open_parts[0]
            if proposed is not None:
                covered = [] if matches else [part.argv for part in parts]
                proposed = proposal(prefix_rule, covered, self._rules) or proposed
            return Decision(kind="prompt", reason=justification, proposed_amendment=_list(proposed))
        retry = None if matches or not self._may_allow else _list(open_parts[0])
        return Decision(kind="allow", proposed_amendment=retry, bypass_sandbox=all(part.matches for part in parts))

    def _limits(self, argv: Sequence[str]) -> list[RuleMatch]:
        """Rule that forbid or ask about any command in a script, however it is written: only allowing takes it apart.

        The shell that is handed the script is none of its commands.
        """
        if not self._rules.has_limits:
            return []
        inside = commands_of(argv, self._bash)
        if shell_script(argv) is not None:
            next(inside)
        script = " ".join(argv)
        programs = self._programs
        found: list[RuleMatch] = []
        for command in inside:
            found += self._rules.limits(command, script)
            target = programs.link_target(command[0].text) if programs is not None and command[0].text else None
            if target is not None:
                found += self._rules.limits([Word(target), *command[1:]], script)
        return found

    def _judge_next(self, argv: Sequence[str]) -> _Part:
        """Return one command, which may be followed by others in another folder."""
        part = self._judge(argv)
        if self._programs is not None and argv and argv[0] in _MOVES:
            self._programs = self._programs.moved(argv)
            self._allowable.clear()
        return part

    def _judge(self, argv: Sequence[str]) -> _Part:
        matches = self._rules.check(argv)
        if matches and not self._is_meant(argv, matches):
            matches = [match for match in matches if match.decision != "allow"]
        return _Part(argv, matches, strictest(match.decision for match in matches) or self._heuristic(argv))

    def _is_meant(self, argv: Sequence[str], matches: Sequence[RuleMatch]) -> bool:
        """Return whether this is the program that a rule allows, and it obeys nobody's settings but the user's."""
        if self._programs is None or not self._may_allow:
            return False
        if argv[0] not in self._allowable:
            self._allowable[argv[0]] = self._programs.may_be_allowed(argv[0])
        if not self._allowable[argv[0]]:
            return False
        if os.path.basename(argv[0]) != "git":
            return True
        # Who has a rule with options in front of the subcommand knows what they do.
        is_deliberate = any(match.matched_prefix[1:] and match.matched_prefix[1][:1] == "-" for match in matches)
        return is_deliberate or not self._programs.has_own_repository(argv[1:])

    def _heuristic(self, argv: Sequence[str]) -> RuleDecision:
        # Who has switched everything off, questions and sandbox, has no use for a refusal.
        if self._guard_removal and is_dangerous(argv, self._bash):
            return "forbidden" if self._policy == "never" else "prompt"
        if self._policy == "never":
            return "allow"
        if self._policy == "untrusted" and not self._is_known_safe(argv):
            return "prompt"
        return "prompt" if self._ask_to_leave else "allow"

    def _is_known_safe(self, argv: Sequence[str]) -> bool:
        return self._programs is not None and is_known_safe(argv, self._bash, self._programs)


def _refused_escalation(policy: AskForApproval) -> str | None:
    """Return what the model is told when it asks to run outside the sandbox and the policy rules out
    asking; else None.
    """
    if policy != "never" and not _is_mute(policy):
        return None
    name = describe(policy)
    return (
        f"approval policy is {name}; reject command — you cannot ask for escalated permissions "
        f"if the approval policy is {name}"
    )


def _refused_widening(policy: AskForApproval) -> str | None:
    """Return the same where it asks for additional permissions, which is on request alone; else None."""
    if policy in ("on-request", "on-failure"):
        return None
    return (
        f"approval policy is {describe(policy)}; reject command — you cannot request additional permissions unless "
        "the approval policy is OnRequest"
    )


def _is_mute(policy: AskForApproval) -> bool:
    """Return whether the user does not want to hear about leaving the sandbox; other questions then come without
    proposals.
    """
    return isinstance(policy, Granular) and not policy.sandbox_approval


def _prompt_by_rule(argv: Sequence[str], matches: Sequence[RuleMatch], policy: AskForApproval) -> Decision:
    if policy == "never":
        return Decision(kind="forbid", reason="approval required by policy, but AskForApproval is set to Never")
    if isinstance(policy, Granular) and not policy.rules:
        reason = "approval required by policy rule, but AskForApproval::Granular.rules is false"
        return Decision(kind="forbid", reason=reason)
    rule = _most_specific(matches, "prompt")
    why = f"approval: {rule.justification}" if rule and rule.justification is not None else "approval by policy"
    return Decision(kind="prompt", reason=f"`{join(argv)}` requires {why}")


def _forbidden_reason(argv: Sequence[str], matches: Sequence[RuleMatch]) -> str:
    rule = _most_specific(matches, "forbidden")
    if rule is None:
        why = "rm -f style commands are not permitted. Use a safer approach"
    elif rule.justification is not None:
        why = rule.justification
    else:
        why = f"policy forbids commands starting with `{join(rule.matched_prefix)}`"
    return f"`{join(argv)}` rejected: {why}"


def _most_specific(matches: Sequence[RuleMatch], decision: RuleDecision) -> RuleMatch | None:
    """Return the match over most words; the last of equals."""
    candidates = [match for match in reversed(matches) if match.decision == decision]
    return max(candidates, key=lambda match: len(match.matched_prefix), default=None)


def _list(words: Sequence[str] | None) -> list[str] | None:
    return None if words is None else list(words)


def _debug(text: str) -> str:
    """`text` as a quoted literal, in the escapes of the reference's messages."""
    plain = {'"': '\\"', "\\": "\\\\", "\n": "\\n", "\r": "\\r", "\t": "\\t", "\0": "\\0"}
    escaped = "".join(plain.get(char) or (char if char.isprintable() else f"\\u{{{ord(char):x}}}") for char in text)
    return f'"{escaped}"'
