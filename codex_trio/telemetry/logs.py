"""Log lines on stderr.

Owns: which records are shown, their text or JSON form, keeping secrets out of them, and never making the server wait
for a reader of stderr. Does not own: what is logged; modules use `logging.getLogger(__name__)`.

`RUST_LOG` chooses records as editors and hosts are used to: `warn`, or `error,codex_trio.rpc=debug`.
`LOG_FORMAT=json` gives one JSON object a line.
"""

import atexit
import contextlib
import datetime
import json
import logging
import queue
import re
import threading
from collections.abc import Callable, Mapping
from typing import Any, TextIO

DEFAULT_LEVEL = logging.WARNING
MAX_WAITING_LINES = 2000
FLUSH_SECONDS = 1.0

_log = logging.getLogger(__name__)

_ROOT_TARGETS = ("", "codex_trio")
_OFF = logging.CRITICAL + 10
_LEVELS = {
    "trace": logging.DEBUG,
    "debug": logging.DEBUG,
    "info": logging.INFO,
    "warn": logging.WARNING,
    "warning": logging.WARNING,
    "error": logging.ERROR,
    "off": _OFF,
}
_LEVEL_NAMES = {
    logging.DEBUG: "DEBUG",
    logging.INFO: "INFO",
    logging.WARNING: "WARN",
    logging.ERROR: "ERROR",
    logging.CRITICAL: "ERROR",
}

_HIDDEN = "[hidden]"
_SECRETS = (
    (r"(?i)\b(bearer|basic)\s+[A-Za-z0-9._~+/=-]{6,}", rf"\1 {_HIDDEN}"),
    (r"\bsk-[A-Za-z0-9_-]{6,}", _HIDDEN),
    (r"(?i)(://[^/\s:@]+:)[^/\s@]+@", rf"\1{_HIDDEN}@"),
    (
        r"""(?ix) ( (?: api[_-]?key | token | secret | password | authorization ) ["']? \s* [:=] \s* ["']? )
        (?!\[hidden\]|bearer\b|basic\b) [^\s"',;&}]{4,}""",
        rf"\1{_HIDDEN}",
    ),
)
"""Each takes time in proportion to the text, whatever is in it: clients choose much of what is logged.

They and those below are compiled when the first line is written: nearly every start writes none.
"""

_WEB_TOKEN = r"\beyJ[A-Za-z0-9_-]++(?P<rest>\.[A-Za-z0-9_-]++\.[A-Za-z0-9_-]*+)?"
"""Also takes what only begins like one, so that nothing is looked at twice."""

MAX_TEXT = 8 * 1024
"""Characters of a message that are shown, and of a line of a traceback."""

_MAX_TRACEBACK_LINES = 200

_WORD_END = r"""[\s"',;(){}<>][^\s"',;(){}<>]{0,1000}\Z"""


def configure(environ: Mapping[str, str], stream: TextIO) -> Callable[[], None]:
    """Send log records to `stream` from now on; returns what ends that, with the lines written that were waiting."""
    default, targets = parse_filter(environ.get("RUST_LOG", ""))
    formatter = JsonFormatter() if environ.get("LOG_FORMAT", "").lower() == "json" else TextFormatter()
    handler = BackgroundHandler(stream)
    handler.setFormatter(formatter)
    root = logging.getLogger()
    before = {"": root.level, **{name: logging.getLogger(name).level for name in targets}}
    root.addHandler(handler)
    root.setLevel(default)
    for name, level in targets.items():
        logging.getLogger(name).setLevel(level)

    def end() -> None:
        root.removeHandler(handler)
        for name, level in before.items():
            logging.getLogger(name).setLevel(level)
        handler.close()
        atexit.unregister(end)

    atexit.register(end)
    for problem in _problems(environ):
        _log.warning("%s", problem)
    return end


def _problems(environ: Mapping[str, str]) -> list[str]:
    """Return what of the variables is left out because it makes no sense."""
    directives = [directive.strip() for directive in environ.get("RUST_LOG", "").split(",")]
    unknown = [text for text in directives if text and text.rpartition("=")[2].strip().lower() not in _LEVELS]
    problems = [
        f"`{text}` in RUST_LOG has no effect: write LEVEL or LOGGER=LEVEL, with {', '.join(_LEVELS)}"
        for text in unknown
    ]
    if environ.get("LOG_FORMAT", "").lower() not in ("", "json", "text"):
        problems.append(f"LOG_FORMAT={environ['LOG_FORMAT']} has no effect: write `json` or `text`")
    return problems


def parse_filter(text: str) -> tuple[int, dict[str, int]]:
    """`RUST_LOG` as the level for everything and the levels of single loggers. What makes no sense is left out."""
    default = DEFAULT_LEVEL
    targets: dict[str, int] = {}
    for directive in text.split(","):
        name, equals, level_name = directive.strip().rpartition("=")
        level = _LEVELS.get(level_name.strip().lower())
        name = name.strip().replace("::", ".")
        if level is None:
            continue
        if not equals or name in _ROOT_TARGETS:
            default = level
        else:
            targets[name] = level
    return default, targets


def hide_secrets(text: str) -> str:
    """Return the text without what looks like a key, token or password."""
    for pattern, replacement in _SECRETS:
        text = re.sub(pattern, replacement, text)
    return re.sub(_WEB_TOKEN, lambda found: _HIDDEN if found["rest"] else found[0], text)


class TextFormatter(logging.Formatter):
    """`2026-11-22T08:40:16.123456Z  WARN codex_trio.rpc: message`, a traceback below."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the record as text."""
        level = _LEVEL_NAMES.get(record.levelno, record.levelname)
        return hide_secrets(f"{_timestamp(record)} {level:>5} {record.name}: {_message(self, record)}")


class JsonFormatter(logging.Formatter):
    """One JSON object: `timestamp`, `level`, `fields.message`, `target`."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the record as JSON."""
        fields: dict[str, Any] = {"message": hide_secrets(_message(self, record))}
        level = _LEVEL_NAMES.get(record.levelno, record.levelname)
        line = {"timestamp": _timestamp(record), "level": level, "fields": fields, "target": record.name}
        return json.dumps(line, ensure_ascii=False)


class BackgroundHandler(logging.Handler):
    """Writes lines from a thread of its own, started by the first.

    A stream that nobody reads fills up and blocks its writer; that must not be the server. Lines beyond
    `MAX_WAITING_LINES` are dropped and counted.
    """

    def __init__(self, stream: TextIO) -> None:
        super().__init__()
        self._stream = stream
        self._lines: queue.Queue[str | None] = queue.Queue(MAX_WAITING_LINES)
        self._dropped = 0
        self._thread: threading.Thread | None = None

    def emit(self, record: logging.LogRecord) -> None:
        """Hand the record's line to the thread."""
        try:
            line = self.format(record)
        except Exception:
            self.handleError(record)
            return
        if self._thread is None:
            self._thread = threading.Thread(target=self._write_lines, name="log writer", daemon=True)
            self._thread.start()
        try:
            self._lines.put_nowait(line)
        except queue.Full:
            self._dropped += 1

    def close(self) -> None:
        """Write what is waiting, for at most `FLUSH_SECONDS`."""
        if self._thread is not None and self._thread.is_alive():
            with contextlib.suppress(queue.Full):
                self._lines.put(None, timeout=FLUSH_SECONDS)
                self._thread.join(FLUSH_SECONDS)
        self._thread = None
        super().close()

    def _write_lines(self) -> None:
        while (line := self._lines.get()) is not None:
            dropped, self._dropped = self._dropped, 0
            note = f"{dropped} log lines were dropped\n" if dropped else ""
            try:
                self._stream.write(f"{note}{line}\n")
                self._stream.flush()
            except (OSError, ValueError):
                return  # nobody reads any more


def _message(formatter: logging.Formatter, record: logging.LogRecord) -> str:
    text = _shortened(record.getMessage())
    if record.exc_info:
        text = f"{text}\n{_shortened_traceback(formatter.formatException(record.exc_info))}"
    return text


def _shortened(text: str) -> str:
    """Return the beginning of a long text, up to the end of a word: half a secret would not be known for one."""
    if len(text) <= MAX_TEXT:
        return text
    shown = text[:MAX_TEXT]
    last_word = re.compile(_WORD_END).search(shown, MAX_TEXT - 1002)
    if last_word is not None:
        shown = shown[: last_word.start() + 1]
    return f"{shown}... ({len(text) - len(shown)} more characters)"


def _shortened_traceback(text: str) -> str:
    lines = [_shortened(line) for line in text.split("\n")]
    dropped = len(lines) - _MAX_TRACEBACK_LINES
    if dropped > 0:
        half = _MAX_TRACEBACK_LINES // 2
        lines[half:-half] = [f"... ({dropped} more lines)"]
    return "\n".join(lines)


def _timestamp(record: logging.LogRecord) -> str:
    moment = datetime.datetime.fromtimestamp(record.created, tz=datetime.UTC)
    return moment.isoformat(timespec="microseconds").replace("+00:00", "Z")
