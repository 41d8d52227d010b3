"""TODO module fs"""

from codex_trio_protocol.base import AbsolutePathBuf, AbsolutePathParam, Int64, Params, Wire


class FsCopyParams(Params):
    """TODO FsCopyParams"""

    source_path: AbsolutePathParam
    destination_path: AbsolutePathParam
    recursive: bool = False


class FsCreateDirectoryParams(Params):
    """TODO FsCreateDirectoryParams"""

    path: AbsolutePathParam
    recursive: bool | None = None


class FsGetMetadataParams(Params):
    """TODO FsGetMetadataParams"""

    path: AbsolutePathParam


class FsReadDirectoryParams(Params):
    """TODO FsReadDirectoryParams"""

    path: AbsolutePathParam


class FsReadFileParams(Params):
    """TODO FsReadFileParams"""

    path: AbsolutePathParam


class FsRemoveParams(Params):
    """TODO FsRemoveParams"""

    path: AbsolutePathParam
    recursive: bool | None = None
    force: bool | None = None


class FsUnwatchParams(Params):
    """TODO FsUnwatchParams"""

    watch_id: str


class FsWatchParams(Params):
    """TODO FsWatchParams"""

    watch_id: str
    path: AbsolutePathParam


class FsWriteFileParams(Params):
    """TODO FsWriteFileParams"""

    path: AbsolutePathParam
    data_base64: str


class FsChangedNotification(Wire):
    """TODO FsChangedNotification"""

    watch_id: str
    changed_paths: list[AbsolutePathBuf]


class FsCopyResponse(Wire):
    """TODO FsCopyResponse"""


class FsCreateDirectoryResponse(Wire):
    """TODO FsCreateDirectoryResponse"""


class FsGetMetadataResponse(Wire):
    """TODO FsGetMetadataResponse"""

    is_directory: bool
    is_file: bool
    is_symlink: bool
    created_at_ms: Int64
    modified_at_ms: Int64


class FsReadDirectoryEntry(Wire):
    """TODO FsReadDirectoryEntry"""

    file_name: str
    is_directory: bool
    is_file: bool


class FsReadDirectoryResponse(Wire):
    """TODO FsReadDirectoryResponse"""

    entries: list[FsReadDirectoryEntry]


class FsReadFileResponse(Wire):
    """TODO FsReadFileResponse"""

    data_base64: str


class FsRemoveResponse(Wire):
    """TODO FsRemoveResponse"""


class FsUnwatchResponse(Wire):
    """TODO FsUnwatchResponse"""


class FsWatchResponse(Wire):
    """TODO FsWatchResponse"""

    path: AbsolutePathBuf


class FsWriteFileResponse(Wire):
    """TODO FsWriteFileResponse"""
