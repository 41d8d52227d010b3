"""Rule files say which prefixes are allowed, asked about or forbidden; a bad file is explained with its place."""

import textwrap
from pathlib import Path

import msgspec
import pytest
import trio

from codex_trio.execpolicy.rule_loading import load_rules, read_rule_files
from codex_trio.execpolicy.rules import NetworkRule, PolicyRules, RulesError, RulesProblem, strictest


def load(folder: Path, source: str) -> PolicyRules:
    rules, problem = attempt(folder, source)
    assert problem is None
    return rules


def attempt(folder: Path, source: str) -> tuple[PolicyRules, RulesProblem | None]:
    (folder / "a.rules").write_text(textwrap.dedent(source))
    return load_folders([folder])


def load_folders(folders: list[Path]) -> tuple[PolicyRules, RulesProblem | None]:
    async def read() -> PolicyRules:
        return await load_rules(await read_rule_files(folders))

    try:
        return trio.run(read), None
    except RulesError as error:
        return PolicyRules(), error.problem


def problem_of(folder: Path, source: str) -> RulesProblem:
    _, problem = attempt(folder, source)
    assert problem is not None
    return problem


def report(rules: PolicyRules, *argv: str) -> list[dict[str, object]]:
    return msgspec.to_builtins(rules.check(argv))


def test_prefixes_match_word_by_word_with_alternatives(tmp_path):
    rules = load(
        tmp_path,
        """
        prefix_rule(pattern=[["git", "jj"], ["push", "pull"], "origin"], decision="prompt", justification="shared")
        prefix_rule(["ls"])
        prefix_rule(["ls", "-x"], "forbidden")
        """,
    )
    match = {"matchedPrefix": ["jj", "pull", "origin"], "decision": "prompt", "justification": "shared"}
    assert report(rules, "jj", "pull", "origin", "main") == [match]
    assert report(rules, "git", "push") == []
    assert report(rules, "git", "push", "other") == []
    assert [match.decision for match in rules.check(["ls", "-x"])] == ["allow", "forbidden"]
    assert strictest(match.decision for match in rules.check(["ls", "-x"])) == "forbidden"
    assert rules.check([]) == []


def test_rule_files_are_programs(tmp_path):
    rules = load(
        tmp_path,
        """
        TOOLS = ["make", "just"]
        def allow(tool):
            prefix_rule(pattern=[tool, f"{tool}-all"])
        for tool in TOOLS:
            allow(tool)
        """,
    )
    assert rules.check(["just", "just-all"])
    assert not rules.check(["just", "make-all"])


def test_a_program_given_by_path_is_matched_by_its_name_too(tmp_path):
    rules = load(
        tmp_path,
        """
        prefix_rule(pattern=["git", "status"])
        prefix_rule(pattern=["curl"], decision="forbidden")
        prefix_rule(pattern=["/opt/git", "status"], decision="prompt")
        """,
    )
    resolved = {"matchedPrefix": ["git", "status"], "decision": "allow", "resolvedProgram": "/usr/bin/git"}
    assert report(rules, "/usr/../usr/bin/git", "status") == [resolved]
    assert report(rules, "/opt/git", "status") == [{"matchedPrefix": ["/opt/git", "status"], "decision": "prompt"}]
    assert rules.check(["/usr/bin/git", "status"], resolve_host_executables=False) == []


def test_a_program_in_the_working_tree_is_forbidden_but_never_allowed_by_its_name(tmp_path):
    rules = load(tmp_path, 'prefix_rule(["git"])\nprefix_rule(["curl"], "forbidden")')
    assert rules.check(["./git"]) == []
    assert [match.decision for match in rules.check(["bin/curl", "x"])] == ["forbidden"]


def test_host_executables_limit_which_paths_count(tmp_path):
    rules = load(
        tmp_path,
        """
        host_executable(name="git", paths=["/usr/bin/git"])
        prefix_rule(pattern=["git"], match=["/usr/bin/git x"], not_match=["/tmp/git x"])
        """,
    )
    assert rules.check(["/usr/bin/git"])
    assert not rules.check(["/tmp/git"])
    assert rules.check(["git"])


def test_network_rules_are_kept(tmp_path):
    rules = load(tmp_path, 'network_rule(host="A.com", protocol="https", decision="deny", justification="no")')
    assert rules.network_rules() == (
        NetworkRule(host="a.com", protocol="https", decision="forbidden", justification="no"),
    )


@pytest.mark.parametrize(
    ("written", "host"),
    [
        ("Example.COM.", "example.com"),
        ("example.com:443", "example.com"),
        ("bücher.test", "xn--bcher-kva.test"),
        ("[::1]:80", "::1"),
        ("::FFFF:10.0.0.1", "10.0.0.1"),
        ("0x7f.1", "127.0.0.1"),
    ],
)
def test_the_host_of_a_rule_is_the_one_that_connections_are_held_against(written, host, tmp_path):
    rules = load(tmp_path, f'network_rule(host="{written}", protocol="https", decision="deny")')
    assert [rule.host for rule in rules.network_rules()] == [host]


def test_a_rule_is_kept_once_and_counted_once(tmp_path):
    lines = ['prefix_rule(["a"])', 'network_rule("a", "http", "deny")', 'prefix_rule(["a"], "prompt")']
    rules = load(tmp_path, "\n".join(lines * 2))
    assert (rules.count, len(rules.content.prefix_rules), len(rules.network_rules())) == (3, 2, 1)
    assert rules.has_limits
    assert not load(tmp_path, "\n".join(lines[:2])).has_limits


def test_folders_are_read_in_order_and_only_rule_files_count(tmp_path):
    for name, source in {
        "home/b.rules": 'prefix_rule(["b"])',
        "home/a.rules": 'prefix_rule(["b"], "prompt")',
        "home/notes.txt": "not rules",
        "home/sub/c.rules": 'prefix_rule(["b"], "forbidden")',
        "project/x.rules": 'prefix_rule(["b"], "forbidden")',
    }.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(source)
    (tmp_path / "home" / "dir.rules").mkdir()
    folders = [tmp_path / name for name in ("missing", "home", "project")]
    rules, problem = load_folders(folders)
    assert problem is None
    assert [match.decision for match in rules.check(["b"])] == ["prompt", "allow", "forbidden"]


def test_a_bad_call_is_explained_with_its_place_in_the_file(tmp_path):
    source = '# c\nprefix_rule(\n    pattern = [],\n    decision = "allow",\n)\n'
    path = f"{tmp_path}/a.rules"
    assert problem_of(tmp_path, source) == RulesProblem(
        path=path,
        details=(
            f"failed to parse rules file {path}: starlark error: Traceback (most recent call last):\n"
            f"  * {path}:2, in <module>\n      prefix_rule(\n"
            "error: invalid pattern element: pattern cannot be empty\n"
            f" --> {path}:2:1\n  |\n2 | / prefix_rule(\n3 | |     pattern = [],\n"
            '4 | |     decision = "allow",\n5 | | )\n  | |_^\n  |\n'
        ),
        start=(2, 1),
        end=(5, 2),
    )


def test_an_example_that_does_not_hold_is_explained_with_its_rule(tmp_path):
    problem = problem_of(tmp_path, 'x = 1\nprefix_rule(pattern=["a", ["b", "c"]], match=["a b", "a \'d e\'"])')
    assert problem.details == (
        f"failed to parse rules file {tmp_path}/a.rules: expected every example to match at least one rule. rules: "
        '["PrefixRule { pattern: PrefixPattern { canonical_matching: false, first: \\"a\\", '
        'rest: [Alts([\\"b\\", \\"c\\"])] }, decision: Allow, justification: None }"]; '
        "unmatched examples: [\"a 'd e'\"]"
    )
    assert (problem.start, problem.end) == ((2, 1), (2, 65))
    problem = problem_of(tmp_path, 'prefix_rule(pattern=["a"], not_match=["/x/a b"])')
    assert problem.details.endswith(
        'expected example to not match rule `PrefixRuleMatch { matched_prefix: ["a"], decision: Allow, '
        'resolved_program: Some(AbsolutePathBuf("/x/a")), justification: None }`: /x/a b'
    )


@pytest.mark.parametrize(
    ("call", "reason"),
    [
        ("prefix_rule()", "Missing parameter `pattern` for call to `prefix_rule`"),
        (
            'prefix_rule(pattern="a")',
            'Type of parameter `pattern` doesn\'t match, expected `list`, actual `string (repr: "a")`',
        ),
        ('prefix_rule(["a"], foo=1)', "Found `foo` extra named parameter(s) for call to prefix_rule"),
        ("prefix_rule([[]])", "invalid pattern element: pattern alternatives cannot be empty"),
        (
            "prefix_rule([1])",
            "invalid pattern element: pattern element must be a string or list of strings (got int)",
        ),
        ('prefix_rule([["a", 1]])', "invalid pattern element: pattern alternative must be a string (got int)"),
        ('prefix_rule(["a"], "maybe")', "invalid decision: maybe"),
        ('prefix_rule(["a"], justification=" ")', "invalid rule: justification cannot be empty"),
        ('prefix_rule(["a"], match=[""])', "invalid example: example cannot be an empty string"),
        ('prefix_rule(["a"], match=[[]])', "invalid example: example cannot be an empty list"),
        ('prefix_rule(["a"], match=["\'a"])', "invalid example: example string has invalid shell syntax"),
        ('network_rule("*.a", "http", "allow")', "wildcards are not allowed"),
        ('network_rule("a b", "http", "allow")', "network_rule host cannot contain whitespace"),
        ('network_rule("a..b", "http", "deny")', "network_rule host `a..b` is no hostname or IP literal"),
        ('network_rule("me@host", "http", "deny")', "network_rule host `me@host` is no hostname or IP literal"),
        ('network_rule("host:http", "http", "deny")', "network_rule host `host:http` is no hostname or IP literal"),
        ('network_rule("a", "ftp", "allow")', "must be one of http, https, socks5_tcp, socks5_udp (got ftp)"),
        ('host_executable("git", ["git"])', "invalid rule: host_executable paths must be absolute (got git)"),
        (
            'host_executable("git", ["/bin/x"])',
            "invalid rule: host_executable path `/bin/x` must have basename `git`",
        ),
        ('load("x", "y")', "No imports are available, you tried `x`"),
        ("foo()", "Variable `foo` not found"),
        ("while True: pass", "Parse error: cannot use reserved keyword `while`"),
    ],
)
def test_what_is_wrong_with_a_rule_is_said(call, reason, tmp_path):
    problem = problem_of(tmp_path, f'prefix_rule(["ls"])\n{call}\n')
    assert reason in problem.details
    assert "_Refused" not in problem.details
    assert problem.start == (2, 1)


def test_a_file_that_cannot_be_read_is_a_problem_not_a_crash(tmp_path):
    (tmp_path / "a.rules").write_bytes(b"\xff")
    assert load_folders([tmp_path])[1] == RulesProblem(
        path=f"{tmp_path}/a.rules",
        details=f"failed to read rules file {tmp_path}/a.rules: not valid UTF-8 (byte 0)",
        start=(1, 1),
        end=(1, 1),
    )
    (tmp_path / "file").write_text("")
    problem = load_folders([tmp_path / "file"])[1]
    assert problem is not None
    assert problem.path == f"{tmp_path}/file"


def test_rules_added_at_run_time_apply_at_once_and_only_once():
    rules = PolicyRules()
    rules.allow_prefix(["git", "push"])
    rules.allow_prefix(["git", "push"])
    assert len(rules.check(["git", "push", "x"])) == 1
    assert rules.check(["git", "pull"]) == []
