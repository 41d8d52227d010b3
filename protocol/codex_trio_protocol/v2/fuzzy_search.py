"""TODO module fuzzy_search"""

from typing import Annotated, TypeAlias

from codex_trio_protocol.base import Known, Params, UInt32, Wire


class FuzzyFileSearchParams(Params):
    """TODO FuzzyFileSearchParams"""

    query: str
    roots: list[str]
    cancellation_token: str | None = None


class FuzzyFileSearchSessionStartParams(Params):
    """TODO FuzzyFileSearchSessionStartParams"""

    session_id: str
    roots: list[str]


class FuzzyFileSearchSessionStopParams(Params):
    """TODO FuzzyFileSearchSessionStopParams"""

    session_id: str


class FuzzyFileSearchSessionUpdateParams(Params):
    """TODO FuzzyFileSearchSessionUpdateParams"""

    session_id: str
    query: str


FuzzyFileSearchMatchType: TypeAlias = Annotated[str, Known("file", "directory")]
"""TODO FuzzyFileSearchMatchType"""


class FuzzyFileSearchResult(Wire, rename=None):
    """TODO FuzzyFileSearchResult"""

    root: str
    path: str
    match_type: FuzzyFileSearchMatchType
    file_name: str
    score: UInt32
    indices: list[UInt32] | None = None


class FuzzyFileSearchResponse(Wire):
    """TODO FuzzyFileSearchResponse"""

    files: list[FuzzyFileSearchResult]


class FuzzyFileSearchSessionCompletedNotification(Wire):
    """TODO FuzzyFileSearchSessionCompletedNotification"""

    session_id: str


class FuzzyFileSearchSessionStartResponse(Wire):
    """TODO FuzzyFileSearchSessionStartResponse"""


class FuzzyFileSearchSessionStopResponse(Wire):
    """TODO FuzzyFileSearchSessionStopResponse"""


class FuzzyFileSearchSessionUpdateResponse(Wire):
    """TODO FuzzyFileSearchSessionUpdateResponse"""


class FuzzyFileSearchSessionUpdatedNotification(Wire):
    """TODO FuzzyFileSearchSessionUpdatedNotification"""

    session_id: str
    query: str
    files: list[FuzzyFileSearchResult]
