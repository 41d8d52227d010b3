"""Whether a connection of a command may be made, as far as lists and rules say.

Owns: the verdict about a host, and about the addresses that it leads to, with the words for a refusal. Pure. Does not
own: who is asked about a host that no list has (`tools/host_access`), nor the connection (`proxies`).
"""

from __future__ import annotations

import ipaddress
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Literal, Protocol

import msgspec

from codex_trio.config.host_lists import matches, normal_host
from codex_trio.config.settings import HostLists
from codex_trio.execpolicy.rules import NetworkProtocol, NetworkRule
from codex_trio.sandbox.policy import HostLimits

RefusalKind = Literal["denied", "not_allowed", "not_allowed_local", "method_not_allowed", "unreachable"]
Rules = Callable[[], Sequence[NetworkRule]]

_DENIED = "domain is explicitly denied by policy and cannot be approved from this prompt"
_UNLISTED = "domain is not on the allowlist for the current sandbox mode"
_LOCAL = "local/private network addresses are blocked by the sandbox policy"
_METHOD = "only GET, HEAD and OPTIONS requests over plain HTTP pass in the current network mode"
_USUAL: Mapping[str, tuple[RefusalKind, str]] = {
    "denied": ("denied", _DENIED),
    "not_allowed_local": ("not_allowed_local", _LOCAL),
    "method_not_allowed": ("method_not_allowed", _METHOD),
}
_READING = ("GET", "HEAD", "OPTIONS")
_PLAIN_PORT = 80
_LOOPBACK_NAMES = ("localhost", "ip6-localhost", "ip6-loopback")
_NAT64 = ipaddress.IPv6Network("64:ff9b::/96")

Address = ipaddress.IPv4Address | ipaddress.IPv6Address


class HostAttempt(msgspec.Struct, frozen=True, kw_only=True):
    """A connection that a command wants. `host` is in its normal form; `method` is that of a plain HTTP request."""

    host: str
    port: int
    protocol: NetworkProtocol
    method: str | None = None

    @property
    def key(self) -> tuple[str, str, int]:
        """What an answer about it is about."""
        return self.host, self.protocol, self.port


class Refusal(msgspec.Struct, frozen=True, kw_only=True):
    """Why a connection is not made. `message` names the host, whose wish that is, and the way out."""

    kind: RefusalKind
    host: str
    port: int
    protocol: NetworkProtocol
    method: str | None = None
    message: str
    is_told: bool = True
    """Whether the user and the model are to hear of it beside the command."""


class HostJudge(Protocol):
    """Decides about the connections of one command that lists and rules leave open."""

    async def judge(self, attempt: HostAttempt, listed: ListedHosts) -> Refusal | None:
        """Return why a connection must not be made of which lists and rules say nothing; may ask somebody first."""
        ...


class ListedHosts:
    """What lists and rules say. `rules` gives those of `.rules` files, as they are at the moment."""

    def __init__(self, limits: HostLimits, rules: Rules = tuple) -> None:
        self._limits = limits
        self._rules = rules

    def verdict(self, attempt: HostAttempt) -> Refusal | Literal["allow", "ask"]:
        """Return what is known: denials first, and then what is of this machine or a private network."""
        denial = self._denial(attempt)
        if denial is not None:
            return denial
        if _is_local_name(attempt.host) and not self._opens_local(attempt.host):
            return refusal(attempt, "not_allowed_local", _LOCAL, self._way_to(attempt.host))
        limiting = next((lists for lists in self._limits.all if lists.reads_only), None)
        if limiting is not None and attempt.method not in _READING:
            return refusal(attempt, "method_not_allowed", f"{_METHOD} ({limiting.source})", "")
        decisions = {rule.decision for rule in self._rules() if _is_about(rule, attempt, (attempt.protocol,))}
        reviewed = any(matches(pattern, attempt.host) for lists in self._limits.all for pattern in lists.reviewed)
        if reviewed or "prompt" in decisions:
            return "ask"
        if any(matches(pattern, attempt.host) for pattern in self._limits.allowed()):
            return "allow"
        final = next((lists for lists in self._limits.all if lists.is_final), None)
        if final is not None:
            return refusal(attempt, "not_allowed", f"{_UNLISTED}, and {final.source} lets nobody add to that", "")
        return "allow" if "allow" in decisions else "ask"

    def unlisted(self, attempt: HostAttempt, why: str) -> Refusal:
        """Return the refusal of a host that nobody has allowed; `why` says why nobody was asked, or what they said."""
        return refusal(attempt, "not_allowed", f"{_UNLISTED}{why}", self._way_to(attempt.host))

    def address_refusal(self, attempt: HostAttempt, addresses: Iterable[str]) -> Refusal | None:
        """Return why none of the addresses of a host may be used: one that may not closes all of them."""
        for text in addresses:
            # An IPv4 address in the clothes of an IPv6 one is that IPv4 address, also to lists.
            address = ipaddress.ip_address(normal_host(text))
            denial = self._denial(msgspec.structs.replace(attempt, host=str(address)))
            if denial is not None:
                return msgspec.structs.replace(denial, host=attempt.host)
            if not is_local(address) or self._limits.allows_local:
                continue
            listed = str(address) in self._limits.allowed()
            if listed or (address.is_loopback and self._is_listed_loopback(attempt.host)):
                continue
            leads = f"{_LOCAL}, and it leads to {address}" if text != attempt.host else _LOCAL
            return refusal(attempt, "not_allowed_local", leads, self._way_to(str(address)))
        return None

    def _denial(self, attempt: HostAttempt) -> Refusal | None:
        for lists in self._limits.all:
            pattern = next((known for known in lists.denied if matches(known, attempt.host)), None)
            if pattern is not None:
                return refusal(attempt, "denied", f'{_DENIED} ("{pattern}" in {lists.source})', "")
        forbidding = next(
            (
                rule
                for rule in self._rules()
                if rule.decision == "forbidden" and _is_about(rule, attempt, _carried(attempt))
            ),
            None,
        )
        if forbidding is None:
            return None
        said = f": {forbidding.justification}" if forbidding.justification else ""
        return refusal(attempt, "denied", f"{_DENIED} (a network_rule of the user's rules files{said})", "")

    def _opens_local(self, host: str) -> bool:
        return self._limits.allows_local or host in self._limits.allowed()

    def _is_listed_loopback(self, host: str) -> bool:
        return host in _LOOPBACK_NAMES and host in self._limits.allowed()

    def _way_to(self, host: str) -> str:
        own: HostLists | None = self._limits.own
        if own is not None and own.way_out and (self._limits.required is None or not self._limits.required.is_final):
            return f"To open it, {own.way_out.replace('{host}', host)}."
        authority = self._limits.required
        return f"{authority.source} decides about it." if authority is not None else ""


def refusal(attempt: HostAttempt, kind: RefusalKind, why: str, way_out: str) -> Refusal:
    """Return a refusal in the words that clients and models know."""
    message = f'Network access to "{attempt.host}" was blocked: {why}.'
    return _refusal(attempt, kind, f"{message} {way_out}" if way_out else message)


def usual_refusal(attempt: HostAttempt, reason: str) -> Refusal:
    """Return a refusal of which nothing is known but its kind, as another proxy calls it."""
    kind, why = _USUAL.get(reason, ("not_allowed", _UNLISTED))
    return refusal(attempt, kind, why, "")


def unreachable(attempt: HostAttempt, why: str) -> Refusal:
    """Return that a connection could not be made, though it was allowed."""
    message = f'"{attempt.host}" port {attempt.port} could not be reached: {why}.'
    return msgspec.structs.replace(_refusal(attempt, "unreachable", message), is_told=False)


def _refusal(attempt: HostAttempt, kind: RefusalKind, message: str) -> Refusal:
    return Refusal(
        kind=kind,
        host=attempt.host,
        port=attempt.port,
        protocol=attempt.protocol,
        method=attempt.method,
        message=message,
    )


def is_local(address: Address) -> bool:
    """Return whether an address is no stranger's: of this machine, a private or special network, or of many."""
    if isinstance(address, ipaddress.IPv6Address):
        inner = address.ipv4_mapped or address.sixtofour or (address.teredo[1] if address.teredo else None)
        if address in _NAT64:
            inner = ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
        if inner is not None:
            return is_local(inner)
        if address.is_site_local:
            return True
    return not address.is_global or address.is_multicast or address.is_reserved or address.is_unspecified


def _is_local_name(host: str) -> bool:
    if host in _LOOPBACK_NAMES or host.endswith(".localhost"):
        return True
    try:
        return is_local(ipaddress.ip_address(host))
    except ValueError:
        return False


def _carried(attempt: HostAttempt) -> tuple[NetworkProtocol, ...]:
    """Return what can pass through a connection: what is denied by one protocol must not come by another."""
    if attempt.protocol == "socks5_tcp":
        return "socks5_tcp", "https", "http"
    return ("https", "http") if attempt.port == _PLAIN_PORT else (attempt.protocol,)


def _is_about(rule: NetworkRule, attempt: HostAttempt, protocols: Sequence[NetworkProtocol]) -> bool:
    return rule.host == attempt.host and rule.protocol in protocols
