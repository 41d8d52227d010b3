"""What can be wrong with the configuration, and how it is told.

Owns: the error and warning values of configuration loading and writing. Does not own: detecting the problems (`load`,
`schema`, `toml_text`) or sending them to a client.
"""

from pathlib import Path

import msgspec


class TextPosition(msgspec.Struct, frozen=True):
    """A character in a text; both numbers start at 1."""

    line: int
    column: int


class TextRange(msgspec.Struct, frozen=True):
    """A stretch of text; `end` is the last character that belongs to it. Protocol source: `TextRange`."""

    start: TextPosition
    end: TextPosition


class ConfigWarning(msgspec.Struct, frozen=True, kw_only=True):
    """Something the user should know about the configuration. Protocol source: `ConfigWarningNotification`.

    `path` and `range` are only set when the problem has a place in a file; a client is then sent both.
    """

    summary: str
    details: str | None = None
    path: Path | None = None
    range: TextRange | None = None


class ConfigLoadError(Exception):
    """The configuration cannot be used; the message says why and, when known, starts with `path:line:column:`.

    A request that needed it answers `failed to load configuration: <message>`. `layer` tells that a layer could not
    be read at all, as opposed to holding a value of the wrong kind; `merged_message` is the text for a reader of the
    merged configuration, which has no place in a file.
    """

    def __init__(
        self,
        message: str,
        *,
        path: Path | None = None,
        range: TextRange | None = None,
        merged_message: str | None = None,
        unreadable_layer: bool = False,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.path = path
        self.range = range
        self.merged_message = message if merged_message is None else merged_message
        self.unreadable_layer = unreadable_layer


class StartupRefused(Exception):
    """The configuration forbids starting: the command line prints `Error: <message>` and exits with 1."""

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message


class UnsupportedPolicy(ConfigLoadError):
    """A setting that was withdrawn; a server does not start with it, unlike with other broken settings."""


class ConfigReadError(Exception):
    """`config/read` cannot answer; the message is complete (an internal error on the wire)."""

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message


class ConfigWriteError(Exception):
    """A write was refused and nothing was written.

    `code` goes to the client as `data.config_write_error_code`: `configValidationError`, `configVersionConflict` or
    `configLayerReadonly`.
    """

    def __init__(self, message: str, *, code: str) -> None:
        super().__init__(message)
        self.message = message
        self.code = code
