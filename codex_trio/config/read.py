"""Showing the configuration to a client: the merged values, where each comes from, and the layers.

Owns: the shape of a read configuration, with every known key present. Does not own: what a session makes of it
(`load`), nor the wire structs.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, cast

import msgspec

from codex_trio.config import features
from codex_trio.config.errors import ConfigLoadError, ConfigReadError
from codex_trio.config.keys import CONFIG, READ_DEFAULTS, UNUSUAL_KEYS
from codex_trio.config.layers import ConfigLayer, LayerStack, Origin, to_json_value
from codex_trio.config.load import check_stack, refuse_withdrawn_settings
from codex_trio.config.nodes import PassedTables, Table
from codex_trio.config.provider_places import unknown_provider
from codex_trio.config.schema import (
    BUILT_IN_PROVIDERS,
    GOOGLE_CLOUD,
    HISTORY,
    MODEL_PROVIDER,
    SANDBOX_WORKSPACE_WRITE,
    SHELL_ENVIRONMENT_POLICY,
)
from codex_trio.config.service import ConfigService
from codex_trio.util.addresses import shown_values

_PROVIDER_DEFAULTS: Mapping[str, Any] = {
    "wire_api": "responses",
    "requires_openai_auth": False,
    "supports_websockets": False,
    "supports_standalone_web_search": False,
}
_SANDBOX_DEFAULTS: Mapping[str, Any] = {
    "writable_roots": [],
    "network_access": False,
    "exclude_tmpdir_env_var": False,
    "exclude_slash_tmp": False,
}
_STDIO_SERVER_DEFAULTS: Mapping[str, Any] = {
    "args": [],
    "environment_id": "local",
    "enabled": True,
    "tool_timeout_sec": None,
}


class ConfigView(msgspec.Struct, frozen=True, kw_only=True):
    """A read configuration. `layers` are highest precedence first. Protocol source: `ConfigReadResponse`."""

    config: dict[str, Any]
    origins: Mapping[str, Origin]
    layers: tuple[ConfigLayer, ...]


class ConfigReader:
    """Views of a server's configuration; the latest is kept as long as nothing changes."""

    def __init__(self, service: ConfigService) -> None:
        self._service = service
        self._latest: tuple[LayerStack, Mapping[str, bool], ConfigView] | None = None

    def read(self, cwd: Path | None) -> ConfigView:
        """Return the configuration as a client reads it. Without `cwd`, projects are left out. Not to be changed.

        Raises `ConfigReadError`.
        """
        folder = None if cwd is None else self._service.resolve_cwd(cwd)
        try:
            stack = self._service.sources(folder).stack
        except ConfigLoadError as error:
            raise ConfigReadError(f"failed to read configuration layers: {error.message}") from None
        chosen = self._service.chosen_features
        if self._latest is None or self._latest[0] is not stack or self._latest[1] is not chosen:
            self._latest = stack, chosen, _view(stack, chosen, self._service.passed)
        return self._latest[2]


def _view(stack: LayerStack, chosen: Mapping[str, bool], passed: PassedTables) -> ConfigView:
    try:
        check_stack(stack, passed)
    except ConfigLoadError as error:
        raise ConfigReadError(f"invalid configuration: {error.merged_message}") from None
    try:
        refuse_withdrawn_settings(stack.merged)
        _refuse_unknown_provider(stack)
    except ConfigLoadError as error:
        raise ConfigReadError(f"failed to resolve feature override precedence: {error.message}") from None
    return ConfigView(config=_show(stack.merged, chosen), origins=stack.origins(), layers=stack.layers[::-1])


def _refuse_unknown_provider(stack: LayerStack) -> None:
    name = stack.merged.get("model_provider")
    known = (*BUILT_IN_PROVIDERS, GOOGLE_CLOUD, *stack.merged.get("model_providers", {}))
    if name is not None and name not in known:
        raise unknown_provider(name, known, stack, is_asked_for=False)


def _show(merged: Mapping[str, Any], chosen: Mapping[str, bool]) -> dict[str, Any]:
    shown: dict[str, Any] = {
        name: merged.get(name, READ_DEFAULTS.get(name))
        for name in CONFIG.fields
        if name in merged or name not in UNUSUAL_KEYS
    }
    shown["client_search_provider"] = None
    shown["history"] = _filled(HISTORY, shown["history"], READ_DEFAULTS["history"])
    shown["shell_environment_policy"] = _filled(SHELL_ENVIRONMENT_POLICY, shown["shell_environment_policy"], {})
    if shown["sandbox_workspace_write"] is not None:
        shown["sandbox_workspace_write"] = _filled(
            SANDBOX_WORKSPACE_WRITE, shown["sandbox_workspace_write"], _SANDBOX_DEFAULTS
        )
    shown["model_providers"] = {
        name: _filled(MODEL_PROVIDER, provider, _PROVIDER_DEFAULTS)
        for name, provider in shown["model_providers"].items()
    }
    shown["mcp_servers"] = {
        name: {**_STDIO_SERVER_DEFAULTS, **server} if "command" in server else server
        for name, server in shown["mcp_servers"].items()
    }
    configured: dict[str, Any] = shown["features"] or {}
    enabled = features.resolve(configured, chosen=chosen)
    shown["features"] = {**configured, **{name: enabled[name] for name in features.SETTABLE}}
    if shown["tools"] is not None:
        web_search = cast("dict[str, Any]", shown["tools"]).get("web_search")
        shown["tools"] = {"web_search": web_search if isinstance(web_search, dict) else None}
    if shown["approval_policy"] == "on-failure":
        shown["approval_policy"] = "on-request"
    return shown_values(to_json_value(shown))


def _filled(node: Table, value: Mapping[str, Any], defaults: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value.get(name, defaults.get(name)) for name in node.fields}
