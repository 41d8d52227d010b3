"""What lists and rules say of hosts, their patterns, and the addresses that they lead to."""

from __future__ import annotations

import ipaddress
from typing import Any

import pytest

from codex_trio.config.errors import ConfigLoadError
from codex_trio.config.host_lists import matches, normal_host, read_lists
from codex_trio.config.settings import HostLists
from codex_trio.execpolicy.rules import NetworkProtocol, NetworkRule
from codex_trio.network.judging import HostAttempt, ListedHosts, Refusal, is_local
from codex_trio.sandbox.policy import HostLimits


def lists(*allowed: str, denied: tuple[str, ...] = (), **others: Any) -> HostLists:
    return HostLists(source="the test", allowed=allowed, denied=denied, way_out="list {host}", **others)


def attempt(host: str, protocol: NetworkProtocol = "https", port: int = 443, method: str | None = None) -> HostAttempt:
    return HostAttempt(host=host, port=port, protocol=protocol, method=method)


def verdict(limits: HostLists | HostLimits, tried: HostAttempt, *rules: NetworkRule) -> str:
    limits = HostLimits(own=limits) if isinstance(limits, HostLists) else limits
    said = ListedHosts(limits, lambda: rules).verdict(tried)
    if isinstance(said, Refusal):
        assert f'"{tried.host}"' in said.message
        return said.kind
    return said


@pytest.mark.parametrize(
    ("host", "said"),
    [
        ("a.test", "allow"),
        ("b.a.test", "ask"),
        ("below.wide.test", "allow"),
        ("wide.test", "ask"),
        ("all.test", "allow"),
        ("x.all.test", "allow"),
        ("xall.test", "ask"),
        ("bad.all.test", "denied"),
        ("x.worse.test", "denied"),
        ("worse.test", "ask"),
        ("8.8.8.8", "ask"),
        ("localhost", "not_allowed_local"),
        ("x.localhost", "not_allowed_local"),
        ("127.0.0.1", "not_allowed_local"),
        ("10.1.2.3", "not_allowed_local"),
        ("169.254.169.254", "not_allowed_local"),
        ("::1", "not_allowed_local"),
        ("192.168.7.7", "allow"),
    ],
)
def test_denied_before_local_before_allowed_before_asked(host: str, said: str) -> None:
    limits = lists(
        "a.test", "*.wide.test", "**.all.test", "192.168.7.7", denied=("bad.all.test", "*.worse.test", "evil.test")
    )
    assert verdict(limits, attempt(host)) == said


def test_a_way_out_names_the_host_also_where_a_profile_has_braces_in_its_name() -> None:
    limits = HostLists(source="the test", way_out='list {host} in [permissions."{mine}"]')
    told = ListedHosts(HostLimits(own=limits)).verdict(attempt("10.1.2.3"))
    assert isinstance(told, Refusal)
    assert told.message.endswith('list 10.1.2.3 in [permissions."{mine}"].')


def test_a_wildcard_for_everything_opens_no_private_host() -> None:
    assert verdict(lists("*"), attempt("any.test")) == "allow"
    assert verdict(lists("*"), attempt("127.0.0.1")) == "not_allowed_local"
    assert verdict(lists("*", allows_local=True), attempt("127.0.0.1")) == "allow"


def rule(host: str, protocol: NetworkProtocol, decision: Any) -> NetworkRule:
    return NetworkRule(host=host, protocol=protocol, decision=decision, justification="no")


@pytest.mark.parametrize(
    ("tried", "rules", "said"),
    [
        (attempt("n.test"), [rule("n.test", "https", "allow")], "allow"),
        (attempt("n.test", "http", 80, "GET"), [rule("n.test", "https", "allow")], "ask"),
        (attempt("a.test"), [rule("a.test", "https", "forbidden")], "denied"),
        (attempt("a.test"), [rule("a.test", "http", "forbidden")], "allow"),
        # What is denied by one protocol does not come by another that carries it.
        (attempt("a.test", "https", 80), [rule("a.test", "http", "forbidden")], "denied"),
        (attempt("a.test", "socks5_tcp"), [rule("a.test", "https", "forbidden")], "denied"),
        (attempt("a.test"), [rule("a.test", "https", "prompt")], "ask"),
        (attempt("n.test"), [rule("n.test", "https", "allow"), rule("n.test", "https", "forbidden")], "denied"),
    ],
)
def test_rules_of_files_count_by_protocol(tried: HostAttempt, rules: list[NetworkRule], said: str) -> None:
    assert verdict(lists("a.test"), tried, *rules) == said


def test_what_an_administrator_says_stands_above() -> None:
    own = lists("mine.test", "both.test", allows_local=True)
    required = HostLists(source="/etc/req.toml", allowed=("theirs.test",), denied=("both.test",), allows_local=False)
    both = HostLimits(own=own, required=required)
    hosts = ("mine.test", "theirs.test", "both.test", "other.test", "127.0.0.1")
    assert [verdict(both, attempt(host)) for host in hosts] == ["allow", "allow", "denied", "ask", "not_allowed_local"]
    final = HostLimits(
        own=own, required=HostLists(source="/etc/req.toml", allowed=("theirs.test", "r.test"), is_final=True)
    )
    assert [verdict(final, attempt(host)) for host in ("mine.test", "theirs.test")] == ["not_allowed", "allow"]
    refused = ListedHosts(final).verdict(attempt("mine.test"))
    assert isinstance(refused, Refusal)
    assert "/etc/req.toml" in refused.message
    reviewed = HostLimits(own=HostLists(source="s", allowed=("r.test",), reviewed=("r.test",)))
    assert verdict(reviewed, attempt("r.test")) == "ask"


def test_reading_only_lets_plain_requests_that_change_nothing_pass() -> None:
    limits = lists("a.test", reads_only=True)
    tried = [attempt("a.test", "http", 80, method) for method in ("GET", "HEAD", "POST")]
    assert [verdict(limits, one) for one in (*tried, attempt("a.test"), attempt("a.test", "socks5_tcp"))] == [
        "allow",
        "allow",
        "method_not_allowed",
        "method_not_allowed",
        "method_not_allowed",
    ]


@pytest.mark.parametrize(
    ("host", "addresses", "kind"),
    [
        ("a.test", ["93.184.216.34"], None),
        ("a.test", ["93.184.216.34", "127.0.0.1"], "not_allowed_local"),
        ("a.test", ["::ffff:10.0.0.1"], "not_allowed_local"),
        ("a.test", ["192.168.7.7"], None),
        ("localhost", ["127.0.0.1", "::1"], None),
        ("localhost", ["10.0.0.1"], "not_allowed_local"),
        ("a.test", ["5.6.7.8"], "denied"),
        ("a.test", ["::ffff:5.6.7.8"], "denied"),
        ("a.test", ["::ffff:192.168.7.7"], None),
    ],
)
def test_an_allowed_name_does_not_lead_to_a_private_address(host: str, addresses: list[str], kind: str | None) -> None:
    limits = HostLimits(own=lists("a.test", "192.168.7.7", "localhost", denied=("5.6.7.8",)))
    refused = ListedHosts(limits).address_refusal(attempt(host), addresses)
    assert (None if refused is None else refused.kind) == kind
    if refused is not None:
        assert f'"{host}"' in refused.message or kind == "denied"


@pytest.mark.parametrize(
    ("address", "local"),
    [
        ("8.8.8.8", False),
        ("2606:4700:4700::1111", False),
        ("0.0.0.0", True),
        ("100.64.0.1", True),
        ("172.16.0.1", True),
        ("224.0.0.1", True),
        ("255.255.255.255", True),
        ("fe80::1", True),
        ("fc00::1", True),
        ("fec0::1", True),
        ("ff02::1", True),
        ("::", True),
        ("::ffff:127.0.0.1", True),
        ("64:ff9b::7f00:1", True),
        ("64:ff9b::808:808", False),
        ("2002:7f00:1::", True),
    ],
)
def test_addresses_that_are_no_strangers(address: str, local: bool) -> None:  # noqa: FBT001  # a table
    assert is_local(ipaddress.ip_address(address)) is local


@pytest.mark.parametrize(
    ("given", "normal"),
    [
        ("Example.COM.", "example.com"),
        ("[::1]", "::1"),
        ("::FFFF:127.0.0.1", "127.0.0.1"),
        ("fe80::1%eth0", "fe80::1"),
        ("bücher.test", "xn--bcher-kva.test"),
        # What resolvers take for an address is that address, however it is written.
        ("127.1", "127.0.0.1"),
        ("0x7f.1", "127.0.0.1"),
        ("0177.0.0.1", "127.0.0.1"),
        ("2130706433", "127.0.0.1"),
        ("0", "0.0.0.0"),
        ("\uff11\uff12\uff17.0.0.1", "127.0.0.1"),
        ("9a.test", "9a.test"),
        ("256.1.1.1.1", "256.1.1.1.1"),
    ],
)
def test_a_host_has_one_form(given: str, normal: str) -> None:
    assert normal_host(given) == normal


@pytest.mark.parametrize(
    "text",
    [
        *("", "a b", "a/b", "a:1", "http://a", "a..b", "-a.test", "a\0b", "x" * 300, "*.a", "é\ud800"),
        # Some programs look for another host than others.
        *("faß.test", "λόγος.test", "a\u200db.test"),
    ],
)
def test_what_is_no_host_is_refused(text: str) -> None:
    with pytest.raises(ValueError):
        normal_host(text)


def test_a_table_is_read_and_what_cannot_be_done_is_told() -> None:
    table = {
        "enabled": True,
        "domains": {"A.test": "allow", "*.B.test": "deny"},
        "mode": "limited",
        "enable_socks5": False,
        "allow_local_binding": True,
        "mitm": True,
        "proxy_url": "http://127.0.0.1:1",
        "unix_sockets": {"/run/x": "allow"},
    }
    found, warnings = read_lists(table, source="here", way_out="w")
    assert found == HostLists(
        source="here",
        allowed=("a.test",),
        denied=("*.b.test",),
        reads_only=True,
        socks=False,
        allows_local=True,
        way_out="w",
    )
    assert [warning.split("`")[1] for warning in warnings] == [
        "network.mitm",
        "network.proxy_url",
        "network.unix_sockets",
    ]
    with pytest.raises(ConfigLoadError, match="cannot deny"):
        read_lists({"domains": {"*": "deny"}}, source="here")


@pytest.mark.parametrize("pattern", ["*.0.0.1", "**.[::1]", "*.*.test", "a.*.test", "*.", "a.test:443", "faß.test"])
def test_a_pattern_that_would_match_nothing_that_is_meant_is_refused(pattern: str) -> None:
    with pytest.raises(ConfigLoadError) as raised:
        read_lists({"domains": {pattern: "deny"}}, source="here")
    assert raised.value.message.startswith(f"`{pattern}` in `network.domains` of here is no host")


@pytest.mark.parametrize("host", ["0x7f.0.0.1", "2130706433", "127.1"])
def test_no_list_is_got_around_by_another_way_to_write_an_address(host: str) -> None:
    limits = lists("*", denied=("127.0.0.1",), allows_local=True)
    assert verdict(limits, attempt(normal_host(host))) == "denied"


def test_patterns_end_at_dots() -> None:
    assert not matches("*.a.test", "xa.test")
    assert matches("*.a.test", "x.y.a.test")
