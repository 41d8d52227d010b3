"""What exec-servers are told of limits of the network, and what is said of the hosts that they refuse."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from codex_trio.config.settings import HostLists
from codex_trio.environments.exec_protocol import NetworkDecision, NetworkProxyLaunch, ProcessStartParams
from codex_trio.environments.remote.hosts import RemoteHosts
from codex_trio.exec_server.hosts import hosts_of_process
from codex_trio.execpolicy.rules import NetworkRule
from codex_trio.network.judging import HostAttempt, ListedHosts, Refusal
from codex_trio.sandbox.policy import HostLimits

OWN = HostLists(
    source="profile",
    allowed=("*.open.test", "10.1.2.3"),
    denied=("shut.open.test",),
    way_out='allow "{host}"',
)
REQUIRED = HostLists(source="requirements.toml", allowed=("final.test",), is_final=True)


class Rules:
    """The rules of the user's files."""

    def __init__(self, *rules: NetworkRule) -> None:
        self._rules = rules

    def rules(self) -> Sequence[NetworkRule]:
        return self._rules

    async def judge(self, attempt: HostAttempt, listed: ListedHosts) -> Refusal | None:
        raise AssertionError("nobody is asked about hosts of an exec-server")


RULES = Rules(
    NetworkRule(host="ruled.test", protocol="https", decision="allow"),
    NetworkRule(host="half.test", protocol="https", decision="allow"),
    NetworkRule(host="half.test", protocol="http", decision="forbidden"),
    NetworkRule(host="asked.open.test", protocol="https", decision="prompt"),
)


def there(launch: NetworkProxyLaunch) -> ListedHosts:
    """Return what an exec-server of ours makes of a launch."""
    params = ProcessStartParams(process_id="p", argv=["true"], cwd="/", network_proxy=launch)
    limits = hosts_of_process(params)
    assert limits is not None
    return ListedHosts(limits)


@pytest.mark.parametrize(
    ("limits", "opened", "closed"),
    [
        (
            HostLimits(own=OWN),
            ["a.open.test", "10.1.2.3", "ruled.test"],
            ["open.test", "shut.open.test", "asked.open.test", "half.test", "10.1.2.4", "localhost"],
        ),
        (HostLimits(own=OWN, required=REQUIRED), ["final.test"], ["a.open.test", "ruled.test", "shut.open.test"]),
        (HostLimits(own=HostLists(source="s", allowed=("*",), reviewed=("*",))), [], ["ruled.test"]),
        (
            HostLimits(own=HostLists(source="s", allowed=("*",), reviewed=("asked.test",), allows_local=True)),
            ["a.test", "localhost"],
            ["asked.test"],
        ),
    ],
    ids=["lists and rules", "final", "all reviewed", "some reviewed"],
)
def test_an_exec_server_opens_what_is_open_and_nothing_about_which_somebody_is_asked(
    limits: HostLimits, opened: list[str], closed: list[str]
) -> None:
    listed = there(RemoteHosts(limits, RULES).launch)
    verdicts = {host: listed.verdict(HostAttempt(host=host, port=443, protocol="https")) for host in (*opened, *closed)}
    assert [host for host, verdict in verdicts.items() if verdict == "allow"] == opened


@pytest.mark.parametrize(("reads_only", "method"), [(True, "POST"), (False, None)])
def test_what_is_limited_beside_the_hosts_is_told_too(*, reads_only: bool, method: str | None) -> None:
    lists = HostLists(source="s", allowed=("a.test",), reads_only=reads_only, socks=not reads_only)
    launch = RemoteHosts(HostLimits(own=lists), None).launch
    assert launch.proxy.enable_socks5 is not reads_only
    verdict = there(launch).verdict(HostAttempt(host="a.test", port=80, protocol="http", method=method))
    assert (verdict == "allow") is not reads_only


def decision(host: str, *, kind: str = "deny", reason: str = "not_allowed", message: str = "") -> NetworkDecision:
    return NetworkDecision(
        process_id="p",
        timestamp="t",
        reason=reason,
        protocol="https_connect",
        host=host,
        port=443,
        decision=kind,
        message=message,
    )


@pytest.mark.parametrize(
    ("told", "said"),
    [
        (decision("other.test"), 'wants to reach. To open it, allow "other.test".'),
        (decision("shut.open.test", reason="denied"), '"shut.open.test" in profile'),
        (decision("a.open.test", reason="not_allowed_local"), "local/private network addresses are blocked"),
        (decision("a.open.test", reason="new", message="It leads home."), "It leads home."),
        (decision("no host!"), 'Network access to "no host!" was blocked: domain is not on the allowlist'),
        (decision("other.test", kind="ask"), "nobody is asked"),
    ],
)
def test_a_refusal_names_the_host_and_the_way_out_by_our_own_lists(told: NetworkDecision, said: str) -> None:
    hosts = RemoteHosts(HostLimits(own=OWN), RULES)
    assert hosts.news(decision("a.open.test", kind="allow")) is None
    heard = hosts.news(told)
    assert heard is not None
    assert said in heard
    assert hosts.news(told) is None, "it was said"
