"""Reading and writing the configuration.

Protocol source: `config/read|value/write|batchWrite`, `configRequirements/read`, `modelProvider/default/set`, release
0.171.0.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import trio
from codex_trio_protocol.v2 import config as wire
from codex_trio_protocol.v2.config_requirements import ConfigRequirementsReadResponse
from codex_trio_protocol.v2.model_provider import ModelProviderDefaultSetParams

from codex_trio.config.errors import ConfigReadError, ConfigWriteError
from codex_trio.config.layers import ConfigLayer, to_json_value
from codex_trio.config.read import ConfigReader
from codex_trio.config.write import ConfigEdit, WriteOutcome, set_default_provider, write_config
from codex_trio.processors.services import Services
from codex_trio.rpc.context import Handler, RequestContext
from codex_trio.rpc.errors import internal_error, invalid_request
from codex_trio.util.addresses import shown_values


def handlers(services: Services) -> dict[str, Handler]:
    """Return the handlers of this module."""
    processor = ConfigProcessor(services)
    return {
        "config/read": processor.read,
        "config/value/write": processor.write_value,
        "config/batchWrite": processor.write_batch,
        "configRequirements/read": processor.requirements,
        "modelProvider/default/set": processor.set_default_provider,
    }


class ConfigProcessor:
    """Answers are plain JSON: a configuration may hold keys that no struct has."""

    def __init__(self, services: Services) -> None:
        self._config = services.config
        self._reader = ConfigReader(services.config)

    def read(self, params: wire.ConfigReadParams, _context: RequestContext) -> dict[str, Any]:
        """Return the merged configuration, where each value comes from and, on request, the layers."""
        cwd = None if params.cwd is None else Path(params.cwd)
        try:
            view = self._reader.read(cwd)
        except ConfigReadError as error:
            raise internal_error(str(error)) from error
        answer: dict[str, Any] = {
            "config": view.config,
            "origins": {
                path: {"name": origin.source.to_plain(), "version": origin.version}
                for path, origin in view.origins.items()
            },
        }
        if params.include_layers:
            answer["layers"] = [_project_layer(layer) for layer in view.layers]
        return answer

    async def write_value(self, params: wire.ConfigValueWriteParams, _context: RequestContext) -> dict[str, Any]:
        """Change one key of the user's configuration file."""
        edit = ConfigEdit(key_path=params.key_path, value=params.value, merge_strategy=params.merge_strategy)
        return await self._write([edit], params.file_path, params.expected_version)

    async def write_batch(self, params: wire.ConfigBatchWriteParams, _context: RequestContext) -> dict[str, Any]:
        """Change several keys, all or none."""
        edits = [
            ConfigEdit(key_path=edit.key_path, value=edit.value, merge_strategy=edit.merge_strategy)
            for edit in params.edits
        ]
        return await self._write(edits, params.file_path, params.expected_version)

    async def set_default_provider(
        self, params: ModelProviderDefaultSetParams, _context: RequestContext
    ) -> dict[str, Any]:
        """Choose the provider of new threads, in the user's configuration file."""
        return await self._written(partial(set_default_provider, self._config, params.provider_id))

    def requirements(self, _params: None, _context: RequestContext) -> ConfigRequirementsReadResponse:
        """No administrator's requirements are read by this server, so there are none."""
        return ConfigRequirementsReadResponse()

    async def _write(
        self, edits: Sequence[ConfigEdit], file_path: str | None, expected_version: str | None
    ) -> dict[str, Any]:
        return await self._written(
            partial(write_config, self._config, edits, file_path=file_path, expected_version=expected_version)
        )

    async def _written(self, write: Callable[[], WriteOutcome]) -> dict[str, Any]:
        try:
            outcome = await trio.to_thread.run_sync(write)
        except ConfigWriteError as error:
            raise invalid_request(error.message, {"config_write_error_code": error.code}) from error
        overridden = outcome.overridden
        return {
            "status": outcome.status,
            "version": outcome.version,
            "filePath": str(outcome.file_path),
            "overriddenMetadata": None
            if overridden is None
            else {
                "message": overridden.message,
                "overridingLayer": {
                    "name": overridden.layer.source.to_plain(),
                    "version": overridden.layer.version,
                },
                "effectiveValue": overridden.effective_value,
            },
        }


def _project_layer(layer: ConfigLayer) -> dict[str, Any]:
    projected: dict[str, Any] = {
        "name": layer.source.to_plain(),
        "version": layer.version,
        "config": shown_values(to_json_value(layer.table)),
    }
    if layer.disabled_reason is not None:
        projected["disabledReason"] = layer.disabled_reason
    return projected
