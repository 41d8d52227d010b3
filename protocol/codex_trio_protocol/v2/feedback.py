"""TODO module feedback"""

from codex_trio_protocol.base import Params, Wire
from codex_trio_protocol.v2.common import LegacyAppPathString


class FeedbackSaveParams(Params):
    """TODO FeedbackSaveParams"""

    save_path: LegacyAppPathString
    classification: str
    reason: str | None = None
    thread_id: str | None = None
    include_logs: bool = False
    extra_log_files: list[str] | None = None
    tags: dict[str, str] | None = None


class FeedbackUploadParams(Params):
    """TODO FeedbackUploadParams"""

    classification: str
    reason: str | None = None
    thread_id: str | None = None
    include_logs: bool = False
    extra_log_files: list[str] | None = None
    tags: dict[str, str] | None = None


class FeedbackSaveResponse(Wire):
    """TODO FeedbackSaveResponse"""

    saved_path: LegacyAppPathString
    thread_id: str
    prompt_hash: str | None = None


class FeedbackUploadResponse(Wire):
    """TODO FeedbackUploadResponse"""

    thread_id: str
    prompt_hash: str | None = None
