"""From layers to the configuration a session runs with.

Owns: checking the merged table, the rules that join several settings, defaults, and what is worth a warning. Does not
own: reading files (`sources`), the key table (`schema`).
"""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, cast

import msgspec

from codex_trio.config import approval, features
from codex_trio.config.approval import AskForApproval
from codex_trio.config.constraints import Constraining
from codex_trio.config.errors import ConfigLoadError, TextRange, UnsupportedPolicy
from codex_trio.config.keys import CONFIG, OWN_KEYS, READ_DEFAULTS, out_of_bounds, without_effect
from codex_trio.config.layers import ConfigLayer, LayerStack, lookup
from codex_trio.config.nodes import PassedTables, SchemaProblem, check, names_beside, unread_keys
from codex_trio.config.permission_profiles import find_profile
from codex_trio.config.provider_places import set_in, unknown_provider, unusable_provider
from codex_trio.config.providers import ModelProviderConfig, build_providers, usable, with_residency
from codex_trio.config.service_tiers import known_tier
from codex_trio.config.settings import (
    DEFAULT_BACKGROUND_TERMINAL_MAX_TIMEOUT_MS,
    DEFAULT_PROJECT_DOC_MAX_BYTES,
    ActiveProfile,
    EffectiveConfig,
    SandboxMode,
    SandboxWorkspaceWrite,
    TypedOverrides,
)
from codex_trio.config.sources import ConfigPaths, Sources, find_project, place_in_file
from codex_trio.config.trust import TrustLevel
from codex_trio.domain.shell_environment import ShellEnvironmentPolicy
from codex_trio.util import decoding
from codex_trio.util.regular_file import FileTooLarge, NotARegularFile, read_whole
from codex_trio.util.spelling import did_you_mean

_DEFAULT_PROVIDER = "openai"
_MAX_LISTED_KEYS = 3

_MAX_TEXT_BYTES = 1 << 20
"""Instructions of this size already are more than any model takes."""

_ADVICE = "Check for typos or deprecated settings."


def build(
    sources: Sources,
    *,
    paths: ConfigPaths,
    cwd: Path,
    environ: Mapping[str, str],
    typed: TypedOverrides,
    chosen_features: Mapping[str, bool],
    passed: PassedTables | None = None,
) -> EffectiveConfig:
    """Return the configuration for `cwd`. `chosen_features` count where no layer says otherwise.

    Tables that `passed` a check are not checked again. Raises `ConfigLoadError`.
    """
    check_stack(sources.stack, passed)
    requirements = sources.requirements
    held = Constraining(requirements)
    merged = held.table(sources.stack.merged)
    project = sources.project or find_project(merged, cwd)
    refuse_withdrawn_settings(merged)
    of_catalog = _catalog_warning(merged)
    providers = build_providers(
        merged.get("model_providers", {}),
        openai_base_url=merged.get("openai_base_url"),
        environ=environ,
        set_in=set_in(sources.stack),
    )
    if requirements.residency is not None:
        providers = with_residency(providers, requirements.residency)
    provider = _provider_id(merged, typed, providers, sources.stack)
    trust = project.trust.level
    policy = held.approval(
        _approval_policy(merged, typed, trust),
        is_asked_for=typed.approval_policy is not None or "approval_policy" in merged,
    )
    reviewer = held.reviewer(
        _approvals_reviewer(merged, typed),
        is_asked_for=typed.approvals_reviewer is not None or "approvals_reviewer" in merged,
    )
    profile = _profile(held, merged, typed, home=paths.home)
    if profile is None:
        is_asked_for = typed.sandbox_mode is not None or "sandbox_mode" in merged
        mode = held.sandbox_mode(typed.sandbox_mode or _sandbox_mode(merged, trust), policy, is_asked_for=is_asked_for)
    else:
        mode = held.sandbox_mode(profile.kind, policy, is_asked_for=True, profile=profile.id)
        profile = profile if mode == profile.kind else None
    without_reader = _ignored_warnings(sources.stack)
    service_tier = merged.get("service_tier") if typed.service_tier is None else typed.service_tier

    def flag(name: str) -> bool:
        return merged.get(name, READ_DEFAULTS.get(name, False))

    return EffectiveConfig(
        cwd=cwd,
        codex_home=paths.codex_home,
        project_root=project.root,
        trust_level=trust,
        untrusted_folders=project.untrusted,
        model=merged.get("model") if typed.model is None else typed.model,
        model_provider_id=provider,
        model_providers=providers,
        model_context_window=merged.get("model_context_window"),
        model_auto_compact_token_limit=merged.get("model_auto_compact_token_limit"),
        model_auto_compact_token_limit_scope=merged.get("model_auto_compact_token_limit_scope"),
        model_post_turn_compact_threshold_percent=merged.get("model_post_turn_compact_threshold_percent"),
        compact_prompt=_compact_prompt(merged),
        review_model=merged.get("review_model"),
        model_reasoning_effort=merged.get("model_reasoning_effort"),
        model_reasoning_summary=merged.get("model_reasoning_summary"),
        model_verbosity=merged.get("model_verbosity"),
        service_tier=known_tier(service_tier),
        approval_policy=policy,
        approvals_reviewer=reviewer,
        sandbox_mode=mode,
        permission_profile=profile,
        sandbox_workspace_write=decoding.convert(merged.get("sandbox_workspace_write", {}), SandboxWorkspaceWrite),
        shell_environment_policy=_shell_environment_policy(merged),
        allow_login_shell=flag("allow_login_shell"),
        base_instructions=_base_instructions(merged, typed),
        developer_instructions=held.instructions(
            _first(typed.developer_instructions, merged.get("developer_instructions"))
        ),
        include_permissions_instructions=flag("include_permissions_instructions"),
        include_collaboration_mode_instructions=flag("include_collaboration_mode_instructions"),
        include_environment_context=flag("include_environment_context"),
        include_environment_context_time=flag("include_environment_context_time"),
        project_doc_max_bytes=merged.get("project_doc_max_bytes", DEFAULT_PROJECT_DOC_MAX_BYTES),
        project_doc_fallback_filenames=tuple(merged.get("project_doc_fallback_filenames", ())),
        features=features.resolve(_configured_features(merged), chosen=chosen_features),
        tool_output_token_limit=merged.get("tool_output_token_limit"),
        background_terminal_max_timeout_ms=merged.get(
            "background_terminal_max_timeout", DEFAULT_BACKGROUND_TERMINAL_MAX_TIMEOUT_MS
        ),
        thread_unload_delay_seconds=merged.get("thread_unload_delay_secs"),
        cli_auth_credentials_store=merged.get("cli_auth_credentials_store", "file"),
        forced_login_method=merged.get("forced_login_method"),
        sqlite_home=_path(merged.get("sqlite_home") or environ.get("CODEX_SQLITE_HOME")) or paths.codex_home,
        rule_folders=tuple(folder / "rules" for folder in sources.stack.folders),
        merged=merged,
        stack=sources.stack,
        requirements=requirements,
        warnings=(
            *_profile_warning(paths),
            *of_catalog,
            *without_reader,
            *_unsupported_warning(sources.stack),
            *_bounds_warning(sources.stack),
            *_projects_warning(sources.stack),
            *held.warnings,
        ),
        thread_warnings=(*without_reader, *_unstable_warning(merged, paths.user_config), *held.warnings),
    )


def check_stack(stack: LayerStack, passed: PassedTables | None = None) -> None:
    """Raise `ConfigLoadError` when the merged table is not what the schema says.

    The file that holds the problem is named with the place; a session flag is named by its key.
    """
    try:
        check(CONFIG, stack.merged, passed=passed)
    except SchemaProblem as problem:
        for layer in stack.active:
            located = _problem_in_layer(layer)
            if located is not None:
                file, start = located.path, located.range and located.range.start
                place = f"of {file}:{start.line}:{start.column}\n" if start else f"of {file}\n"
                located.merged_message = problem.describe() + place
                raise located from None
        described = problem.describe()
        raise ConfigLoadError(described, merged_message=f"{described}of what is set for this run\n") from None


def refuse_withdrawn_settings(merged: Mapping[str, Any]) -> None:
    """Raise for settings that once meant something and are no longer understood."""
    profile = merged.get("profile")
    if profile is not None:
        raise ConfigLoadError(
            f'legacy `profile = "{profile}"` config is no longer supported; '
            f"use `--profile {profile}` with `{profile}.config.toml` instead"
        )
    if "experimental_thread_store_endpoint" in merged:
        raise ConfigLoadError("`experimental_thread_store_endpoint` is no longer supported; remove it from config.toml")
    if merged.get("approval_policy") == "untrusted":
        raise UnsupportedPolicy('approval_policy = "untrusted" is no longer supported; remove this setting')


def _catalog_warning(merged: Mapping[str, Any]) -> list[str]:
    """Return what in the user's own catalog of models has no effect. Raises `ConfigLoadError` when it is none."""
    if "model_catalog_json" not in merged:
        return []
    from codex_trio.config.model_catalog import configured_catalog

    catalog = configured_catalog(merged)
    return [] if catalog is None or catalog.ignored is None else [catalog.ignored]


def _shell_environment_policy(merged: Mapping[str, Any]) -> ShellEnvironmentPolicy:
    table = dict(cast("dict[str, Any]", merged.get("shell_environment_policy", {})))
    filters = cast("dict[str, str]", table.pop("filters", {}))
    if filters:
        table["exclude"] = [pattern for pattern, use in filters.items() if use == "exclude"]
        table["include_only"] = [pattern for pattern, use in filters.items() if use == "include"]
    fields = msgspec.structs.fields(ShellEnvironmentPolicy)
    known = {field.encode_name: table[field.name] for field in fields if field.name in table}
    return decoding.convert(known, ShellEnvironmentPolicy)


def _ignored_warnings(stack: LayerStack) -> tuple[str, ...]:
    """Return what in the files has no effect: keys a project may not set, and keys that nobody reads."""
    denied = [
        f"Ignored unsupported project-local config keys in {layer.source.file}: "
        f"{', '.join(sorted(layer.denied_keys))}. "
        "If you want these settings to apply, manually set them in your user-level config.toml."
        for layer in stack.active
        if layer.denied_keys
    ]
    unread = [
        (layer, path)
        for layer in reversed(list(stack.active))
        for path in sorted(unread_keys(CONFIG, layer.table), key=".".join)
    ]
    if not unread:
        return tuple(denied)
    settings = "setting" if len(unread) == 1 else "settings"
    lines = [
        f"Codex is ignoring {len(unread)} unrecognized configuration {settings}. " + _ADVICE,
        *(
            f"{_layer_name(layer, _place_of_key(layer, path))}: `{'.'.join(path)}` is ignored.{_meant(path)}"
            for layer, path in unread[:_MAX_LISTED_KEYS]
        ),
    ]
    if len(unread) > _MAX_LISTED_KEYS:
        lines.append(f"... and {len(unread) - _MAX_LISTED_KEYS} more ignored settings.")
    return (*denied, "\n  ".join(lines))


def _profile_warning(paths: ConfigPaths) -> list[str]:
    """Return that the profile in use has no file: a slip of the pen leaves settings out."""
    file = paths.profile_config
    if file is None or os.path.lexists(file):
        return []
    return [f"The profile `{paths.profile}` changes nothing: {file} does not exist."]


def _unstable_warning(merged: Mapping[str, Any], user_config: Path) -> list[str]:
    """Return what is switched on that is unfinished in the established server and not begun in this one."""
    configured = _configured_features(merged)
    if merged.get("suppress_unstable_features_warning") or not (names := features.unstable(configured)):
        return []
    text = f"Under-development features enabled: {', '.join(names)}. This server does not have them yet."
    return [f"{text} To suppress this warning, set `suppress_unstable_features_warning = true` in {user_config}."]


def _unsupported_warning(stack: LayerStack) -> list[str]:
    """Return what is known, and of which nothing comes here all the same."""
    lines = [
        f"{_layer_name(layer)}: {', '.join(f'`{name}`' for name in names)}"
        for layer in reversed(list(stack.active))
        if (names := sorted(".".join(path) for path in without_effect(layer.table)))
    ]
    lines += [
        f"{_layer_name(layer)}: `{name}` counts in the user's own file only"
        for layer in stack.active
        for name in sorted(OWN_KEYS.intersection(layer.table))
        if layer.source.kind != "user"
    ]
    return ["\n  ".join(("These settings are not supported yet and have no effect:", *lines))] if lines else []


def _bounds_warning(stack: LayerStack) -> list[str]:
    """Return which numbers of the files count as others."""
    lines = [
        f"{_layer_name(layer, place_in_file(layer, path))}: {told}."
        for layer in reversed(list(stack.active))
        for path, told in out_of_bounds(layer.table)
    ]
    return ["\n  ".join(("These numbers are out of bounds:", *lines))] if lines else []


def _projects_warning(stack: LayerStack) -> list[str]:
    """Return which entries are about no project: folders are compared as text, by their whole plain path."""
    lines = [
        f"{_layer_name(layer, _place_of_key(layer, ('projects', name)))}: `{name}` is not how a folder is written "
        "there: give its absolute path, without `~`, `.`, `..` and without a `/` at its end."
        for layer in reversed(list(stack.active))
        for name in cast("dict[str, Any]", layer.table.get("projects") or {})
        if not os.path.isabs(name) or os.path.normpath(name) != name
    ]
    return ["\n  ".join(("These entries of `projects` trust or distrust nothing:", *lines))] if lines else []


def refuse_unread_keys(stack: LayerStack) -> None:
    """Raise `ConfigLoadError`, in strict loading, for the first key that nobody reads."""
    for layer in stack.active:
        for path in unread_keys(CONFIG, layer.table):
            raise _refused(layer, path, f"unknown configuration field `{'.'.join(path)}`", _meant(path))
        for path in without_effect(layer.table):
            raise _refused(layer, path, f"configuration field `{'.'.join(path)}` is not supported yet")


def _refused(layer: ConfigLayer, path: tuple[str, ...], problem: str, meant: str = "") -> ConfigLoadError:
    place = _place_of_key(layer, path)
    where = f"{_layer_name(layer, place)}: " if place is None else f"{layer.source.file}{_numbers(place)}: "
    return ConfigLoadError(f"{where}{problem}{meant and '.' + meant}", path=layer.source.file, range=place)


def _place_of_key(layer: ConfigLayer, path: tuple[str, ...]) -> TextRange | None:
    return place_in_file(layer, path, of_key=True)


def _meant(path: tuple[str, ...]) -> str:
    """Return the question whether another key was meant; nothing where none is spelt alike."""
    return did_you_mean(path[-1], names_beside(CONFIG, path))


def _numbers(place: TextRange | None) -> str:
    return "" if place is None else f":{place.start.line}:{place.start.column}"


def _layer_name(layer: ConfigLayer, place: TextRange | None = None) -> str:
    match layer.source.kind:
        case "sessionFlags":
            return "session-flags" if layer.source.id is None else "thread-config"
        case kind:
            return f"{kind} ({layer.source.file}{_numbers(place)})"


def _problem_in_layer(layer: ConfigLayer) -> ConfigLoadError | None:
    try:
        check(CONFIG, layer.table)
    except SchemaProblem as problem:
        place = place_in_file(layer, problem.path)
        if place is None:
            of_organization = layer.source.kind == "enterpriseManaged"
            return ConfigLoadError(f"{layer.source.label}: {problem.describe()}") if of_organization else None
        return ConfigLoadError(
            f"{layer.source.file}:{place.start.line}:{place.start.column}: {problem.told}",
            path=layer.source.file,
            range=place,
        )
    return None


def _first(*values: str | None) -> str | None:
    return next((value for value in values if value is not None), None)


def _path(value: str | None) -> Path | None:
    return Path(value) if value else None


def _provider_id(
    merged: Mapping[str, Any], typed: TypedOverrides, providers: Mapping[str, ModelProviderConfig], stack: LayerStack
) -> str:
    name = _first(typed.model_provider, merged.get("model_provider"), _DEFAULT_PROVIDER) or ""
    is_asked_for = typed.model_provider is not None
    if name not in providers:
        raise unknown_provider(name, usable(providers), stack, is_asked_for=is_asked_for)
    if providers[name].unusable is not None:
        raise unusable_provider(providers[name], stack, is_asked_for=is_asked_for)
    return name


def _approval_policy(merged: Mapping[str, Any], typed: TypedOverrides, trust: TrustLevel | None) -> AskForApproval:
    if typed.approval_policy is not None:
        return typed.approval_policy
    configured = merged.get("approval_policy")
    if configured is None:
        return "untrusted" if trust == "untrusted" else "on-request"
    policy = approval.from_plain(configured)
    return "on-request" if policy == "on-failure" else policy  # the former asks no differently any more


def _approvals_reviewer(merged: Mapping[str, Any], typed: TypedOverrides) -> Any:
    reviewer = typed.approvals_reviewer or merged.get("approvals_reviewer", "user")
    return "auto_review" if reviewer == "guardian_subagent" else reviewer


def _profile(
    held: Constraining, merged: Mapping[str, Any], typed: TypedOverrides, *, home: Path | None
) -> ActiveProfile | None:
    """Return the permission profile in use: a sandbox mode that a request asks for counts more."""
    configured = None if typed.sandbox_mode is not None else merged.get("default_permissions")
    name = held.profile(configured)
    if name is None and typed.sandbox_mode is None and "sandbox_mode" not in merged:
        name = held.default_profile
    if name is None:
        return None
    profile = find_profile(name, merged, home=home)
    held.warnings += profile.warnings
    return profile


def _sandbox_mode(merged: Mapping[str, Any], trust: TrustLevel | None) -> SandboxMode:
    # A folder the user has decided about is a workspace; anything else is only looked at.
    return merged.get("sandbox_mode") or ("read-only" if trust is None else "workspace-write")


def _base_instructions(merged: Mapping[str, Any], typed: TypedOverrides) -> str | None:
    if typed.base_instructions is not None:
        return typed.base_instructions
    return _first(_file_text(merged, "model_instructions_file", "model instructions file"), merged.get("instructions"))


def _compact_prompt(merged: Mapping[str, Any]) -> str | None:
    prompt = merged.get("compact_prompt")
    return prompt or _file_text(merged, "experimental_compact_prompt_file", "experimental compact prompt file")


def _file_text(merged: Mapping[str, Any], key: str, name: str) -> str | None:
    path = merged.get(key)
    if path is None:
        return None
    try:
        text = read_whole(path, limit=_MAX_TEXT_BYTES).decode("utf-8-sig").strip()
    except UnicodeDecodeError:
        raise ConfigLoadError(f"failed to read {name} {path}: stream did not contain valid UTF-8") from None
    except (NotARegularFile, FileTooLarge) as error:
        raise ConfigLoadError(f"failed to read {name} {path}: {error.strerror}") from None
    except OSError as error:
        number = error.errno or 0
        raise ConfigLoadError(f"failed to read {name} {path}: {os.strerror(number)} (os error {number})") from None
    if not text:
        raise ConfigLoadError(f"{name} is empty: {path}")
    return text


def _configured_features(merged: Mapping[str, Any]) -> dict[str, Any]:
    """Return the switches of a configuration; one of them has an older place as well."""
    configured: dict[str, Any] = lookup(merged, ["features"]) or {}
    return {**configured, "view_image": False} if lookup(merged, ["tools", "view_image"]) is False else configured
