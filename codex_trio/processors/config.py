"""Reading and writing the configuration.

Protocol source: `config/read|value/write|batchWrite`, `configRequirements/read`, release 0.171.0.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import Any

from codex_trio_protocol.v2 import config as wire
from codex_trio_protocol.v2.config_requirements import ConfigRequirementsReadResponse

from codex_trio.config.errors import ConfigLoadError, ConfigReadError, ConfigWarning
from codex_trio.config.layers import ConfigLayer, to_json_value
from codex_trio.config.read import ConfigReader
from codex_trio.config.write import ConfigEdit, write_config
from codex_trio.processors.config_writes import written, written_to_wire
from codex_trio.processors.notices import Notices
from codex_trio.processors.services import Services
from codex_trio.rpc.context import Handler, RequestContext
from codex_trio.rpc.errors import internal_error
from codex_trio.util.abandonable import abandonable
from codex_trio.util.addresses import shown_values
from codex_trio.wire.requirements import requirements_to_wire

_SECONDS = 10.0
"""How long a folder that a client names may take to be read: a dead mount never answers."""


def handlers(services: Services) -> dict[str, Handler]:
    """Return the handlers of this module."""
    processor = ConfigProcessor(services)
    return {
        "config/read": processor.read,
        "config/value/write": processor.write_value,
        "config/batchWrite": processor.write_batch,
        "configRequirements/read": processor.requirements,
    }


class ConfigProcessor:
    """Answers are plain JSON: a configuration may hold keys that no struct has."""

    def __init__(self, services: Services) -> None:
        self._config = services.config
        self._notices = Notices(services.outgoing)
        self._reader = ConfigReader(services.config)

    async def read(self, params: wire.ConfigReadParams, _context: RequestContext) -> dict[str, Any]:
        """Return the merged configuration, where each value comes from and, on request, the layers."""
        cwd = None if params.cwd is None else Path(params.cwd)
        try:
            await self._config.ask_loader(None if cwd is None else self._config.resolve_cwd(cwd))
        except ConfigLoadError as error:
            raise internal_error(f"failed to read configuration layers: {error.message}") from error
        try:
            view = self._reader.read(None) if cwd is None else await abandonable(_SECONDS, self._reader.read, cwd)
        except ConfigReadError as error:
            raise internal_error(str(error)) from error
        except TimeoutError as error:
            raise internal_error(f"failed to read configuration layers: the folder `{cwd}` {error.strerror}") from error
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

    async def write_value(self, params: wire.ConfigValueWriteParams, context: RequestContext) -> dict[str, Any]:
        """Change one key of the user's configuration file."""
        edit = ConfigEdit(key_path=params.key_path, value=params.value, merge_strategy=params.merge_strategy)
        return await self._write([edit], params.file_path, params.expected_version, context)

    async def write_batch(self, params: wire.ConfigBatchWriteParams, context: RequestContext) -> dict[str, Any]:
        """Change several keys, all or none, and have loaded threads follow where that is asked for."""
        edits = [
            ConfigEdit(key_path=edit.key_path, value=edit.value, merge_strategy=edit.merge_strategy)
            for edit in params.edits
        ]
        answer = await self._write(edits, params.file_path, params.expected_version, context)
        if params.reload_user_config:
            for problem in await self._config.reload():
                summary = f"Some loaded threads go on with what they had: {problem}"
                self._notices.config_warning(ConfigWarning(summary=summary), context)
        return answer

    def requirements(self, _params: None, _context: RequestContext) -> ConfigRequirementsReadResponse:
        """Return what administrators require, whether or not this server can see to it."""
        try:
            required = self._config.requirements()
        except ConfigLoadError as error:
            raise internal_error(f"failed to read configuration layers: {error.message}") from error
        return requirements_to_wire(required)

    async def _write(
        self, edits: Sequence[ConfigEdit], file_path: str | None, expected_version: str | None, context: RequestContext
    ) -> dict[str, Any]:
        later = ExitStack()
        write = partial(
            write_config,
            self._config,
            edits,
            file_path=file_path,
            expected_version=expected_version,
            later=later,
        )
        outcome = await written(write, rest=later.close)
        if outcome.without_effect is not None:
            self._notices.config_warning(ConfigWarning(summary=outcome.without_effect), context)
        return written_to_wire(outcome)


def _project_layer(layer: ConfigLayer) -> dict[str, Any]:
    projected: dict[str, Any] = {
        "name": layer.source.to_plain(),
        "version": layer.version,
        "config": shown_values(to_json_value(layer.table)),
    }
    if layer.disabled_reason is not None:
        projected["disabledReason"] = layer.disabled_reason
    return projected
