"""Finding files by parts of their names."""

from typing import Annotated, TypeAlias

from codex_trio_protocol.base import Known, Params, UInt32, Wire


class FuzzyFileSearchParams(Params):
    """Find files below some folders, best matches first. A new search with the same token ends the old one."""

    query: str
    roots: list[str]
    cancellation_token: str | None = None


class FuzzyFileSearchSessionStartParams(Params):
    """Open a search that is refined while the user types.

    Errors: -32600 for a blank id.
    """

    session_id: str
    roots: list[str]


class FuzzyFileSearchSessionStopParams(Params):
    """Close a search. An unknown id is no error."""

    session_id: str


class FuzzyFileSearchSessionUpdateParams(Params):
    """Search for something else; results come as notifications.

    Errors: -32600 for an unknown id.
    """

    session_id: str
    query: str


FuzzyFileSearchMatchType: TypeAlias = Annotated[str, Known("file", "directory")]
"""Whether it is a file or a folder."""


class FuzzyFileSearchResult(Wire, rename=None):
    """A match. `indices` are the characters of the path that matched, null when none did."""

    root: str
    path: str
    match_type: FuzzyFileSearchMatchType
    file_name: str
    score: UInt32
    indices: list[UInt32] | None = None


class FuzzyFileSearchResponse(Wire):
    """The matches."""

    files: list[FuzzyFileSearchResult]


class FuzzyFileSearchSessionCompletedNotification(Wire):
    """No more matches for the last query."""

    session_id: str


class FuzzyFileSearchSessionStartResponse(Wire):
    """Answer to `fuzzyFileSearch/sessionStart`: it is done."""


class FuzzyFileSearchSessionStopResponse(Wire):
    """Answer to `fuzzyFileSearch/sessionStop`: it is done."""


class FuzzyFileSearchSessionUpdateResponse(Wire):
    """Answer to `fuzzyFileSearch/sessionUpdate`: it is done."""


class FuzzyFileSearchSessionUpdatedNotification(Wire):
    """The matches so far."""

    session_id: str
    query: str
    files: list[FuzzyFileSearchResult]
