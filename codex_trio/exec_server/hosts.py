"""Which hosts a process of an exec-server's client may reach, and what the client hears of those that it did not.

Owns the translation both ways. Does not own the proxy (`codex_trio.network`) or who is asked: nobody is, and what is
not listed is refused. Protocol source: `networkProxy` and `managedNetwork` of `process/start`, and
`network/policyDecision`, release 0.171.0.
"""

from __future__ import annotations

import logging
from datetime import UTC, datetime

import msgspec

from codex_trio.config.errors import ConfigLoadError
from codex_trio.config.host_lists import read_lists
from codex_trio.environments.exec_protocol import NetworkDecision, ProcessStartParams
from codex_trio.exec_server.errors import invalid_params
from codex_trio.network.judging import Refusal
from codex_trio.sandbox.policy import HostLimits

_SOURCE = "the client of the exec-server"
_log = logging.getLogger(__name__)


def hosts_of_process(params: ProcessStartParams) -> HostLimits | None:
    """Return what limits the hosts of a process; None where nothing does. Raises RequestRefused."""
    launch, managed = params.network_proxy, params.managed_network
    if launch is None:
        if params.enforce_managed_network or managed is not None:
            raise invalid_params(
                "`managedNetwork` is held to a proxy of this exec-server alone: send `networkProxy`, which says what "
                "it lets through, or leave it out"
            )
        return None
    if not launch.proxy.enabled:
        raise invalid_params(
            "invalid network proxy config: executor-local network proxy launch requires an enabled proxy"
        )
    if managed is not None and managed.loopback_ports:
        raise invalid_params(
            "`managedNetwork.loopbackPorts` is not supported by this exec-server: a process reaches its proxy and "
            "nothing else of this machine"
        )
    try:
        lists, unseen = read_lists(
            msgspec.to_builtins(msgspec.structs.asdict(launch.proxy)),
            source=_SOURCE,
            name="networkProxy.proxy",
            closing="leave it out, as what is not listed is closed",
        )
    except ConfigLoadError as error:
        raise invalid_params(f"invalid network proxy config: {error.message}") from error
    for text in unseen:
        _log.info("process %s: %s", params.process_id, text)
    return HostLimits(own=lists)


def decision_of(process_id: str, refusal: Refusal) -> NetworkDecision:
    """Return what the client is told of a refusal."""
    return NetworkDecision(
        process_id=process_id,
        timestamp=datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        reason=refusal.kind,
        protocol="https_connect" if refusal.protocol == "https" else refusal.protocol,
        host=refusal.host,
        port=refusal.port,
        method=refusal.method,
        message=refusal.message,
    )
