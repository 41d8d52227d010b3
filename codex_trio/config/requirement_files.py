"""From the files of administrators to requirements.

Owns: reading `requirements.toml` and what a managed configuration amounts to, joining several, and the error for one
that cannot be used: never does such a file count as "nothing required". Does not own: the keys (`requirement_keys`).
"""

import fnmatch
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, cast

from codex_trio.config import toml_text
from codex_trio.config.errors import ConfigLoadError, TextRange
from codex_trio.config.hook_events import HOOK_EVENTS
from codex_trio.config.host_lists import read_lists
from codex_trio.config.layers import lookup
from codex_trio.config.marketplace_rules import MarketplaceRules, read_rules, source_problem
from codex_trio.config.nodes import SchemaProblem, absolute_paths, check, names_beside, unread_keys
from codex_trio.config.requirement_keys import REQUIREMENT_KEYS, REQUIREMENTS
from codex_trio.config.requirements import (
    NOTHING_REQUIRED,
    READ_ONLY,
    Allowed,
    Required,
    RequiredHooks,
    RequiredRule,
    Requirements,
    ServerIdentity,
)
from codex_trio.config.settings import HostLists
from codex_trio.util.spelling import did_you_mean

_NETWORK = "experimental_network"
_NOT_EMPTY = ("allowed_approval_policies", "allowed_approvals_reviewers", "allowed_sandbox_modes")


class RequirementSource:
    """One file's table; `name` is how messages call the file, `path` its place where it has one."""

    def __init__(self, name: str, table: Mapping[str, Any], path: Path | None = None) -> None:
        self.name = name
        self.table = table
        self.path = path


def parse_requirements(
    text: str, *, name: str, folder: Path, home: Path | None, path: Path | None
) -> RequirementSource:
    """Return the table of a requirements file. Raises `ConfigLoadError`, which names line and column."""
    try:
        table = toml_text.parse(text)
    except toml_text.TomlSyntaxError as error:
        place = TextRange(start=error.position, end=error.position)
        raise _unusable(name, error.message, place, path) from None
    try:
        check(REQUIREMENTS, table)
        _check_meaning(table)
        resolved = absolute_paths(REQUIREMENTS, table, folder=folder, home=home)
        _check_denied(table, resolved)
    except SchemaProblem as problem:
        place = _place(text, problem.path)
        raise _unusable(name, f"{problem.message} in `{_dotted(problem.reported)}`", place, path) from None
    try:
        _host_lists(table, name)
    except ConfigLoadError as error:
        raise _unusable(name, error.message, None, path) from None
    return RequirementSource(name, resolved, path)


def managed_requirements(table: Mapping[str, Any], path: Path) -> RequirementSource:
    """Return what a checked managed configuration requires: that its values are the ones in effect."""
    required: dict[str, Any] = {}
    policy = table.get("approval_policy")
    if policy is not None:
        required["allowed_approval_policies"] = ["granular" if isinstance(policy, dict) else policy]
    mode = table.get("sandbox_mode")
    if mode is not None:
        required["allowed_sandbox_modes"] = list(dict.fromkeys((READ_ONLY, mode)))
    reviewer = table.get("approvals_reviewer")
    if reviewer is not None:
        required["allowed_approvals_reviewers"] = list(dict.fromkeys((reviewer, "user")))
    return RequirementSource(str(path), required, path)


def join(sources: Sequence[RequirementSource], *, host: str | None = None) -> Requirements:
    """Return what all files require together, the lowest first: of each key the highest that has it counts.

    `host` is the machine's name. Raises `ConfigLoadError`.
    """
    sources = [source for source in sources if source.table]
    if not sources:
        return NOTHING_REQUIRED
    return _Join(sources, os.uname().nodename if host is None else host).result()


class _Join:
    def __init__(self, sources: Sequence[RequirementSource], host: str) -> None:
        self._sources = sources
        self._host = host

    def result(self) -> Requirements:
        shown = self._shown()
        hosts, told = self._hosts()
        return Requirements(
            approval_policies=self._allowed("allowed_approval_policies", _asking),
            approvals_reviewers=self._allowed("allowed_approvals_reviewers", _reviewer),
            sandbox_modes=self._sandbox_modes(),
            web_search_modes=self._allowed("allowed_web_search_modes", str, always="disabled"),
            profiles=self._required("allowed_permission_profiles"),
            default_profile=self._required("default_permissions"),
            denied_reads=self._required("permissions", "filesystem", "deny_read"),
            hosts=hosts,
            features=self._features(),
            servers=self._servers(),
            plugin_servers=self._plugin_servers(),
            marketplaces=self._marketplaces(),
            rules=self._rules(),
            residency=self._value("enforce_residency"),
            developer_instructions=self._value("additional_developer_instructions"),
            review_policy=self._value("guardian_policy_config"),
            extra_review_policy=self._value("guardian_extra_policy"),
            reviewed_models=self._required("auto_review", "required_on_models"),
            unruled_models=self._required("auto_review", "ignore_rules"),
            forced=self._forced(),
            model_defaults=self._value("models", "new_thread") or {},
            hooks=tuple(self._hooks()),
            managed_hooks_only=self._value("allow_managed_hooks_only") is True,
            unseen_to=self._unseen_to(),
            shown=shown or None,
            warnings=(*self._warnings(), *told),
        )

    def _hosts(self) -> tuple[Required | None, Sequence[str]]:
        """Return the hosts that may be reached, and what of that is not done."""
        source = next((source for source in reversed(self._sources) if _NETWORK in source.table), None)
        if source is None:
            return None, ()
        found, warnings = _host_lists(source.table, source.name)
        return None if found is None else Required(found, source.name), warnings

    def _required(self, *path: str) -> Required | None:
        for source in reversed(self._sources):
            value = lookup(source.table, path)
            if value is not None:
                return Required(value, source.name)
        return None

    def _value(self, *path: str) -> Any:
        required = self._required(*path)
        return None if required is None else required.value

    def _allowed(self, key: str, current: Callable[[str], str], *, always: str | None = None) -> Allowed | None:
        required = self._required(key)
        if required is None:
            return None
        words = [*map(current, required.value), *([] if always is None else [always])]
        return Allowed(tuple(dict.fromkeys(words)), required.source)

    def _sandbox_modes(self) -> Allowed | None:
        """Return the modes that this machine may use: those for its name, where there are any, count more."""
        for source in reversed(self._sources):
            own = _modes_of_host(source.table.get("remote_sandbox_config", ()), self._host)
            modes = source.table.get("allowed_sandbox_modes") if own is None else own
            if modes is not None:
                return Allowed(tuple(dict.fromkeys((*modes,))), source.name)
        return None

    def _features(self) -> Mapping[str, Required]:
        found: dict[str, Required] = {}
        for source in self._sources:
            for key in ("feature_requirements", "features"):
                found |= {name: Required(value, source.name) for name, value in source.table.get(key, {}).items()}
        return found

    def _servers(self) -> Required | None:
        required = self._required("mcp_servers")
        if required is None:
            return None
        return Required(_identities(required.value), required.source)

    def _plugin_servers(self) -> Required | None:
        """Return the servers of plugins; a list without any, as others have it, limits nothing."""
        required = self._required("plugins")
        if required is None:
            return None
        tables = cast("dict[str, dict[str, Any]]", required.value)
        found = {plugin_id: _identities(table.get("mcp_servers", {})) for plugin_id, table in tables.items()}
        return Required(found, required.source) if any(found.values()) else None

    def _marketplaces(self) -> MarketplaceRules | None:
        required = self._required("marketplaces")
        return None if required is None else read_rules(required.value, required.source)

    def _rules(self) -> Required | None:
        """Return the rules of all files: they only ever forbid more."""
        rules: list[RequiredRule] = []
        names: list[str] = []
        for source in self._sources:
            given = cast("list[dict[str, Any]]", lookup(source.table, ("rules", "prefix_rules")) or [])
            rules += map(_rule, given)
            names += [source.name] if given else []
        return Required(tuple(rules), ", ".join(names)) if rules else None

    def _hooks(self) -> Iterator[RequiredHooks]:
        """Yield the hooks of all files: they only ever add to each other."""
        for source in self._sources:
            table = cast("dict[str, Any]", source.table.get("hooks", {}))
            groups = {name: value for name, value in table.items() if name in HOOK_EVENTS and value}
            if groups:
                folder = table.get("managed_dir", "")
                place = folder if os.path.isabs(folder) else source.name
                yield RequiredHooks(
                    table=groups, place=place, source="cloudRequirements" if source.path is None else "system"
                )

    def _forced(self) -> Mapping[str, Required]:
        found: dict[str, Required] = {}
        for key in REQUIREMENT_KEYS:
            required = None if key.forces is None else self._required(key.name)
            if key.forces is not None and required is not None:
                found[key.forces] = required
        methods = self._required("allowed_login_methods")
        if methods is not None and len(methods.value) == 1:
            found["forced_login_method"] = Required(methods.value[0], methods.source)
        return found

    def _unseen_to(self) -> str | None:
        for source in reversed(self._sources):
            hooks = cast("dict[str, Any]", source.table.get("hooks", {}))
            for event in HOOK_EVENTS:
                kinds = {handler["type"] for group in hooks.get(event, ()) for handler in group.get("hooks", ())}
                for kind in ("prompt", "agent"):
                    if kind in kinds:
                        return _unseen(source, f'type = "{kind}"` in `hooks.{event}')
        return None

    def _shown(self) -> dict[str, Any]:
        shown: dict[str, Any] = {}
        for source in self._sources:
            hooks = _joined_hooks(shown.get("hooks"), source.table.get("hooks"))
            shown |= {name: value for name, value in source.table.items() if name in REQUIREMENTS.fields}
            shown |= {} if hooks is None else {"hooks": hooks}
        return shown

    def _warnings(self) -> tuple[str, ...]:
        unread = [
            f"requirements ({source.name}): `{'.'.join(path)}` is ignored."
            f"{did_you_mean(path[-1], names_beside(REQUIREMENTS, path))}"
            for source in self._sources
            for path in unread_keys(REQUIREMENTS, source.table)
        ]
        if not unread:
            return ()
        noun = "setting" if len(unread) == 1 else "settings"
        head = f"Codex is ignoring {len(unread)} unrecognized configuration {noun}. Check for typos or deprecated "
        return ("\n  ".join((f"{head}settings.", *unread)),)


def _host_lists(table: Mapping[str, Any], name: str) -> tuple[HostLists | None, Sequence[str]]:
    """Return what a file says of hosts, if that is in force, and what of it is not done. Raises ConfigLoadError."""
    network = cast("dict[str, Any]", table.get(_NETWORK, {}))
    if not network:
        return None, ()
    closing = "list what may be reached, and set `managed_allowed_domains_only = true`"
    lists, warnings = read_lists(network, source=name, name=_NETWORK, closing=closing)
    if network.get("enabled") is not False:
        return lists, warnings
    unused = f"`{_NETWORK}` of {name} limits no hosts: it says `enabled = false`."
    return None, [unused] if len(network) > 1 else ()


def _unseen(source: RequirementSource, name: str) -> str:
    return f"{source.name}: `{name}` is required, and this server does not see to it yet"


def _joined_hooks(lower: dict[str, Any] | None, higher: dict[str, Any] | None) -> dict[str, Any] | None:
    if lower is None or higher is None:
        return higher if lower is None else lower
    both = {name: [*lower.get(name, ()), *higher.get(name, ())] for name in HOOK_EVENTS}
    return {**lower, **higher, **both}


def _asking(word: str) -> str:
    return "on-request" if word == "on-failure" else word  # the former asks no differently any more


def _reviewer(word: str) -> str:
    return "auto_review" if word == "guardian_subagent" else word


def _modes_of_host(entries: Any, host: str) -> Any:
    for entry in cast("Sequence[dict[str, Any]]", entries):
        if any(fnmatch.fnmatchcase(host.lower(), pattern.lower()) for pattern in entry["hostname_patterns"]):
            return entry["allowed_sandbox_modes"]
    return None


def _identities(tables: Mapping[str, Mapping[str, Any]]) -> dict[str, ServerIdentity]:
    return {
        name: ServerIdentity(command=table["identity"].get("command"), url=table["identity"].get("url"))
        for name, table in tables.items()
    }


def _rule(given: dict[str, Any]) -> RequiredRule:
    pattern = tuple((token["token"],) if "token" in token else tuple(token["any_of"]) for token in given["pattern"])
    return RequiredRule(pattern=pattern, decision=given["decision"], justification=given.get("justification"))


def _check_meaning(table: Mapping[str, Any]) -> None:
    """Raise `SchemaProblem` for what is of the right kind and still allows nothing, or makes no sense."""
    for name in _NOT_EMPTY:
        if table.get(name) == []:
            raise SchemaProblem("it cannot be empty: nothing would be allowed", (name,))
    modes: list[tuple[tuple[str | int, ...], Any]] = [(("allowed_sandbox_modes",), table.get("allowed_sandbox_modes"))]
    for index, entry in enumerate(table.get("remote_sandbox_config", ())):
        modes.append((("remote_sandbox_config", index, "allowed_sandbox_modes"), entry["allowed_sandbox_modes"]))
    for path, allowed in modes:
        if allowed is not None and READ_ONLY not in allowed:
            raise SchemaProblem(f"it must include `{READ_ONLY}`, which takes the place of what is not allowed", path)
    _check_identities(table.get("mcp_servers", {}), ("mcp_servers",))
    for plugin_id, plugin in table.get("plugins", {}).items():
        _check_identities(plugin.get("mcp_servers", {}), ("plugins", plugin_id, "mcp_servers"))
    marketplaces = table.get("marketplaces", {})
    if marketplaces.get("restrict_to_allowed_sources") is True:
        for name, source in marketplaces.get("allowed_sources", {}).items():
            problem = source_problem(source)
            if problem is not None:
                raise SchemaProblem(problem, ("marketplaces", "allowed_sources", name))
    for name in ("required_on_models", "ignore_rules"):
        for index, model in enumerate(lookup(table, ("auto_review", name)) or ()):
            if not model or model.strip() != model or "/" in model:
                problem = f"`{model}` is no name of a model: give it without spaces around it and without a namespace"
                raise SchemaProblem(problem, ("auto_review", name, index))
    for index, rule in enumerate(lookup(table, ("rules", "prefix_rules")) or ()):
        _check_rule(rule, index)


def _check_identities(servers: Mapping[str, Mapping[str, Any]], path: toml_text.KeyPath) -> None:
    for name, server in servers.items():
        if len(server["identity"]) != 1:
            raise SchemaProblem("expected either `command` or `url`", (*path, name, "identity"))


def _check_denied(table: Mapping[str, Any], resolved: Mapping[str, Any]) -> None:
    key = ("permissions", "filesystem", "deny_read")
    for index, path in enumerate(lookup(resolved, key) or ()):
        if path == "/":
            given = cast("list[str]", lookup(table, key))[index]
            raise SchemaProblem(f"`{given}` cannot be denied: that is everything", (*key, index), key)


def _check_rule(rule: dict[str, Any], index: int) -> None:
    path = ("rules", "prefix_rules", index, "pattern")
    if not rule["pattern"]:
        raise SchemaProblem("a rule without words would hold for everything", path)
    for token in rule["pattern"]:
        if len(token) != 1 or not token.get("token", True) or token.get("any_of") == []:
            raise SchemaProblem("expected either `token` or `any_of`, not empty", path)


def _place(text: str, path: toml_text.KeyPath) -> TextRange | None:
    """Return where a value stands, or what is around it."""
    places = (toml_text.find_value(text, path[:end]) for end in range(len(path), 0, -1))
    return next((place for place in places if place is not None), None)


def _dotted(path: Sequence[str | int]) -> str:
    return ".".join(map(str, path))


def _unusable(name: str, message: str, place: TextRange | None, path: Path | None) -> ConfigLoadError:
    where = f":{place.start.line}:{place.start.column}" if place else ""
    return ConfigLoadError(
        f"failed to parse requirements layer {name}{where}: {message}", path=path, range=place, unreadable_layer=True
    )
