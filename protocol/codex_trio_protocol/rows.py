"""The form in which the method table is written down. Data only; `codex_trio_protocol.table` makes specs of it."""

from typing import NamedTuple

from codex_trio_protocol.scopes import Scope


class Row(NamedTuple):
    """One method. Its types live in the module of `family` and are named after `stem`.

    A request has `<stem>Params` and `<stem>Response` unless `no_params` or `result` says otherwise; a notification has
    `<stem>Notification`. `optional`: absent and null params are accepted.
    A result of another family is named as "family:Type".
    `experimental`: only for clients with that capability. `local_only`: refused on sockets.
    `since`: the first release that has the method, where that is known. `removed_in`: the one that dropped it.
    `unlisted`: the printed schema omits it.
    """

    method: str
    family: str
    stem: str
    scope: Scope | None = None
    result: str | None = None
    no_params: bool = False
    optional: bool = False
    experimental: bool = False
    local_only: bool = False
    since: str | None = None
    removed_in: str | None = None
    unlisted: bool = False
