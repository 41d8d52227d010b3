"""What a plugin says of itself: its `plugin.json`, or what a marketplace says in place of one.

Owns reading it, and which of its values count. Does not own the parts that it names (`parts`).
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, cast

import msgspec

from codex_trio.extensions.plugins.inside import named_path
from codex_trio.extensions.plugins.names import PluginRefused
from codex_trio.util import decoding
from codex_trio.util.loose_json import table_of
from codex_trio.util.regular_file import read_whole

FOLDERS = (".codex-plugin", ".claude-plugin")
"""Where `plugin.json` lies, and in which order it is looked for."""

MAX_FILE_BYTES = 1 << 20

_MAX_PROMPTS = 3
_MAX_PROMPT = 128

_OF_MARKETPLACE = frozenset({"source", "policy", "products"})
"""What an entry of a marketplace says that is not the plugin's."""

_SAYS_WHAT_IT_IS = frozenset(
    ("version", "description", "keywords", "skills", "mcpServers", "hooks", "apps", "commands", "agents", "strict")
) | {"author", "homepage", "interface"}
"""With one of these an entry of a marketplace does without a `plugin.json`."""


class Interface(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """How a plugin likes to be shown. Pictures are paths in it."""

    display_name: str | None = None
    short_description: str | None = None
    long_description: str | None = None
    developer_name: str | None = None
    category: str | None = None
    capabilities: tuple[str, ...] = ()
    website_url: str | None = None
    privacy_policy_url: str | None = None
    terms_of_service_url: str | None = None
    default_prompt: Any = None
    brand_color: str | None = None
    composer_icon: str | None = None
    logo: str | None = None
    logo_dark: str | None = None
    screenshots: tuple[str, ...] = ()

    @property
    def prompts(self) -> list[str] | None:
        """The prompts that it proposes: the first few that are short enough."""
        given = self.default_prompt
        prompts = [given] if isinstance(given, str) else cast("list[Any]", given) if isinstance(given, list) else []
        fitting = [prompt for prompt in prompts if isinstance(prompt, str) and 0 < len(prompt) <= _MAX_PROMPT]
        return fitting[:_MAX_PROMPTS] or None


class _Table(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    name: str | None = None
    version: Any = None
    description: str | None = None
    keywords: tuple[str, ...] = ()
    skills: str | tuple[str, ...] | None = None
    mcp_servers: str | dict[str, Any] | None = None
    apps: Any = None
    hooks: Any = None
    commands: Any = None
    interface: dict[str, Any] | None = None


class Manifest(msgspec.Struct, frozen=True, kw_only=True):
    """A manifest that can be used. Parts are as they were written; None where it does not say."""

    name: str | None
    version: str | None
    version_problem: str | None
    """Why what it says of its version cannot be used, so that it cannot be installed."""
    description: str | None
    keywords: tuple[str, ...]
    skills: tuple[str, ...] | None
    mcp_servers: str | Mapping[str, Any] | None
    apps: Any
    hooks: Any
    commands: Any
    interface: Interface | None


def read_manifest(root: Path) -> Manifest | None:
    """Return the manifest of a plugin's folder; None where there is none.

    Raises PluginRefused for one that cannot be used.
    """
    for folder in FOLDERS:
        try:
            text = read_whole(root / folder / "plugin.json", limit=MAX_FILE_BYTES)
        except (FileNotFoundError, NotADirectoryError):
            continue
        except OSError as error:
            raise PluginRefused(f"failed to read plugin.json: {error.strerror}") from error
        try:
            document = msgspec.json.decode(text)
        except (msgspec.DecodeError, RecursionError, UnicodeDecodeError) as error:
            raise PluginRefused(f"failed to parse plugin.json: {error}") from error
        return manifest_of(document)
    return None


def manifest_for(name: str, entry: Mapping[str, Any], root: Path) -> tuple[Manifest, Mapping[str, Any] | None] | None:
    """Return the manifest of a plugin that a marketplace's entry names.

    The second is what the entry says in place of a file, where that holds. None where there is none at all. Raises
    PluginRefused.
    """
    manifest = read_manifest(root)
    if manifest is not None:
        return manifest, None
    document = _document_of_entry(name, entry)
    return None if document is None else (manifest_of(document), document)


def manifest_of(document: Any) -> Manifest:
    """Return a manifest that was decoded. Raises PluginRefused for one that cannot be used."""
    try:
        given = decoding.convert(document, _Table)
        interface = None if given.interface is None else _interface(given.interface)
    except msgspec.ValidationError as error:
        raise PluginRefused(f"missing or invalid plugin.json: {error}") from error
    return Manifest(
        name=given.name,
        version=given.version.strip() or None if isinstance(given.version, str) else None,
        version_problem=_version_problem(given.version),
        description=given.description,
        keywords=given.keywords,
        skills=(given.skills,) if isinstance(given.skills, str) else given.skills,
        mcp_servers=given.mcp_servers,
        apps=given.apps,
        hooks=given.hooks,
        commands=given.commands,
        interface=interface,
    )


def _document_of_entry(name: str, entry: Mapping[str, Any]) -> dict[str, Any] | None:
    """Return the manifest that a marketplace's entry stands in for; None where it says nothing of the plugin."""
    if not _SAYS_WHAT_IT_IS & entry.keys():
        return None
    document = {key: value for key, value in entry.items() if key not in _OF_MARKETPLACE} | {"name": name}
    shown = {
        "developerName": table_of(entry.get("author")).get("name"),
        "websiteUrl": entry.get("homepage"),
        "category": entry.get("category"),
    }
    interface = {key: value for key, value in shown.items() if isinstance(value, str)} | table_of(
        entry.get("interface")
    )
    return {**document, "interface": interface} if interface else document


def shown_path(root: Path, text: str | None) -> str | None:
    """Return the absolute path of a picture; None for one that is not named as a path in the plugin."""
    path = named_path(root, text)
    return None if path is None else str(path)


def _version_problem(given: Any) -> str | None:
    if given is None or (isinstance(given, str) and given.strip()):
        return None
    return (
        f"invalid plugin version in plugin.json: {'must not be blank' if isinstance(given, str) else 'expected string'}"
    )


def _interface(given: dict[str, Any]) -> Interface:
    website = given.get("websiteUrl", given.get("websiteURL"))
    return decoding.convert({**given, "websiteUrl": website}, Interface)
