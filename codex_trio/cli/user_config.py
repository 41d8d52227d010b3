"""The configuration that a subcommand works with, where no server runs.

Owns making it from the command line. Does not own settings (`config.service`), or how the file is written
(`config.write`).
"""

from __future__ import annotations

import argparse
from collections.abc import Mapping

from codex_trio.cli.options import UsageError, config_overrides
from codex_trio.cli.surroundings import codex_home, current_folder
from codex_trio.config.errors import ConfigLoadError
from codex_trio.config.service import ConfigService
from codex_trio.config.settings import EffectiveConfig


def config_service(options: argparse.Namespace, environ: Mapping[str, str]) -> ConfigService:
    """Return what reads and writes the user's configuration. Raises UsageError."""
    return ConfigService(
        codex_home(environ),
        environ=environ,
        cli_overrides=config_overrides(options),
        cwd=current_folder(),
        system_dir=options.system_dir,
    )


def loaded(config: ConfigService) -> EffectiveConfig:
    """Return what holds in the working folder. Raises UsageError."""
    try:
        return config.load()
    except ConfigLoadError as error:
        raise UsageError(error.message) from error
