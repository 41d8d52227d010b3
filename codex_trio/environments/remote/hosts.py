"""What an exec-server is told of the hosts that a command may reach, and what is said of those that it refused.

Owns the translation both ways; it knows hosts, neither their protocols nor anybody to ask. Does not own lists and rules
(`network.judging`) or the proxy, which is the exec-server's. Protocol source: `networkProxy` of `process/start` and
`network/policyDecision`, release 0.171.0.
"""

from __future__ import annotations

import msgspec

from codex_trio.config.host_lists import ANY_HOST, normal_host
from codex_trio.environments.commands import HostAccess
from codex_trio.environments.exec_protocol import NetworkAccess, NetworkDecision, NetworkProxy, NetworkProxyLaunch
from codex_trio.execpolicy.rules import NetworkProtocol
from codex_trio.network.judging import HostAttempt, ListedHosts, Rules, usual_refusal
from codex_trio.network.notices import HostNotices
from codex_trio.sandbox.policy import HostLimits

_NOBODY_ASKED = ", and nobody is asked about hosts that a command on an exec-server wants to reach"
_PROTOCOLS: dict[str, NetworkProtocol] = {"https_connect": "https", "socks5_tcp": "socks5_tcp"}


class RemoteHosts:
    """What limits the hosts of one command; `access` has the rules about them."""

    def __init__(self, limits: HostLimits, access: HostAccess | None) -> None:
        rules: Rules = tuple if access is None else access.rules
        self.launch = _launch_of(limits, rules)
        self._listed = ListedHosts(limits, rules)
        self._notices = HostNotices()

    def news(self, decision: NetworkDecision) -> str | None:
        """Return what the model and the client are to hear of a decision of the exec-server's; None for nothing."""
        if decision.decision == "allow":
            return None
        return self._notices.news(_message_of(self._listed, decision))


def _launch_of(limits: HostLimits, rules: Rules) -> NetworkProxyLaunch:
    """Return the lists as domains, in which a denial stands above what is allowed.

    A host about which somebody would have to be asked is denied: no wildcard is to open it unasked. A rule about one
    protocol opens the host for all of them, as in the established server, unless another rule closes it.
    """
    known = rules()
    by_decision = {
        decision: [rule.host for rule in known if rule.decision == decision]
        for decision in ("allow", "prompt", "forbidden")
    }
    reviewed = [*(pattern for lists in limits.all for pattern in lists.reviewed), *by_decision["prompt"]]
    is_final = any(lists.is_final for lists in limits.all)
    allowed = [] if ANY_HOST in reviewed else [*limits.allowed(), *([] if is_final else by_decision["allow"])]
    denied = [*limits.denied(), *by_decision["forbidden"], *(host for host in reviewed if host != ANY_HOST)]
    domains: dict[str, NetworkAccess] = {}
    domains.update(dict.fromkeys(allowed, "allow"))
    domains.update(dict.fromkeys(denied, "deny"))
    return NetworkProxyLaunch(
        proxy=NetworkProxy(
            enabled=True,
            mode="limited" if any(lists.reads_only for lists in limits.all) else "full",
            domains=domains,
            allow_local_binding=limits.allows_local,
            enable_socks5=limits.socks,
        )
    )


def _message_of(listed: ListedHosts, decision: NetworkDecision) -> str:
    """Return why a host was refused: by our own lists, which have the way out, or else as the exec-server says it."""
    protocol = _PROTOCOLS.get(decision.protocol, "http")
    attempt = HostAttempt(host=decision.host, port=decision.port, protocol=protocol, method=decision.method)
    try:
        attempt = msgspec.structs.replace(attempt, host=normal_host(decision.host))
    except ValueError:
        return usual_refusal(attempt, decision.reason).message
    match listed.verdict(attempt):
        case "ask":
            return listed.unlisted(attempt, _NOBODY_ASKED).message
        case "allow":
            return decision.message or usual_refusal(attempt, decision.reason).message
        case refused:
            return refused.message
