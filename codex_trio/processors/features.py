"""What can be chosen in a configuration: feature switches and permission profiles.

Protocol source: `experimentalFeature/list|enablement/set`, `permissionProfile/list`, release 0.171.0.
"""

from __future__ import annotations

from pathlib import Path

from codex_trio_protocol.v2 import features as wire
from codex_trio_protocol.v2 import permissions

from codex_trio.config import features
from codex_trio.config.errors import ConfigLoadError, ConfigWarning
from codex_trio.config.permission_profiles import profiles
from codex_trio.config.settings import EffectiveConfig
from codex_trio.processors.notices import Notices
from codex_trio.processors.offset_pages import page_of
from codex_trio.processors.services import Services
from codex_trio.processors.thread.ids import parse_thread_id
from codex_trio.rpc.context import Handler, RequestContext
from codex_trio.rpc.errors import internal_error, invalid_request


def handlers(services: Services) -> dict[str, Handler]:
    """Return the handlers of this module."""
    processor = FeaturesProcessor(services)
    return {
        "experimentalFeature/list": processor.list,
        "experimentalFeature/enablement/set": processor.choose,
        "permissionProfile/list": processor.profiles,
    }


class FeaturesProcessor:
    def __init__(self, services: Services) -> None:
        self._config = services.config
        self._notices = Notices(services.outgoing)
        self._loaded = services.threads.loaded

    def list(
        self, params: wire.ExperimentalFeatureListParams, _context: RequestContext
    ) -> wire.ExperimentalFeatureListResponse:
        """Return a page of the switches and whether this server does what they stand for."""
        config = self._load() if params.thread_id is None else self._of_thread(params.thread_id)
        found, next_cursor = page_of(
            list(features.KNOWN.values()), cursor=params.cursor, limit=params.limit, named="feature flags"
        )
        return wire.ExperimentalFeatureListResponse(
            data=[_to_wire(feature, config) for feature in found], next_cursor=next_cursor
        )

    def choose(
        self, params: wire.ExperimentalFeatureEnablementSetParams, context: RequestContext
    ) -> wire.ExperimentalFeatureEnablementSetResponse:
        """Set switches until the server ends; those that no client may set are not in the answer."""
        taken = self._config.choose_features(params.enablement)
        if without := list(features.without_effect(taken)):
            names = ", ".join(f"`{name}`" for name in without)
            self._notices.config_warning(
                ConfigWarning(summary=f"These features are not supported yet and have no effect: {names}."), context
            )
        if left_out := list(features.not_taken(params.enablement)):
            summary = "\n  ".join(("These features were left as they are:", *left_out))
            self._notices.config_warning(ConfigWarning(summary=summary), context)
        return wire.ExperimentalFeatureEnablementSetResponse(enablement=taken)

    async def profiles(
        self, params: permissions.PermissionProfileListParams, _context: RequestContext
    ) -> permissions.PermissionProfileListResponse:
        """Return a page of the permission profiles; those that this server cannot apply are not allowed."""
        config = self._load() if params.cwd is None else await self._load_for(Path(params.cwd))
        found, next_cursor = page_of(
            profiles(config.stack.merged, config.requirements, home=self._config.paths.home),
            cursor=params.cursor,
            limit=params.limit,
            named="permission profiles",
        )
        return permissions.PermissionProfileListResponse(
            data=[
                permissions.PermissionProfileSummary(
                    id=profile.name, description=profile.description, allowed=profile.allowed
                )
                for profile in found
            ],
            next_cursor=next_cursor,
        )

    def _load(self) -> EffectiveConfig:
        try:
            return self._config.load()
        except ConfigLoadError as error:
            raise internal_error(f"failed to load configuration: {error.message}") from error

    async def _load_for(self, cwd: Path) -> EffectiveConfig:
        try:
            return await self._config.current(cwd)
        except ConfigLoadError as error:
            raise internal_error(f"failed to load configuration: {error.message}") from error
        except TimeoutError as error:
            raise internal_error(f"failed to load configuration: the folder `{cwd}` {error.strerror}") from error

    def _of_thread(self, thread_id: str) -> EffectiveConfig:
        live = self._loaded.find(parse_thread_id(thread_id))
        if live is None:
            raise invalid_request(f"thread not found: {thread_id}")
        return live.config


def _to_wire(feature: features.Feature, config: EffectiveConfig) -> wire.ExperimentalFeature:
    texts = feature.texts
    return wire.ExperimentalFeature(
        name=feature.name,
        stage=feature.stage,
        display_name=None if texts is None else texts.title,
        description=None if texts is None else texts.description,
        announcement=None if texts is None else texts.announcement,
        enabled=feature.is_on(enabled=config.features[feature.name]),
        default_enabled=feature.is_on(enabled=feature.default_enabled),
    )
