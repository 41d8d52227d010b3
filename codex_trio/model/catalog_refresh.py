"""The catalog of a provider's own endpoint: asked for in the background, and kept on disk until the next start.

Owns: the request with its ETag, the file, taking over what came, and when there may be something newer. Does not own
the one at the start (`server.startup_tasks`), what entries mean (`catalog_entries`), or the models (`catalog`).
"""

from __future__ import annotations

import base64
import logging
import math
from collections.abc import Awaitable, Callable, Mapping
from functools import partial
from pathlib import Path
from urllib.parse import urlsplit

import msgspec
import trio

from codex_trio.config.model_catalog import MAX_CATALOG_BYTES, CatalogError, decode_catalog, ignored_keys
from codex_trio.config.providers import ModelProviderConfig
from codex_trio.model.catalog import ModelCatalog, ModelInfo
from codex_trio.model.catalog_entries import facts_of
from codex_trio.model.endpoint import resolve
from codex_trio.model.errors import ModelError
from codex_trio.model.http import HttpTransport
from codex_trio.model.http_failures import HttpFailure
from codex_trio.util import decoding
from codex_trio.util.addresses import is_web_address, shown_address
from codex_trio.util.regular_file import read_whole
from codex_trio.util.replacing import replace_file
from codex_trio.version import PROTOCOL_RELEASE

_log = logging.getLogger(__name__)

CACHE_NAME = "model_catalog_cache.json"

PATIENCE_SECONDS = 30.0
"""How long the endpoint may take for the whole catalog. Nobody waits for it."""

FRESH_SECONDS = 300.0
"""How long models that came from an endpoint are not looked for anew, unless the provider names a newer version."""

_OK, _NOT_MODIFIED = 200, 304
_MAX_ETAG = 1024


class CachedCatalog(msgspec.Struct, frozen=True, kw_only=True):
    """What an endpoint said last: base64 of its text, which may be anything."""

    url: str
    etag: str | None
    text: str


class CatalogRefresh:
    """Brings a catalog up to date with the endpoint of a provider that has a `model_catalog_url`.

    `tell` is given, once, what nobody reads of it.
    """

    def __init__(
        self, catalog: ModelCatalog, provider: ModelProviderConfig, *, codex_home: Path, tell: Callable[[str], None]
    ) -> None:
        self._catalog = catalog
        self._provider = provider
        self._cache = codex_home / CACHE_NAME
        self._etag: str | None = None
        self._tell = tell
        self._ignored: str | None = None
        """What is to be told of the catalog that holds now."""
        self._told: str | None = None
        self._is_due = trio.Event()
        self._asked_at = -math.inf
        self._named: str | None = None
        catalog.source = self

    @property
    def url(self) -> str | None:
        """See `CatalogSource`."""
        return self._provider.model_catalog_url

    def looked_at(self) -> None:
        """See `CatalogSource`."""
        if trio.current_time() - self._asked_at > FRESH_SECONDS:
            self._is_due.set()

    def named(self, version: str) -> None:
        """See `CatalogSource`. A version that the endpoint does not know is asked for once."""
        named = _plain(version)
        if named != self._named and named != _plain(self._etag or ""):
            self._is_due.set()
        self._named = named

    async def run(self, ask: Callable[[], Awaitable[object]]) -> None:
        """Call `ask`, which ends with `refresh`, whenever there may be newer models. Runs until cancelled."""
        while True:
            await self._is_due.wait()
            self._is_due = trio.Event()
            self._asked_at = trio.current_time()
            try:
                await ask()
            except Exception as error:
                # Turns meet the same problem, and tell of it.
                self._complain(str(error))

    def recall(self) -> None:
        """Take over what the same endpoint said last, if that is still known."""
        try:
            text = read_whole(self._cache, limit=2 * MAX_CATALOG_BYTES)
            cached = decoding.json_decoder(CachedCatalog).decode(text)
            if cached.url == self._provider.model_catalog_url:
                self._take(*self._read(base64.b64decode(cached.text)))
                self._etag = _usable(cached.etag)
        except FileNotFoundError:
            pass
        except (OSError, ValueError, CatalogError) as error:
            _log.warning("the models of %s are not known from before, by %s: %s", self._provider.id, self._cache, error)

    def tell_ignored(self) -> None:
        """Tell of keys that change nothing in the catalog that holds now, unless that was told."""
        if self._ignored is not None and self._ignored != self._told:
            self._told = self._ignored
            self._tell(self._ignored)

    async def refresh(
        self,
        transport: HttpTransport,
        *,
        api_key: str | None,
        environ: Mapping[str, str],
        headers: Mapping[str, str],
        patience: float = PATIENCE_SECONDS,
    ) -> None:
        """Ask the endpoint whether it has a newer catalog, and use that from now on. What goes wrong is logged."""
        self._asked_at = trio.current_time()
        try:
            with trio.fail_after(patience):
                await self._refresh(transport, api_key, environ, headers)
        except trio.TooSlowError:
            self._complain(f"no answer within {patience:g} s")
        except (HttpFailure, ModelError, CatalogError, OSError) as error:
            self._complain(str(error))

    async def _refresh(
        self, transport: HttpTransport, api_key: str | None, environ: Mapping[str, str], headers: Mapping[str, str]
    ) -> None:
        url = self._provider.model_catalog_url or ""
        if not is_web_address(url):
            raise ModelError(f"model_providers.{self._provider.id}.model_catalog_url is no address of the web")
        sent = {**headers, "accept": "application/json"}
        sent |= resolve(self._provider, api_key=api_key, environ=environ).headers
        if self._etag is not None:
            sent["if-none-match"] = self._etag
        query = f"client_version={PROTOCOL_RELEASE}"
        response = await transport.get(
            f"{url}{'&' if urlsplit(url).query else '?'}{query}", headers=sent, idle_timeout=PATIENCE_SECONDS
        )
        try:
            if response.status == _NOT_MODIFIED:
                return
            if response.status != _OK:
                raise CatalogError(f"HTTP status {response.status}")
            body = bytearray()
            while (part := await response.receive()) is not None:
                body += part
                if len(body) > MAX_CATALOG_BYTES:
                    raise CatalogError(f"larger than {MAX_CATALOG_BYTES >> 20} MB")
            etag = _usable(response.headers.get("etag"))
        finally:
            await response.aclose(drain=True)
        text = bytes(body)
        self._take(*await trio.to_thread.run_sync(self._read, text))
        self.tell_ignored()
        self._etag = etag
        try:
            await trio.to_thread.run_sync(partial(self._keep, url, etag, text))
        except OSError as error:
            _log.warning("the models of %s are up to date, but will not be known later: %s", self._provider.id, error)

    def _read(self, text: bytes) -> tuple[tuple[ModelInfo, ...], str | None]:
        """Return the models of a catalog, and what is to be told of it. Raises `CatalogError`."""
        models = facts_of(decode_catalog(text))
        if not models:
            raise CatalogError("it has no models")
        # What follows the question mark may let somebody in.
        shown = shown_address(self._provider.model_catalog_url or "").partition("?")[0]
        return models, ignored_keys(text, f"The catalog at {shown}")

    def _take(self, models: tuple[ModelInfo, ...], ignored: str | None) -> None:
        self._catalog.replace(models)
        self._ignored = ignored

    def _keep(self, url: str, etag: str | None, text: bytes) -> None:
        cached = CachedCatalog(url=url, etag=etag, text=base64.b64encode(text).decode())
        replace_file(self._cache, msgspec.json.encode(cached))

    def _complain(self, problem: str) -> None:
        shown = shown_address(self._provider.model_catalog_url or "")
        _log.warning("the models of %s could not be brought up to date from %s: %s", self._provider.id, shown, problem)


def _usable(etag: str | None) -> str | None:
    """Return an ETag that can be sent back."""
    return etag if etag is not None and etag.isascii() and etag.isprintable() and len(etag) <= _MAX_ETAG else None


def _plain(etag: str) -> str:
    """Return an ETag without what says that it is one."""
    return etag.removeprefix("W/").strip('"')
