"""Files of the server's machine."""

from codex_trio_protocol.base import AbsolutePathBuf, AbsolutePathParam, Int64, Params, Wire


class FsCopyParams(Params):
    """Copy a file, or a folder when `recursive` says so.

    Errors: -32600 for a relative path and for a folder without `recursive`; -32603 with the system's words.
    """

    source_path: AbsolutePathParam
    destination_path: AbsolutePathParam
    recursive: bool = False


class FsCreateDirectoryParams(Params):
    """Make a folder, and those above it unless `recursive` is false.

    Errors: -32600 for a relative path; -32603 with the system's words.
    """

    path: AbsolutePathParam
    recursive: bool | None = None


class FsGetMetadataParams(Params):
    """Ask what a path is.

    Errors: -32600 for a relative path; -32603 with the system's words.
    """

    path: AbsolutePathParam


class FsReadDirectoryParams(Params):
    """List a folder.

    Errors: -32600 for a relative path; -32603 with the system's words.
    """

    path: AbsolutePathParam


class FsReadFileParams(Params):
    """Read a file.

    Errors: -32600 for a relative path; -32603 with the system's words.
    """

    path: AbsolutePathParam


class FsRemoveParams(Params):
    """Remove a file or folder.

    Null counts as true: folders with all that is in them, and no complaint when it is not there.

    Errors: -32600 for a relative path; -32603 with the system's words.
    """

    path: AbsolutePathParam
    recursive: bool | None = None
    force: bool | None = None


class FsUnwatchParams(Params):
    """End a watch. An unknown id is no error."""

    watch_id: str


class FsWatchParams(Params):
    """Be told of changes below a path. The id is the connection's own.

    Errors: -32600 for a relative path and for an id in use.
    """

    watch_id: str
    path: AbsolutePathParam


class FsWriteFileParams(Params):
    """Write a file, replacing what it held.

    Errors: -32600 for a relative path and for bad base64; -32603 with the system's words.
    """

    path: AbsolutePathParam
    data_base64: str


class FsChangedNotification(Wire):
    """Something changed below a watched path."""

    watch_id: str
    changed_paths: list[AbsolutePathBuf]


class FsCopyResponse(Wire):
    """Answer to `fs/copy`: it is done."""


class FsCreateDirectoryResponse(Wire):
    """Answer to `fs/createDirectory`: it is done."""


class FsGetMetadataResponse(Wire):
    """What a path is. Times are Unix milliseconds, 0 where the system does not tell."""

    is_directory: bool
    is_file: bool
    is_symlink: bool
    created_at_ms: Int64
    modified_at_ms: Int64


class FsReadDirectoryEntry(Wire):
    """A name in a folder."""

    file_name: str
    is_directory: bool
    is_file: bool


class FsReadDirectoryResponse(Wire):
    """What is in the folder."""

    entries: list[FsReadDirectoryEntry]


class FsReadFileResponse(Wire):
    """The file in base64."""

    data_base64: str


class FsRemoveResponse(Wire):
    """Answer to `fs/remove`: it is done."""


class FsUnwatchResponse(Wire):
    """Answer to `fs/unwatch`: it is done."""


class FsWatchResponse(Wire):
    """The path as it is watched."""

    path: AbsolutePathBuf


class FsWriteFileResponse(Wire):
    """Answer to `fs/writeFile`: it is done."""
