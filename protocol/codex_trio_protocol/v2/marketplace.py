"""Sources of plugins."""

from codex_trio_protocol.base import AbsolutePathBuf, Params, Wire


class MarketplaceAddParams(Params):
    """Add a marketplace from a folder, a Git URL or a GitHub name. Null takes the default branch and all files.

    Errors: -32600 for an unusable source.
    """

    source: str
    ref_name: str | None = None
    sparse_paths: list[str] | None = None


class MarketplaceRemoveParams(Params):
    """Remove a marketplace.

    Errors: -32600 for an unknown one.
    """

    marketplace_name: str


class MarketplaceUpgradeParams(Params):
    """Fetch a marketplace anew; null means all.

    Errors: -32600 for one that is not fetched with Git. What fails on the way stands in the result.
    """

    marketplace_name: str | None = None


class MarketplaceAddResponse(Wire):
    """The marketplace and where it is."""

    marketplace_name: str
    installed_root: AbsolutePathBuf
    already_added: bool


class MarketplaceRemoveResponse(Wire):
    """What was removed; the folder is null when there was none."""

    marketplace_name: str
    installed_root: AbsolutePathBuf | None = None


class MarketplaceUpgradeErrorInfo(Wire):
    """A marketplace that could not be fetched."""

    marketplace_name: str
    message: str


class MarketplaceUpgradeResponse(Wire):
    """What was fetched and what could not be."""

    selected_marketplaces: list[str]
    upgraded_roots: list[AbsolutePathBuf]
    errors: list[MarketplaceUpgradeErrorInfo]


class MarketplaceInterface(Wire):
    """How a marketplace likes to be shown."""

    display_name: str | None = None


class MarketplaceLoadErrorInfo(Wire):
    """A marketplace that could not be read."""

    marketplace_path: AbsolutePathBuf
    message: str
