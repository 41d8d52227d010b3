"""TODO module marketplace"""

from codex_trio_protocol.base import AbsolutePathBuf, Params, Wire


class MarketplaceAddParams(Params):
    """TODO MarketplaceAddParams"""

    source: str
    ref_name: str | None = None
    sparse_paths: list[str] | None = None


class MarketplaceRemoveParams(Params):
    """TODO MarketplaceRemoveParams"""

    marketplace_name: str


class MarketplaceUpgradeParams(Params):
    """TODO MarketplaceUpgradeParams"""

    marketplace_name: str | None = None


class MarketplaceAddResponse(Wire):
    """TODO MarketplaceAddResponse"""

    marketplace_name: str
    installed_root: AbsolutePathBuf
    already_added: bool


class MarketplaceRemoveResponse(Wire):
    """TODO MarketplaceRemoveResponse"""

    marketplace_name: str
    installed_root: AbsolutePathBuf | None = None


class MarketplaceUpgradeErrorInfo(Wire):
    """TODO MarketplaceUpgradeErrorInfo"""

    marketplace_name: str
    message: str


class MarketplaceUpgradeResponse(Wire):
    """TODO MarketplaceUpgradeResponse"""

    selected_marketplaces: list[str]
    upgraded_roots: list[AbsolutePathBuf]
    errors: list[MarketplaceUpgradeErrorInfo]


class MarketplaceInterface(Wire):
    """TODO MarketplaceInterface"""

    display_name: str | None = None


class MarketplaceLoadErrorInfo(Wire):
    """TODO MarketplaceLoadErrorInfo"""

    marketplace_path: AbsolutePathBuf
    message: str
