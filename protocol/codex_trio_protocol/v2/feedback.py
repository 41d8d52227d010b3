"""Reports to the makers."""

from codex_trio_protocol.base import AnyPath, Params, Wire
from codex_trio_protocol.v2.common import LegacyAppPathString


class FeedbackSaveParams(Params):
    """Put a report into a new ZIP file.

    Errors: -32600 for a relative path and an existing file.
    """

    save_path: LegacyAppPathString
    classification: str
    reason: str | None = None
    thread_id: str | None = None
    include_logs: bool = False
    extra_log_files: list[AnyPath] | None = None
    tags: dict[str, str] | None = None


class FeedbackUploadParams(Params):
    """Send a report. Null says nothing about it.

    Errors: -32600 when reports are switched off; -32603 when it cannot be sent.
    """

    classification: str
    reason: str | None = None
    thread_id: str | None = None
    include_logs: bool = False
    extra_log_files: list[AnyPath] | None = None
    tags: dict[str, str] | None = None


class FeedbackSaveResponse(Wire):
    """Where the report is. The digest of the instructions is null when unknown."""

    saved_path: LegacyAppPathString
    thread_id: str
    prompt_hash: str | None = None


class FeedbackUploadResponse(Wire):
    """The thread that the report is filed under. The digest of the instructions is null when unknown."""

    thread_id: str
    prompt_hash: str | None = None
