"""What an administrator requires, as clients are told it.

Owns the translation: what is a row of its own in the protocol, and what is the file's own table in other letters.
Protocol source: `configRequirements/read`, release 0.171.0.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar, cast

import msgspec
from codex_trio_protocol import decoding
from codex_trio_protocol.v2 import config_requirements as wire

from codex_trio.config.requirements import Allowed, Required, Requirements

_T = TypeVar("_T")

_AS_WRITTEN = (
    "model_provider",
    "model_providers",
    "cli_auth_credentials_store",
    "chatgpt_base_url",
    "additional_developer_instructions",
    "allow_managed_hooks_only",
    "allow_browser_and_computer_use",
    "allow_appshots",
    "allow_remote_control",
    "enforce_residency",
    "sqlite_home",
    "log_dir",
    "model_catalog_json",
    "check_for_update_on_startup",
    "allow_login_shell",
)
_TABLES: Mapping[str, type[Any]] = {
    "computer_use": wire.ComputerUseRequirements,
    "browser_use": wire.BrowserUseRequirements,
    "in_app_browser": wire.InAppBrowserRequirements,
    "application": wire.ApplicationRequirements,
    "auto_review": wire.AutoReviewRequirements,
    "models": wire.ModelsRequirements,
    "feedback": wire.FeedbackRequirements,
}

_CHOSEN = ("domains", "unix_sockets", "origins", "bundle_ids", "aumids")
"""Tables of which somebody else chose the keys."""
_OPAQUE = ("input",)
"""Those of which nothing is known at all."""


def requirements_to_wire(required: Requirements) -> wire.ConfigRequirementsReadResponse:
    """Return the answer."""
    shown = required.shown
    if not shown or set(shown) == {"plugins"}:  # of which the protocol knows nothing
        return wire.ConfigRequirementsReadResponse(supports_independent_speed_modes=True)
    fields: dict[str, Any] = {name: shown.get(name) for name in _AS_WRITTEN}
    fields |= {name: _table(shown.get(name), kind) for name, kind in _TABLES.items()}
    return wire.ConfigRequirementsReadResponse(
        supports_independent_speed_modes=True,
        requirements=wire.ConfigRequirements(
            **fields,
            allowed_login_methods=shown.get("allowed_login_methods", ["api", "chatgpt"]),
            allowed_approval_policies=_words(required.approval_policies),
            allowed_approvals_reviewers=_words(required.approvals_reviewers),
            allowed_sandbox_modes=_words(required.sandbox_modes),
            allowed_permission_profiles=_value(required.profiles),
            default_permissions=_value(required.default_profile),
            allowed_web_search_modes=_words(required.web_search_modes),
            feature_requirements={name: switch.value for name, switch in required.features.items()} or None,
            hooks=_hooks(shown.get("hooks")),
            network=_table(shown.get("experimental_network"), wire.NetworkRequirements),
            otel=_read(shown.get("otel"), wire.OtelRequirements),
        ),
    )


def _words(allowed: Allowed | None) -> list[Any] | None:
    return None if allowed is None else list(allowed.words)


def _value(required: Required | None) -> Any:
    return None if required is None else required.value


def _hooks(table: Any) -> Any:
    """Return the hooks of all events that are known, those without any included."""
    if table is None:
        return None
    empty: dict[str, Any] = {
        field.encode_name: []
        for field in msgspec.structs.fields(wire.ManagedHooksRequirements)
        if field.encode_name[0].isupper()
    }
    groups = {name: [*map(_hook_group, table[name])] for name in empty if name in table}
    return _table({**empty, **table, **groups}, wire.ManagedHooksRequirements)


def _hook_group(group: Mapping[str, Any]) -> dict[str, Any]:
    handlers: list[dict[str, Any]] = []
    for given in group.get("hooks", ()):
        of_kind: dict[str, Any] = {"async": False} if given["type"] == "command" else {"input": {}}
        handlers.append({**of_kind, **given, "timeoutSec": given.get("timeout")})
    return {**group, "hooks": handlers}


def _table(table: Any, kind: type[_T]) -> _T | None:
    """Return a table with keys in the letters of the protocol; none where it says something else than that knows."""
    return _read(None if table is None else _camel(table), kind)


def _read(value: Any, kind: type[_T]) -> _T | None:
    if value is None:
        return None
    try:
        return decoding.convert(value, kind)
    except msgspec.ValidationError:
        return None


def _camel(value: Any) -> Any:
    match value:
        case dict():
            return {_camel_name(name): _inner(name, part) for name, part in cast("dict[str, Any]", value).items()}
        case list():
            return [_camel(part) for part in cast("list[Any]", value)]
        case _:
            return value


def _inner(name: str, part: Any) -> Any:
    """Return the value of a key; hosts, paths and other names that somebody chose stay as they are in it."""
    if name in _OPAQUE:
        return part
    if name in _CHOSEN and isinstance(part, dict):
        return {chosen: _camel(value) for chosen, value in cast("dict[str, Any]", part).items()}
    return _camel(part)


def _camel_name(name: str) -> str:
    first, *rest = name.split("_")
    return first + "".join(map(str.capitalize, rest))
