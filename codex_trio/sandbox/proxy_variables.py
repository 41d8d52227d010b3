"""The variables that tell programs in a sandbox of the proxy that is their only way out.

Owns the names, which are those of the established server, and their values. Does not own the proxy (`network`).
"""

from codex_trio.sandbox.loopback import HTTP_PORT, SOCKS_PORT
from codex_trio.sandbox.policy import HostLimits

_HTTP = (
    "HTTP_PROXY",
    "HTTPS_PROXY",
    "http_proxy",
    "https_proxy",
    "WS_PROXY",
    "WSS_PROXY",
    "ws_proxy",
    "wss_proxy",
    "PIP_PROXY",
    "npm_config_proxy",
    "npm_config_http_proxy",
    "npm_config_https_proxy",
    "NPM_CONFIG_PROXY",
    "NPM_CONFIG_HTTP_PROXY",
    "NPM_CONFIG_HTTPS_PROXY",
    "YARN_HTTP_PROXY",
    "YARN_HTTPS_PROXY",
    "BUNDLE_HTTP_PROXY",
    "BUNDLE_HTTPS_PROXY",
    "DOCKER_HTTP_PROXY",
    "DOCKER_HTTPS_PROXY",
)
_ANYTHING = ("ALL_PROXY", "all_proxy", "FTP_PROXY", "ftp_proxy")
_NO_EXCEPTIONS = (
    "NO_PROXY",
    "no_proxy",
    "npm_config_noproxy",
    "NPM_CONFIG_NOPROXY",
    "YARN_NO_PROXY",
    "BUNDLE_NO_PROXY",
)


def proxy_variables(hosts: HostLimits) -> dict[str, str]:
    """Return the variables of a command whose network is limited to hosts."""
    http, socks = f"http://127.0.0.1:{HTTP_PORT}", f"socks5h://127.0.0.1:{SOCKS_PORT}"
    return {
        **dict.fromkeys(_HTTP, http),
        **dict.fromkeys(_ANYTHING, socks if hosts.socks else http),
        # The proxy says why a host cannot be reached; nothing else is reached at all.
        **dict.fromkeys(_NO_EXCEPTIONS, ""),
        "NODE_USE_ENV_PROXY": "1",
        "ELECTRON_GET_USE_PROXY": "true",
        "CODEX_NETWORK_PROXY_ACTIVE": "1",
        "CODEX_NETWORK_ALLOW_LOCAL_BINDING": "1" if hosts.allows_local else "0",
    }
